"""Padding with a constant."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .contract import Array, Pullback, is_whole, number, pictures, quiet, upstream


@quiet
def pad(x: Array, padding: Sequence[int], *, value: float = 0.0) -> tuple[Array, Pullback]:
    """Put a border around every picture; the pullback cuts it off again.

        y[n, c, top + i, left + j] = x[n, c, i, j], and `value` elsewhere
        dx[n, c, i, j] = dy[n, c, top + i, left + j]

    Args:
        x: (N, C, H, W), in any memory order.
        padding: (left, right, top, bottom), or (left, right, top, bottom, front, back) with whole channels of `value`
            in front of the others and behind them, from the last axis on as PyTorch's `F.pad` counts.
        value: of the border; −inf for a maximum that shall not see it.

    Returns:
        y (N, front + C + back, top + H + bottom, left + W + right) and the pullback dy → (dx,).

    Raises:
        ValueError: x is not of shape (N, C, H, W), or `padding` is not 4 or 6 ints of at least 0, or value is NaN.
    """
    x = pictures("pad", x)
    border = border_of("pad", padding)
    value = number("pad", "value", value, -np.inf, np.inf)
    y = np.pad(x, border, constant_values=value)
    inside = tuple(slice(before, before + size) for (before, _), size in zip(border, x.shape, strict=True))

    def pullback(dy: Any, wants: Sequence[bool] = (True,)) -> tuple[Array | None, ...]:
        dy = upstream("pad", dy, y.shape, y.dtype)
        return (dy[inside],) if wants[0] else (None,)

    return y, pullback


def border_of(op: str, padding: Sequence[int]) -> list[tuple[int, int]]:
    """Padding as (before, after) for each of the axes N, C, H, W.

    Raises:
        ValueError: it is not 4 or 6 ints of at least 0.
    """
    sides = [*padding] if np.iterable(padding) else []
    if len(sides) not in (4, 6) or not all(is_whole(side) and side >= 0 for side in sides):
        raise ValueError(f"{op}: expected padding to be 4 or 6 ints of at least 0, got {padding!r:.80}")
    left, right, top, bottom, front, back = (int(side) for side in (*sides, 0, 0)[:6])
    return [(0, 0), (front, back), (top, bottom), (left, right)]
