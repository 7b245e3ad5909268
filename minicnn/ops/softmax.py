"""Softmax and its logarithm: any vector becomes a distribution."""

from __future__ import annotations

import numpy as np

from .contract import Array, Pullback, arrays_of_one_dtype, as_pullback, quiet, whole


@quiet
def softmax(x: Array, *, axis: int = -1) -> tuple[Array, Pullback]:
    """Exponentials, divided by their sum.

        y = exp(x − m) / Σ exp(x − m),    m = max(x) of the same row: y stays the same, and nothing overflows
        dx = y · (dy − Σ dy · y)

    The Jacobian is diag(y) − y yᵀ: raising one input lowers every other output.

    Args:
        x: an array of any shape and memory order.
        axis: along which the outputs sum to 1.

    Returns:
        y of x's shape, and the pullback dy → (dx,).

    Raises:
        ValueError: x has no such axis, or the axis is empty.
    """
    x, shifted = _shifted("softmax", x, axis)
    y = np.exp(shifted)
    y /= y.sum(axis=axis, keepdims=True)
    return y, as_pullback("softmax", y, lambda dy: y * (dy - (dy * y).sum(axis=axis, keepdims=True)))


@quiet
def log_softmax(x: Array, *, axis: int = -1) -> tuple[Array, Pullback]:
    """The logarithm of softmax, without ever taking the logarithm of a number that has underflowed to 0.

        y = x − m − log Σ exp(x − m),    m = max(x) of the same row
        dx = dy − exp(y) · Σ dy

    Arguments, shapes and errors are those of `softmax`.
    """
    x, shifted = _shifted("log_softmax", x, axis)
    y = shifted - np.log(np.exp(shifted).sum(axis=axis, keepdims=True))
    return y, as_pullback("log_softmax", y, lambda dy: dy - np.exp(y) * dy.sum(axis=axis, keepdims=True))


def _shifted(op: str, x: Array, axis: int) -> tuple[Array, Array]:
    """x, and x minus the maximum of each row (a constant to the derivative, because it cancels)."""
    (x,) = arrays_of_one_dtype(op, x=x)
    axis = whole(op, "axis", axis, least=None)
    if not -x.ndim <= axis < x.ndim or not x.shape[axis]:
        raise ValueError(f"{op}: expected at least one value along axis {axis}, got x of shape {x.shape}")
    return x, x - x.real.max(axis=axis, keepdims=True)
