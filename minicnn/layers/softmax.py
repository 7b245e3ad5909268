"""Softmax and its logarithm."""

from __future__ import annotations

from .. import ops
from ..ops.contract import Array, whole
from .base import Layer
from .pullback import LayerPullback, layer_pullback
from .running import Pass


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
