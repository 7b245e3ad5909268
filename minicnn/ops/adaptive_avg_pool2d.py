"""Adaptive average pooling: windows cut so that the output has a given size."""

from __future__ import annotations

import numpy as np

from .avg_pool2d import average
from .contract import Array, Pair, Pullback, as_pullback, image_batch, pair, quiet
from .global_avg_pool2d import global_avg_pool2d


@quiet
def adaptive_avg_pool2d(x: Array, output_size: Pair) -> tuple[Array, Pullback]:
    """Average over windows that divide the image into OH × OW, overlapping where it does not divide evenly.

        y[n, c, oy, ox] = (1 / area) · Σ x[n, c, iy, ix],    over top ≤ iy < bottom and left ≤ ix < right,
        with top = ⌊oy·H / OH⌋ and bottom = ⌈(oy + 1)·H / OH⌉; left and right likewise along the width

        dx[n, c, iy, ix] = Σ dy[n, c, oy, ox] / area,    over the windows that cover this pixel

    Args:
        x: (N, C, H, W), in any memory order.
        output_size: (OH, OW), or one int for both.

    Returns:
        y (N, C, OH, OW) and the pullback dy → (dx,).

    Raises:
        ValueError: x is not of shape (N, C, H, W), has no pixels, or the size is below 1.

    Source: PyTorch's `AdaptiveAvgPool2d`, whose windows these are; He et al. (2014), Spatial pyramid pooling in deep
    convolutional networks, section 2.2, for the idea.
    """
    x = image_batch("adaptive_avg_pool2d", x, empty=False)
    OH, OW = pair("adaptive_avg_pool2d", "output_size", output_size)
    if (OH, OW) == (1, 1):
        return _global(x)
    return average("adaptive_avg_pool2d", x, _spans(OH, x.shape[2]), _spans(OW, x.shape[3]))


def _global(x: Array) -> tuple[Array, Pullback]:
    """The most common case: one window, which is the whole image."""
    means, global_pullback = global_avg_pool2d(x)
    y = means[:, :, None, None]
    return y, as_pullback("adaptive_avg_pool2d", y, lambda dy: global_pullback(dy[:, :, 0, 0])[0])


def _spans(outputs: int, inputs: int) -> Array:
    """Each window's first and last + 1 pixel along one direction, and its length."""
    o = np.arange(outputs)
    first, last = o * inputs // outputs, -(-(o + 1) * inputs // outputs)
    return np.stack([first, last, last - first], axis=1)
