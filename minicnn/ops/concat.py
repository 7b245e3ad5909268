"""Concatenation: branches side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import layout
from .contract import Array, Pullback, arrays_of_one_dtype, quiet, upstream


@quiet
def concat(*arrays: Array, axis: int = 1) -> tuple[Array, Pullback]:
    """Join arrays along an axis (by default the channels); the pullback splits dy again.

        y = [x₁, x₂, …],    [dx₁, dx₂, …] = dy

    Args:
        arrays: of one shape, but for the axis.
        axis: along which they are joined.

    Returns:
        y, (N, C₁ + C₂ + …, H, W) for maps, and the pullback dy → one gradient for each array.

    Raises:
        ValueError: there are no arrays, or they differ along another axis.

    Source: Szegedy et al. (2015), Going deeper with convolutions, figure 2.
    """
    if not arrays:
        raise ValueError("concat: expected at least one array, got none")
    xs = arrays_of_one_dtype("concat", **{f"array {i}": x for i, x in enumerate(arrays)})
    if not -xs[0].ndim <= axis < xs[0].ndim:
        raise ValueError(f"concat: array 0 of shape {xs[0].shape} has no axis {axis}")
    rest = [x.shape[:axis] + x.shape[axis:][1:] if x.ndim == xs[0].ndim else None for x in xs]
    for i, other in enumerate(rest):
        if other != rest[0]:
            raise ValueError(
                f"concat: expected shapes that differ only along axis {axis}, "
                f"got array 0 {xs[0].shape} and array {i} {xs[i].shape}"
            )
    channels_last = axis == 1 and all(x.ndim == 4 and layout.is_channels_last(x) for x in xs)
    y = layout.concatenated(xs) if channels_last else np.concatenate(xs, axis)
    sizes = [x.shape[axis] for x in xs]

    def pullback(dy: Any, wants: Sequence[bool] = (True,) * len(xs)) -> tuple[Array | None, ...]:
        dy = upstream("concat", dy, y.shape, y.dtype)
        if channels_last and layout.is_channels_last(dy):
            return tuple(layout.apart(dy, sizes, wants))
        parts = np.split(dy, np.cumsum(sizes)[:-1], axis)
        return tuple(dx if want else None for dx, want in zip(parts, wants, strict=True))

    return y, pullback
