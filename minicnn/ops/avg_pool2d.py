"""Average pooling."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..kernels import pool as kernels
from .contract import Array, Pair, Pullback, pictures, upstream
from .geometry import geometry, pooling_windows


def avg_pool2d(
    x: Array,
    kernel_size: Pair,
    *,
    stride: Pair | None = None,
    padding: Pair = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> tuple[Array, Pullback]:
    """Average the values under each window.

        y[n, c, oy, ox] = (1 / area) · Σ_{i, j} x[n, c, oy·stride + i − padding, ox·stride + j − padding]
        dx[n, c, iy, ix] = Σ dy[n, c, oy, ox] / area, over the windows that cover this pixel

    Args:
        x: (N, C, H, W), in any memory order.
        kernel_size, stride, padding: an int, or (vertical, horizontal); stride is the kernel size where it is not
            given, and padding, with zeros, at most half of it.
        ceil_mode: round the output size up: a last window may hang over the edge.
        count_include_pad: whether a window's area counts the padding it covers (never what hangs beyond that).

    Returns:
        y (N, C, OH, OW) and the pullback dy → (dx,).

    Raises:
        ValueError: shapes or options do not fit together.

    Source: LeCun et al. (1998), Gradient-based learning applied to document recognition, section II ("sub-sampling").
    """
    x = pictures("avg_pool2d", x)
    g = geometry("avg_pool2d", kernel_size, kernel_size if stride is None else stride, padding, 1)
    N, C, H, W = x.shape
    OH, OW = pooling_windows("avg_pool2d", (H, W), g, ceil_mode)
    y = np.empty((N, C, OH, OW), x.dtype)
    kernels.avg_pool(np.ascontiguousarray(x).reshape(N * C, H, W), g, count_include_pad, y.reshape(N * C, OH, OW))

    def pullback(dy: Any, wants: Sequence[bool] = (True,)) -> tuple[Array | None, ...]:
        dy = np.ascontiguousarray(upstream("avg_pool2d", dy, y.shape, y.dtype))
        if not wants[0]:
            return (None,)
        dx = np.empty((N, C, H, W), dy.dtype)
        kernels.avg_pool_gradient(dy.reshape(N * C, OH, OW), g, count_include_pad, dx.reshape(N * C, H, W))
        return (dx,)

    return y, pullback
