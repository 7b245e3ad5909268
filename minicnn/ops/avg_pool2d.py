"""Average pooling."""

from __future__ import annotations

import numpy as np

from .. import layout
from ..kernels import avg_pool as kernels
from .contract import Array, Pair, Pullback, as_pullback, flag, image_batch, quiet
from .geometry import Padding, pooling


@quiet
def avg_pool2d(
    x: Array,
    kernel_size: Pair,
    *,
    stride: Pair | None = None,
    padding: Padding = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> tuple[Array, Pullback]:
    """Average the values under each window.

        y[n, c, oy, ox] = (1 / area) · Σ_{i, j} x[n, c, oy·stride + i − top, ox·stride + j − left]
        dx[n, c, iy, ix] = Σ dy[n, c, oy, ox] / area, over the windows that cover this pixel

    Args:
        x: (N, C, H, W), in any memory order.
        kernel_size, stride, padding, ceil_mode: as in `max_pool2d`; padding is with zeros.
        count_include_pad: whether a window's area counts the padding it covers (never anything past it).

    Returns:
        y (N, C, OH, OW), channels-last in memory, and the pullback dy → (dx,).

    Raises:
        ValueError: shapes or options do not fit together.

    Source: LeCun et al. (1998), Gradient-based learning applied to document recognition, section II ("sub-sampling").
    """
    x = image_batch("avg_pool2d", x)
    H, W = x.shape[2:]
    ceil_mode = flag("avg_pool2d", "ceil_mode", ceil_mode)
    count_include_pad = flag("avg_pool2d", "count_include_pad", count_include_pad)
    g, after, (OH, OW) = pooling("avg_pool2d", (H, W), kernel_size, stride, padding, 1, ceil_mode)
    rows = _spans(OH, g.stride_h, g.kh, H, g.pad_h, after[0], count_include_pad)
    columns = _spans(OW, g.stride_w, g.kw, W, g.pad_w, after[1], count_include_pad)
    return average("avg_pool2d", x, rows, columns)


def _spans(count: int, stride: int, kernel: int, length: int, before: int, after: int, padding_counts: bool) -> Array:
    """Each window's first and last + 1 pixel along one direction, and the length by which its sum is divided."""
    first = np.arange(count) * stride - before
    last = np.minimum(first + kernel, length + after)
    begin, end = np.maximum(first, 0), np.minimum(last, length)
    return np.stack([begin, end, last - first if padding_counts else end - begin], axis=1)


def average(op: str, x: Array, rows: Array, columns: Array) -> tuple[Array, Pullback]:
    """Averages over windows given as spans of rows and of columns (see `kernels.avg_pool.average`)."""
    N, C, H, W = x.shape
    y = layout.empty_channels_last((N, C, len(rows), len(columns)), x.dtype)
    kernels.average(layout.channels_last(x), rows, columns, layout.channels_last(y))

    def gradient(dy: Array) -> Array:
        dx = layout.empty_channels_last((N, C, H, W), dy.dtype)
        kernels.average_gradient(layout.channels_last(dy), rows, columns, layout.channels_last(dx))
        return dx

    return y, as_pullback(op, y, gradient)
