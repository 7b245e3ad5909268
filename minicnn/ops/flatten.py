"""Flatten: turn images into vectors."""

from __future__ import annotations

import math

from .contract import Array, Pullback, arrays_of_one_dtype, as_pullback, quiet


@quiet
def flatten(x: Array) -> tuple[Array, Pullback]:
    """Line up all axes but the first: y[n] = x[n] read channel by channel, row by row, and dx = dy reshaped.

    The order is that of the indices, whatever the order in memory.

    Args:
        x: (N, …) of at least one axis.

    Returns:
        y (N, product of the rest) and the pullback dy → (dx,).

    Raises:
        ValueError: x has no axes.
    """
    (x,) = arrays_of_one_dtype("flatten", x=x)
    if not x.ndim:
        raise ValueError("flatten: expected x of shape (N, …), got a scalar")
    shape = x.shape
    y = x.reshape(len(x), math.prod(shape[1:]))  # not −1, which an empty batch leaves undetermined
    return y, as_pullback("flatten", y, lambda dy: dy.reshape(shape))
