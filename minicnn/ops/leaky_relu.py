"""The leaky rectified linear unit."""

from __future__ import annotations

import numpy as np

from .contract import Array, Pullback, arrays_of_one_dtype, as_pullback, number, quiet


@quiet
def leaky_relu(x: Array, *, negative_slope: float = 0.01) -> tuple[Array, Pullback]:
    """Keep positive values, and scale the others by a small slope.

        y = x where x > 0, else negative_slope · x
        dx = dy where x > 0, else negative_slope · dy

    Args:
        x: an array of any shape and memory order.
        negative_slope: 0 makes it ReLU, 1 the identity.

    Returns:
        y of x's shape, and the pullback dy → (dx,).

    Raises:
        ValueError: negative_slope is not a finite number.

    Source: Maas et al. (2013), Rectifier nonlinearities improve neural network acoustic models, section 2.
    """
    (x,) = arrays_of_one_dtype("leaky_relu", x=x)
    negative_slope = number("leaky_relu", "negative_slope", negative_slope)
    positive = x.real > 0
    y = np.where(positive, x, negative_slope * x)
    return y, as_pullback("leaky_relu", y, lambda dy: np.where(positive, dy, negative_slope * dy))
