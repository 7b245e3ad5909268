"""Addition: branches on top of each other."""

from __future__ import annotations

from .contract import Array, Pullback, arrays_of_one_dtype, as_pullback, quiet


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
    return y, as_pullback("add", y, *[lambda dy: dy] * len(xs))
