"""ReLU, its relatives without parameters, and sigmoid."""

from __future__ import annotations

from .. import ops
from ..ops.clip import bounds_of
from ..ops.contract import Array, number
from .base import Layer
from .pullback import LayerPullback, layer_pullback
from .running import Pass


class ReLU(Layer):
    """`ops.relu`; the pass chooses the rule for the backward pass."""

    def forward(self, x: Array, pass_: Pass = Pass()) -> tuple[Array, LayerPullback]:
        y, pullback = ops.relu(x, rule=pass_.relu)
        return y, layer_pullback(pullback)


class LeakyReLU(Layer):
    """`ops.leaky_relu`. Its backward pass is always the gradient: the pass's ReLU rule does not apply."""

    def __init__(self, negative_slope: float = 0.01) -> None:
        self.negative_slope = number("LeakyReLU", "negative_slope", negative_slope)

    def forward(self, x: Array, pass_: Pass = Pass()) -> tuple[Array, LayerPullback]:
        y, pullback = ops.leaky_relu(x, negative_slope=self.negative_slope)
        return y, layer_pullback(pullback)


class Clip(Layer):
    """`ops.clip`. Its backward pass is always the gradient: the pass's ReLU rule does not apply."""

    def __init__(self, low: float | None = None, high: float | None = None) -> None:
        self.low, self.high = bounds_of("Clip", low, high)

    def forward(self, x: Array, pass_: Pass = Pass()) -> tuple[Array, LayerPullback]:
        y, pullback = ops.clip(x, self.low, self.high)
        return y, layer_pullback(pullback)


class Sigmoid(Layer):
    """`ops.sigmoid`."""

    def forward(self, x: Array, pass_: Pass = Pass()) -> tuple[Array, LayerPullback]:
        y, pullback = ops.sigmoid(x)
        return y, layer_pullback(pullback)
