"""Padding: a border around every image."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .contract import Array, Pullback, as_pullback, image_batch, is_whole, number, quiet
from .scatter import scatter

MODES = {"constant": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}  # as NumPy calls them


@quiet
def pad(x: Array, padding: Sequence[int], *, value: float = 0.0, mode: str = "constant") -> tuple[Array, Pullback]:
    """Put a border around every image; the pullback adds the border's gradient to the pixels it was copied from.

        y[n, c, top + i, left + j] = x[n, c, i, j], and beyond the edges, along each axis of length L,
            "constant"     `value`
            "reflect"      x[−i] at −i and x[2L − 2 − i] at i ≥ L: mirrored at the centers of the edge pixels
            "replicate"    the edge pixel
            "circular"     x[i mod L]

    Args:
        x: (N, C, H, W), in any memory order.
        padding: (left, right, top, bottom), or (left, right, top, bottom, front, back) with whole channels of `value`
            before and after the others; axes are counted from the last, as in PyTorch's `F.pad`.
        value: of a constant border; −inf before max pooling, which then never selects it.
        mode: one of the above, as PyTorch names them.

    Returns:
        y (N, front + C + back, top + H + bottom, left + W + right) and the pullback dy → (dx,).

    Raises:
        ValueError: x is not of shape (N, C, H, W), `padding` is not 4 or 6 ints of at least 0, value is NaN, the mode
            is unknown, or the image is too small for the border.
    """
    x = image_batch("pad", x)
    border = border_of("pad", padding, mode)
    value = number("pad", "value", value, -np.inf, np.inf)
    if mode != "constant":
        return _copied(x, border, mode)
    y = np.pad(x, border, constant_values=value)
    inside = tuple(slice(before, before + size) for (before, _), size in zip(border, x.shape, strict=True))
    return y, as_pullback("pad", y, lambda dy: dy[inside])


def _copied(x: Array, border: list[tuple[int, int]], mode: str) -> tuple[Array, Pullback]:
    """x with a border of copies of its own pixels."""
    tables = []
    for axis in (2, 3):
        size, most = x.shape[axis], max(border[axis])
        limit = {"reflect": size - 1, "circular": size}.get(mode, most if size else -1)
        if most > limit:
            raise ValueError(f"pad: mode {mode} takes a border of at most {limit} along a length of {size}, got {most}")
        tables.append((axis, size, np.pad(np.arange(size), border[axis], mode=MODES[mode])))  # type: ignore[call-overload]
    y = x
    for axis, _, table in tables:
        y = y.take(table, axis)

    def gradient(dy: Array) -> Array:
        dx = dy
        for axis, size, table in tables:
            dx = scatter(dx, table, size, axis)
        return dx

    return y, as_pullback("pad", y, gradient)


def border_of(op: str, padding: Sequence[int], mode: str = "constant") -> list[tuple[int, int]]:
    """Padding as (before, after) for each of the axes N, C, H, W.

    Raises:
        ValueError: it is not 4 or 6 ints of at least 0, the mode is unknown, or channels are padded in a mode other
            than "constant".
    """
    sides = [*padding] if np.iterable(padding) else []
    if len(sides) not in (4, 6) or not all(is_whole(side) and side >= 0 for side in sides):
        raise ValueError(f"{op}: expected padding to be 4 or 6 ints of at least 0, got {padding!r:.80}")
    if not isinstance(mode, str) or mode not in MODES:
        raise ValueError(f"{op}: expected mode to be one of {', '.join(MODES)}, got {mode!r:.80}")
    left, right, top, bottom, front, back = (int(side) for side in (*sides, 0, 0)[:6])
    if mode != "constant" and (front or back):
        raise ValueError(
            f"{op}: channels can be padded only with a constant, got padding {padding!r:.80} in mode {mode}"
        )
    return [(0, 0), (front, back), (top, bottom), (left, right)]
