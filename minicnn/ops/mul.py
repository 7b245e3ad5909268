"""Multiplication: one branch scales another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .contract import Array, Pullback, arrays_of_one_dtype, quiet, upstream


@quiet
def mul(*arrays: Array) -> tuple[Array, Pullback]:
    """The product of arrays, entry by entry; axes of length 1 are broadcast.

        y = x₁ · x₂ · …,    dxᵢ = dy · (the product of the others), summed over the axes along which xᵢ was repeated

    With x₁ (N, C, H, W) and x₂ (N, C, 1, 1) every map is multiplied by its own number: squeeze-and-excitation.

    Returns:
        y and the pullback dy → one gradient for each array.

    Raises:
        ValueError: there are no arrays, or their shapes do not fit together.

    Source: Hu et al. (2018), Squeeze-and-excitation networks, equation 4.
    """
    if not arrays:
        raise ValueError("mul: expected at least one array, got none")
    xs = arrays_of_one_dtype("mul", **{f"array {i}": x for i, x in enumerate(arrays)})
    sizes = [{size for size in axis if size != 1} for axis in zip(*(x.shape for x in xs), strict=False)]
    if len({x.ndim for x in xs}) > 1 or any(len(axis) > 1 for axis in sizes):
        shapes = ", ".join(str(x.shape) for x in xs)
        raise ValueError(f"mul: expected shapes that differ only in axes of length 1, got {shapes}")
    y = _product(xs)

    def pullback(dy: Any, wants: Sequence[bool] = (True,) * len(xs)) -> tuple[Array | None, ...]:
        dy = upstream("mul", dy, y.shape, y.dtype)
        return tuple(
            _summed(_product([dy, *xs[:i], *xs[i + 1 :]]), x.shape) if want else None
            for i, (x, want) in enumerate(zip(xs, wants, strict=True))
        )

    return y, pullback


def _product(arrays: Sequence[Array]) -> Array:
    y = arrays[0].copy() if len(arrays) == 1 else arrays[0] * arrays[1]
    for x in arrays[2:]:
        y = y * x
    return y


def _summed(gradient: Array, shape: tuple[int, ...]) -> Array:
    """A gradient summed over the axes along which an array of this shape was repeated."""
    axes = tuple(axis for axis, size in enumerate(shape) if size == 1 and gradient.shape[axis] != 1)
    return gradient.sum(axis=axes, keepdims=True) if axes else np.asarray(gradient)
