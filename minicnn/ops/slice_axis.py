"""A part of an array along one axis."""

from __future__ import annotations

import numpy as np

from .contract import Array, Pullback, arrays_of_one_dtype, as_pullback, quiet


@quiet
def slice_axis(
    x: Array, axis: int = 1, start: int = 0, stop: int | None = None, step: int = 1
) -> tuple[Array, Pullback]:
    """Take a range along an axis, by default the channels; the pullback fills the rest with zeros.

        y = x[:, start:stop:step],    dx[:, start:stop:step] = dy, and 0 elsewhere

    Args:
        x: an array of any shape and memory order.
        axis: which axis to cut.
        start, stop, step: as in a Python slice, with a step of at least 1.

    Returns:
        y, a view of x, and the pullback dy → (dx,).

    Raises:
        ValueError: x has no such axis, the step is below 1, or the range is empty.
    """
    (x,) = arrays_of_one_dtype("slice_axis", x=x)
    if not -x.ndim <= axis < x.ndim:
        raise ValueError(f"slice_axis: x of shape {x.shape} has no axis {axis}")
    if step < 1 or not range(*slice(start, stop).indices(x.shape[axis])):
        raise ValueError(
            f"slice_axis: expected a range of at least one of {x.shape[axis]} along axis {axis}, in steps of at least "
            f"1, got {start}:{stop}:{step}"
        )
    part = (slice(None),) * (axis % x.ndim) + (slice(start, stop, step),)
    y = x[part]

    def gradient(dy: Array) -> Array:
        dx = np.zeros(x.shape, dy.dtype)
        dx[part] = dy
        return dx

    return y, as_pullback("slice_axis", y, gradient)
