"""Max pooling."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, overload

import numpy as np

from .. import layout
from ..kernels import max_pool as kernels
from ..kernels.scatter import scatter_add
from .contract import Array, Pair, Pullback, flag, image_batch, quiet, upstream
from .geometry import Padding, pooling


@overload
def max_pool2d(
    x: Array,
    kernel_size: Pair,
    *,
    stride: Pair | None = None,
    padding: Padding = 0,
    dilation: Pair = 1,
    ceil_mode: bool = False,
    return_indices: Literal[False] = False,
) -> tuple[Array, Pullback]: ...
@overload
def max_pool2d(
    x: Array,
    kernel_size: Pair,
    *,
    stride: Pair | None = None,
    padding: Padding = 0,
    dilation: Pair = 1,
    ceil_mode: bool = False,
    return_indices: Literal[True],
) -> tuple[tuple[Array, Array], Pullback]: ...
@quiet
def max_pool2d(
    x: Array,
    kernel_size: Pair,
    *,
    stride: Pair | None = None,
    padding: Padding = 0,
    dilation: Pair = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> tuple[Any, Pullback]:
    """Keep the largest value under each window.

        y[n, c, oy, ox] = max_{i, j} x[n, c, iy, ix]
        where iy = oy·stride + i·dilation − top, ix = ox·stride + j·dilation − left, and x is −∞ outside

        dx[n, c, iy, ix] = Σ dy[n, c, oy, ox], over the windows that this pixel won

    Among equal values the first one in row-major order wins and receives the whole gradient (`kernels.max_pool.beats`
    decides). NaN wins over everything; of several NaNs, the last.

    Args:
        x: (N, C, H, W), in any memory order.
        kernel_size, stride, dilation: an int, or (vertical, horizontal); stride defaults to the kernel size.
        padding: an int, (vertical, horizontal), or (left, right, top, bottom), each below the kernel size.
        ceil_mode: round the output size up: the last window may extend past the padding, but starts before its end.
        return_indices: also return the winners' positions in their plane, in row-major order: the switches that
            `max_unpool2d` takes.

    Returns:
        y (N, C, OH, OW), or (y, indices) with `return_indices`; and the pullback dy → (dx,).

    Raises:
        ValueError: shapes or options do not fit together.

    Source: Ranzato et al. (2007), Unsupervised learning of invariant feature hierarchies, section 3.
    """
    x = image_batch("max_pool2d", x)
    N, C, H, W = x.shape
    ceil_mode = flag("max_pool2d", "ceil_mode", ceil_mode)
    g, _, size = pooling("max_pool2d", (H, W), kernel_size, stride, padding, dilation, ceil_mode)
    if layout.is_channels_last(x):
        y, indices = layout.empty_like(x, (N, C, *size)), layout.empty_like(x, (N, C, *size), np.int32)
        kernels.max_pool_channels_last(
            layout.channels_last(x), g, layout.channels_last(y), layout.channels_last(indices)
        )
    else:
        y, indices = np.empty((N, C, *size), x.dtype), np.empty((N, C, *size), np.int32)
        kernels.max_pool(_planes(x), g, _planes(y), _planes(indices))

    def pullback(dy: Any, wants: Sequence[bool] = (True,)) -> tuple[Array | None, ...]:
        dy = upstream("max_pool2d", dy, y.shape, y.dtype)
        if not wants[0]:
            return (None,)
        dx = layout.empty_like(x, x.shape, dy.dtype)
        if layout.is_channels_last(x):
            kernels.max_pool_gradient_channels_last(
                layout.channels_last(dy), layout.channels_last(indices), g, layout.channels_last(dx)
            )
        else:
            scatter_add(_flat(dy), _flat(indices), _flat(dx))
        return (dx,)

    return ((y, indices) if return_indices else y), pullback


def _planes(x: Array) -> Array:
    """(N, C, H, W) as (N·C, H, W), C-contiguous."""
    return np.ascontiguousarray(x).reshape(-1, *x.shape[2:])


def _flat(x: Array) -> Array:
    """(N, C, H, W) as (N·C, H·W), C-contiguous."""
    planes = _planes(x)
    return planes.reshape(len(planes), x.shape[2] * x.shape[3])
