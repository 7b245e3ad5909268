"""The axes of an array as layers: another shape, another order, a part of one axis."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .. import ops
from ..ops.contract import Array, is_whole, whole
from .base import Layer
from .pullback import LayerPullback, layer_pullback
from .running import Pass


class Reshape(Layer):
    """`ops.reshape`: (N, …) becomes (N, *shape).

    Raises:
        ValueError: `shape` is not a sequence of ints of at least 1.
    """

    def __init__(self, shape: Sequence[int]) -> None:
        self.shape = _ints("Reshape", "shape", shape, least=1)

    def forward(self, x: Array, pass_: Pass = Pass()) -> tuple[Array, LayerPullback]:
        y, pullback = ops.reshape(x, self.shape)
        return y, layer_pullback(pullback)


class Permute(Layer):
    """`ops.permute`; the batch stays first.

    Raises:
        ValueError: `axes` does not name each axis once, 0 first.
    """

    def __init__(self, axes: Sequence[int]) -> None:
        self.axes = _ints("Permute", "axes", axes, least=0)
        if self.axes[:1] != (0,) or sorted(self.axes) != list(range(len(self.axes))):
            raise ValueError(f"Permute: expected axes to name each axis once, 0 first, got {self.axes!r:.80}")

    def forward(self, x: Array, pass_: Pass = Pass()) -> tuple[Array, LayerPullback]:
        y, pullback = ops.permute(x, self.axes)
        return y, layer_pullback(pullback)


class Slice(Layer):
    """`ops.slice_axis`: a part of the channels, or of another axis.

    Raises:
        ValueError: the axis is the batch's, the step is below 1, or an option is not an int.
    """

    def __init__(self, start: int = 0, stop: int | None = None, step: int = 1, axis: int = 1) -> None:
        self.start = whole("Slice", "start", start, least=None)
        self.stop = None if stop is None else whole("Slice", "stop", stop, least=None)
        self.step, self.axis = whole("Slice", "step", step), whole("Slice", "axis", axis, least=None)
        if self.axis == 0:
            raise ValueError("Slice: expected an axis other than the batch's, got 0")

    def forward(self, x: Array, pass_: Pass = Pass()) -> tuple[Array, LayerPullback]:
        y, pullback = ops.slice_axis(x, self.axis, self.start, self.stop, self.step)
        return y, layer_pullback(pullback)


def _ints(kind: str, name: str, values: Sequence[int], least: int) -> tuple[int, ...]:
    given = [*values] if np.iterable(values) else []
    if not given or not all(is_whole(v) and v >= least for v in given):
        raise ValueError(f"{kind}: expected {name} to be ints of at least {least}, got {values!r:.80}")
    return tuple(int(v) for v in given)
