"""The rectified linear unit whose slope below zero is learned."""

from __future__ import annotations

import numpy as np

from .affine import along_channels
from .contract import Array, Pullback, arrays_of_one_dtype, as_pullback, quiet


@quiet
def prelu(x: Array, weight: Array) -> tuple[Array, Pullback]:
    """Keep positive values, and scale the others by a learned slope.

        y = x where x > 0, else weight[c] · x
        dx = dy where x > 0, else weight[c] · dy
        dweight[c] = Σ dy · x over the entries of channel c where x ≤ 0

    Args:
        x: (N, C, …), in any memory order.
        weight: one slope for each channel (C,), or one for all (1,).

    Returns:
        y of x's shape, and the pullback dy → (dx, dweight).

    Raises:
        ValueError: the weight is of another shape.

    Source: He et al. (2015), Delving deep into rectifiers, equation 1.
    """
    x, weight = arrays_of_one_dtype("prelu", x=x, weight=weight)
    slope, axes = along_channels("prelu", "weight", weight, x)
    positive = x.real > 0
    y = np.where(positive, x, slope * x)
    return y, as_pullback(
        "prelu",
        y,
        lambda dy: np.where(positive, dy, slope * dy),
        lambda dy: np.where(positive, 0, dy * x).sum(axis=axes).reshape(weight.shape),
    )
