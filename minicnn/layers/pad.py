"""Padding as a layer."""

from __future__ import annotations

from collections.abc import Sequence

from .. import ops
from ..ops.contract import Array
from ..ops.pad import border_of
from .base import Layer, LayerPullback, layer_pullback
from .running import Pass


class Pad(Layer):
    """`ops.pad`: a border of a constant, (left, right, top, bottom), and perhaps whole channels (…, front, back).

    Raises:
        ValueError: `padding` is not 4 or 6 ints of at least 0.
    """

    def __init__(self, padding: Sequence[int], value: float = 0.0) -> None:
        border_of("Pad", padding)
        self.padding, self.value = tuple(padding), value

    def forward(self, x: Array, pass_: Pass = Pass()) -> tuple[Array, LayerPullback]:
        y, pullback = ops.pad(x, self.padding, value=self.value)
        return y, layer_pullback(pullback)
