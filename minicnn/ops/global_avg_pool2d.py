"""Global average pooling: a stack of maps becomes a vector of their means."""

from __future__ import annotations

import numpy as np

from .. import layout
from .avg_pool2d import average
from .contract import Array, Pullback, as_pullback, image_batch, quiet


@quiet
def global_avg_pool2d(x: Array) -> tuple[Array, Pullback]:
    """Average every map over its whole plane.

        y[n, c] = (1 / HW) · Σ_{iy, ix} x[n, c, iy, ix]
        dx[n, c, iy, ix] = dy[n, c] / HW

    Args:
        x: (N, C, H, W), in any memory order.

    Returns:
        y (N, C) and the pullback dy → (dx,).

    Raises:
        ValueError: x is not of shape (N, C, H, W), or has no pixels.

    Source: Lin, Chen & Yan (2014), Network in network, section 3.2.
    """
    x = image_batch("global_avg_pool2d", x, empty=False)
    N, C, H, W = x.shape
    # Means of rows, then their mean: of a large map one long sum would round more.
    of_rows = average("global_avg_pool2d", x, np.array([(iy, iy + 1, 1) for iy in range(H)]), np.array([(0, W, W)]))[0]
    y = average("global_avg_pool2d", of_rows, np.array([(0, H, H)]), np.array([(0, 1, 1)]))[0].reshape(N, C)

    def gradient(dy: Array) -> Array:
        dx = layout.empty_channels_last((N, C, H, W), dy.dtype)
        dx[...] = (dy / (H * W))[:, :, None, None]
        return dx

    return y, as_pullback("global_avg_pool2d", y, gradient)
