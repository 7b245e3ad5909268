"""The logistic function."""

from __future__ import annotations

import numpy as np

from .contract import Array, Pullback, arrays_of_one_dtype, as_pullback, quiet


@quiet
def sigmoid(x: Array) -> tuple[Array, Pullback]:
    """Squash every value into 0…1.

        y = 1 / (1 + exp(−x)),    dx = dy · y · (1 − y)

    With p = exp(−|x|), which never overflows, y = 1 / (1 + p) where x ≥ 0 and p / (1 + p) elsewhere, and
    y · (1 − y) = p / (1 + p)², which keeps its digits where y is close to 1.

    Args:
        x: an array of any shape and memory order.

    Returns:
        y of x's shape, and the pullback dy → (dx,).

    Raises:
        ValueError: x is neither float32 nor float64.
    """
    (x,) = arrays_of_one_dtype("sigmoid", x=x)
    positive = x.real >= 0
    p = np.exp(np.where(positive, -x, x))
    y = np.where(positive, 1, p) / (1 + p)
    return y, as_pullback("sigmoid", y, lambda dy: dy * p / (1 + p) ** 2)
