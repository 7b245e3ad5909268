"""Max pooling."""

from __future__ import annotations

import math
from typing import Any, Literal, overload

import numpy as np

from .. import layout
from ..kernels import max_pool as kernels
from ..kernels.blocks import SLACK
from .contract import COMPLEX, Array, Pair, Pullback, as_pullback, flag, image_batch, quiet
from .geometry import Geometry, Padding, pooling


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

    Among equal values the first one in row-major order wins and receives the whole gradient (`kernels.vector.beats`
    decides). NaN wins over everything; of several NaNs, the last.

    Args:
        x: (N, C, H, W), in any memory order.
        kernel_size, stride, dilation: an int, or (vertical, horizontal); stride defaults to the kernel size.
        padding: an int, (vertical, horizontal), or (left, right, top, bottom), each below the kernel size.
        ceil_mode: round the output size up: the last window may extend past the padding, but starts before its end.
        return_indices: also return the winners' positions in their plane, in row-major order: the switches that
            `max_unpool2d` takes.

    Returns:
        y (N, C, OH, OW), channels-last in memory, or (y, indices) with `return_indices`; and the pullback dy → (dx,).

    Raises:
        ValueError: shapes or options do not fit together.

    Source: Ranzato et al. (2007), Unsupervised learning of invariant feature hierarchies, section 3.
    """
    x = image_batch("max_pool2d", x)
    N, C, H, W = shape = x.shape
    ceil_mode = flag("max_pool2d", "ceil_mode", ceil_mode)
    g, _, size = pooling("max_pool2d", (H, W), kernel_size, stride, padding, dilation, ceil_mode)
    y, switches = _winners(x.real, g, size)
    if x.dtype.type in COMPLEX:  # only to check derivatives: the real part decides
        places = _indices(switches, g, W).reshape(N, C, -1)
        y = np.take_along_axis(x.reshape(N, C, H * W), places, 2).reshape(y.shape)

    def gradient(dy: Array) -> Array:
        if dy.dtype.type in COMPLEX:
            return _gradient(dy.real, switches, g, shape) + 1j * _gradient(dy.imag, switches, g, shape)
        return _gradient(dy, switches, g, shape)

    return ((y, _indices(switches, g, W)) if return_indices else y), as_pullback("max_pool2d", y, gradient)


def _winners(x: Array, g: Geometry, size: tuple[int, int]) -> tuple[Array, Array]:
    """The largest value of each window (N, C, OH, OW), and which tap it is (N, OH, OW, C)."""
    shape = (len(x), *size, x.shape[1])
    taps = np.empty(math.prod(shape) + SLACK, np.uint8 if g.kh * g.kw <= 256 else np.int32)
    y, switches = np.empty(shape, x.dtype), taps[:-SLACK].reshape(shape)
    kernels.forward(layout.channels_last(x), g, y, switches)
    return y.transpose(0, 3, 1, 2), switches


def _gradient(dy: Array, switches: Array, g: Geometry, shape: tuple[int, int, int, int]) -> Array:
    """dx (N, C, H, W): each pixel's share of dy, from the windows that it won."""
    dx = layout.empty_channels_last(shape, dy.dtype)
    kernels.gradient(layout.channels_last(dy), switches, g, layout.channels_last(dx))
    return dx


def _indices(switches: Array, g: Geometry, W: int) -> Array:
    """Where in its plane each winning tap lies, counted row by row: (N, C, OH, OW)."""
    i, j = np.divmod(switches.transpose(0, 3, 1, 2).astype(np.int32), np.int32(g.kw))
    rows = np.arange(i.shape[2], dtype=np.int32)[:, None] * g.stride_h - g.pad_h + i * g.dilation_h
    return rows * W + np.arange(i.shape[3], dtype=np.int32) * g.stride_w - g.pad_w + j * g.dilation_w
