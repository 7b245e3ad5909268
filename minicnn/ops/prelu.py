"""The rectified linear unit whose slope below zero is learned."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .affine import along_channels
from .contract import Array, Pullback, arrays_of_one_dtype, quiet, upstream


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

    def pullback(dy: Any, wants: Sequence[bool] = (True, True)) -> tuple[Array | None, ...]:
        dy = upstream("prelu", dy, y.shape, y.dtype)
        dx = np.where(positive, dy, slope * dy) if wants[0] else None
        dweight = np.where(positive, 0, dy * x).sum(axis=axes).reshape(weight.shape) if wants[1] else None
        return dx, dweight

    return y, pullback
