"""Global max pooling: a stack of maps becomes a vector of their largest values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .contract import Array, Pullback, image_batch, quiet, upstream


@quiet
def global_max_pool2d(x: Array) -> tuple[Array, Pullback]:
    """The largest value of every map.

        y[n, c] = max over iy, ix of x[n, c, iy, ix]
        dx[n, c, iy, ix] = dy[n, c] at the first largest value, row by row, and 0 elsewhere

    Args:
        x: (N, C, H, W), in any memory order.

    Returns:
        y (N, C) and the pullback dy → (dx,).

    Raises:
        ValueError: x is not of shape (N, C, H, W), or has no pixels.

    Source: Oquab et al. (2015), Is object localization for free?, section 3.2.
    """
    x = image_batch("global_max_pool2d", x)
    if not x.shape[2] * x.shape[3]:
        raise ValueError(f"global_max_pool2d: x {x.shape} has no pixels to compare")
    flat = x.reshape(*x.shape[:2], x.shape[2] * x.shape[3])
    first = flat.real.argmax(axis=2)[:, :, None]
    y = np.take_along_axis(flat, first, axis=2)[:, :, 0]

    def pullback(dy: Any, wants: Sequence[bool] = (True,)) -> tuple[Array | None, ...]:
        dy = upstream("global_max_pool2d", dy, y.shape, y.dtype)
        if not wants[0]:
            return (None,)
        dx = np.zeros(flat.shape, dy.dtype)
        np.put_along_axis(dx, first, dy[:, :, None], axis=2)
        return (dx.reshape(x.shape),)

    return y, pullback
