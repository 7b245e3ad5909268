"""Clipping to an interval; ReLU6 among others."""

from __future__ import annotations

import numpy as np

from .contract import Array, Pullback, arrays_of_one_dtype, as_pullback, number, quiet, through


@quiet
def clip(x: Array, low: float | None = None, high: float | None = None) -> tuple[Array, Pullback]:
    """Keep values within low…high.

        y = min(max(x, low), high),    dx = dy · [low < x < high], where a missing bound is always satisfied

    Args:
        x: an array of any shape and memory order.
        low, high: the bounds, or None for no bound. (0, 6) is ReLU6.

    Returns:
        y of x's shape, and the pullback dy → (dx,).

    Raises:
        ValueError: a bound is not a number, or low is above high.
    """
    (x,) = arrays_of_one_dtype("clip", x=x)
    low, high = bounds_of("clip", low, high)
    lowest, highest = -np.inf if low is None else low, np.inf if high is None else high
    if np.iscomplexobj(x):
        y = np.where(x.real <= lowest, lowest, np.where(x.real >= highest, highest, x))
    else:
        y = np.clip(x, x.dtype.type(lowest), x.dtype.type(highest))  # NaN stays NaN
    inside = np.ones(x.shape, bool)
    if low is not None:
        inside &= x.real > low
    if high is not None:
        inside &= x.real < high
    return y, as_pullback("clip", y, lambda dy: through(dy, inside))


def bounds_of(op: str, low: float | None, high: float | None) -> tuple[float | None, float | None]:
    """The two bounds.

    Raises:
        ValueError: a bound is not a finite number, or low is above high.
    """
    low = None if low is None else number(op, "low", low)
    high = None if high is None else number(op, "high", high)
    if low is not None and high is not None and low > high:
        raise ValueError(f"{op}: expected low not above high, got {low} and {high}")
    return low, high
