"""A new order of the axes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .contract import Array, Pullback, arrays_of_one_dtype, as_pullback, quiet


@quiet
def permute(x: Array, axes: Sequence[int]) -> tuple[Array, Pullback]:
    """Axis i of y is axis axes[i] of x; the pullback puts the axes back.

    Args:
        x: an array of any shape and memory order.
        axes: each of x's axes once: (0, 2, 3, 1) turns (N, C, H, W) into (N, H, W, C).

    Returns:
        y, a view of x, and the pullback dy → (dx,).

    Raises:
        ValueError: `axes` does not name each axis once.
    """
    (x,) = arrays_of_one_dtype("permute", x=x)
    if sorted(axes) != list(range(x.ndim)):
        raise ValueError(f"permute: expected axes to name each of 0 to {x.ndim - 1} once, got {tuple(axes)}")
    y = x.transpose(axes)
    back = np.argsort(axes)
    return y, as_pullback("permute", y, lambda dy: dy.transpose(back))
