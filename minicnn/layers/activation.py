"""ReLU, its relatives without parameters, and sigmoid."""

from __future__ import annotations

from .. import ops
from ..ops.clip import bounds_of
from ..ops.contract import Array, number
from .base import Layer
from .running import LayerPullback, Pass, layer_pullback


class ReLU(Layer):
    """`ops.relu`: y = max(x, 0) for x of any shape; the pass chooses the rule for the backward pass."""

    def forward(self, x: Array, pass_: Pass = Pass()) -> tuple[Array, LayerPullback]:
        y, pullback = ops.relu(x, rule=pass_.relu)
        return y, layer_pullback(pullback)


class LeakyReLU(Layer):
    """`ops.leaky_relu`: y = x where x > 0, else negative_slope · x, for x of any shape.

    Its backward pass is always the gradient: the pass's ReLU rule does not apply.

    Raises:
        ValueError: `negative_slope` is not a finite number.
    """

    def __init__(self, negative_slope: float = 0.01) -> None:
        self.negative_slope = number("LeakyReLU", "negative_slope", negative_slope)

    def forward(self, x: Array, pass_: Pass = Pass()) -> tuple[Array, LayerPullback]:
        y, pullback = ops.leaky_relu(x, negative_slope=self.negative_slope)
        return y, layer_pullback(pullback)


class Clip(Layer):
    """`ops.clip`: y = min(max(x, low), high) for x of any shape; None means no bound.

    Its backward pass is always the gradient: the pass's ReLU rule does not apply.

    Raises:
        ValueError: a bound is not a finite number, or `low` is above `high`.
    """

    def __init__(self, low: float | None = None, high: float | None = None) -> None:
        self.low, self.high = bounds_of("Clip", low, high)

    def forward(self, x: Array, pass_: Pass = Pass()) -> tuple[Array, LayerPullback]:
        y, pullback = ops.clip(x, self.low, self.high)
        return y, layer_pullback(pullback)


class Sigmoid(Layer):
    """`ops.sigmoid`: y = 1 / (1 + exp(−x)) for x of any shape."""

    def forward(self, x: Array, pass_: Pass = Pass()) -> tuple[Array, LayerPullback]:
        y, pullback = ops.sigmoid(x)
        return y, layer_pullback(pullback)
