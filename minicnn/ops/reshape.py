"""Reshaping: the same numbers with other axes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from .contract import Array, Pullback, arrays_of_one_dtype, quiet, upstream


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
    y = x.reshape(len(x), *shape)

    def pullback(dy: Any, wants: Sequence[bool] = (True,)) -> tuple[Array | None, ...]:
        dy = upstream("reshape", dy, y.shape, y.dtype)
        return (dy.reshape(x.shape),) if wants[0] else (None,)

    return y, pullback
