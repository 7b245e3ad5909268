"""Addition: branches on top of each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .contract import Array, Pullback, arrays_of_one_dtype, quiet, upstream


@quiet
def add(*arrays: Array) -> tuple[Array, Pullback]:
    """The sum of arrays of one shape; each of them receives the whole gradient.

        y = x₁ + x₂ + …,    dx₁ = dx₂ = … = dy

    Returns:
        y and the pullback dy → one gradient for each array.

    Raises:
        ValueError: there are no arrays, or their shapes differ.

    Source: He et al. (2016), Deep residual learning for image recognition, equation 1.
    """
    if not arrays:
        raise ValueError("add: expected at least one array, got none")
    xs = arrays_of_one_dtype("add", **{f"array {i}": x for i, x in enumerate(arrays)})
    for i, x in enumerate(xs):
        if x.shape != xs[0].shape:
            raise ValueError(f"add: expected arrays of one shape, got array 0 {xs[0].shape} and array {i} {x.shape}")
    y = xs[0] + xs[1] if len(xs) > 1 else xs[0].copy("K")
    for x in xs[2:]:
        y += x

    def pullback(dy: Any, wants: Sequence[bool] = (True,) * len(xs)) -> tuple[Array | None, ...]:
        dy = upstream("add", dy, y.shape, y.dtype)
        return tuple(dy if want else None for want in wants)

    return y, pullback
