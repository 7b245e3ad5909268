"""Global max pooling: a stack of maps becomes a vector of their largest values."""

from __future__ import annotations

import numpy as np

from .contract import Array, Pullback, as_pullback, image_batch, quiet


@quiet
def global_max_pool2d(x: Array) -> tuple[Array, Pullback]:
    """The largest value of every map.

        y[n, c] = max over iy, ix of x[n, c, iy, ix]
        dx[n, c, iy, ix] = dy[n, c] at the first largest value, or the first NaN, row by row, and 0 elsewhere

    Args:
        x: (N, C, H, W), in any memory order.

    Returns:
        y (N, C) and the pullback dy → (dx,).

    Raises:
        ValueError: x is not of shape (N, C, H, W), or has no pixels.

    Source: Oquab et al. (2015), Is object localization for free?, section 3.2.
    """
    x = image_batch("global_max_pool2d", x, empty=False)
    N, C, H, W = x.shape
    flat = x.reshape(N, C, H * W)
    first = flat.real.argmax(axis=2)[:, :, None]
    y = np.take_along_axis(flat, first, axis=2)[:, :, 0]

    def gradient(dy: Array) -> Array:
        dx = np.zeros((N, C, H * W), dy.dtype)
        np.put_along_axis(dx, first, dy[:, :, None], axis=2)
        return dx.reshape(N, C, H, W)

    return y, as_pullback("global_max_pool2d", y, gradient)
