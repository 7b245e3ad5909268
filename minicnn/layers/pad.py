"""Padding as a layer."""

from __future__ import annotations

import math
from collections.abc import Sequence

from .. import ops
from ..ops.contract import Array, number
from ..ops.pad import border_of
from .base import Layer
from .pullback import LayerPullback, layer_pullback
from .running import Pass


class Pad(Layer):
    """`ops.pad`: a border (left, right, top, bottom), or with a constant also whole channels (…, front, back).

    Raises:
        ValueError: `padding` is not 4 or 6 ints of at least 0, `value` is NaN, or the mode is unknown or cannot pad
            channels.
    """

    def __init__(self, padding: Sequence[int], value: float = 0.0, mode: str = "constant") -> None:
        border_of("Pad", padding, mode)
        self.padding, self.mode = tuple(int(side) for side in padding), mode
        self.value = number("Pad", "value", value, -math.inf, math.inf)

    def forward(self, x: Array, pass_: Pass = Pass()) -> tuple[Array, LayerPullback]:
        y, pullback = ops.pad(x, self.padding, value=self.value, mode=self.mode)
        return y, layer_pullback(pullback)
