"""Reshaping: the same numbers with other axes."""

from __future__ import annotations

import math
from collections.abc import Sequence

from .contract import Array, Pullback, arrays_of_one_dtype, as_pullback, quiet


@quiet
def reshape(x: Array, shape: Sequence[int]) -> tuple[Array, Pullback]:
    """Reshape each example, its numbers in the order of their indices (last axis fastest); dx = dy reshaped.

    Args:
        x: (N, …), in any memory order.
        shape: of one example, without N.

    Returns:
        y (N, *shape) and the pullback dy → (dx,).

    Raises:
        ValueError: an example has another number of values.
    """
    (x,) = arrays_of_one_dtype("reshape", x=x)
    if not x.ndim or math.prod(x.shape[1:]) != math.prod(shape) or min(shape, default=1) < 0:
        raise ValueError(f"reshape: expected a shape of {math.prod(x.shape[1:])} values for x {x.shape}, got {shape}")
    whole = x.shape
    y = x.reshape(len(x), *shape)
    return y, as_pullback("reshape", y, lambda dy: dy.reshape(whole))
