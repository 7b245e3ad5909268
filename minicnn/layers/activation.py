"""Layers without parameters that keep the shape: ReLU and its relatives, sigmoid, softmax, response normalization."""

from __future__ import annotations

from .. import ops
from ..ops.clip import bounds_of
from ..ops.contract import Array, number, whole
from ..ops.local_response_norm import constants_of
from .base import Layer, LayerPullback, layer_pullback
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


class Softmax(Layer):
    """`ops.softmax` over the classes. Losses take logits: train without it."""

    def __init__(self, axis: int = 1) -> None:
        self.axis = whole("Softmax", "axis", axis, least=None)

    def forward(self, x: Array, pass_: Pass = Pass()) -> tuple[Array, LayerPullback]:
        y, pullback = ops.softmax(x, axis=self.axis)
        return y, layer_pullback(pullback)


class LogSoftmax(Layer):
    """`ops.log_softmax` over the classes. Losses take logits: train without it."""

    def __init__(self, axis: int = 1) -> None:
        self.axis = whole("LogSoftmax", "axis", axis, least=None)

    def forward(self, x: Array, pass_: Pass = Pass()) -> tuple[Array, LayerPullback]:
        y, pullback = ops.log_softmax(x, axis=self.axis)
        return y, layer_pullback(pullback)


class LocalResponseNorm(Layer):
    """`ops.local_response_norm`."""

    def __init__(self, size: int = 5, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> None:
        self.size, self.alpha, self.beta, self.k = constants_of("LocalResponseNorm", size, alpha, beta, k)

    def forward(self, x: Array, pass_: Pass = Pass()) -> tuple[Array, LayerPullback]:
        y, pullback = ops.local_response_norm(x, self.size, alpha=self.alpha, beta=self.beta, k=self.k)
        return y, layer_pullback(pullback)
