"""Multiplication: one branch scales another."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np

from .contract import Array, Pullback, arrays_of_one_dtype, as_pullback, quiet


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
    y = functools.reduce(np.multiply, xs)
    return y, as_pullback("mul", y, *(functools.partial(_gradient, xs, i) for i in range(len(xs))))


def _gradient(xs: Sequence[Array], i: int, dy: Array) -> Array:
    """dy times the other arrays, summed over the axes along which array i was repeated."""
    product = functools.reduce(np.multiply, [*xs[:i], *xs[i + 1 :]], dy)
    axes = tuple(axis for axis, size in enumerate(xs[i].shape) if size == 1 and product.shape[axis] != 1)
    return product.sum(axis=axes, keepdims=True) if axes else product
