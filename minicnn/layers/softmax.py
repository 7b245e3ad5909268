"""Softmax and its logarithm."""

from __future__ import annotations

from .. import ops
from ..ops.contract import Array, whole
from .base import Layer
from .running import LayerPullback, Pass, layer_pullback


class Softmax(Layer):
    """`ops.softmax` over the classes, (N, K) → (N, K), or over another axis. Losses take logits: train without it.

    Raises:
        ValueError: `axis` is not an int; in a pass, the input has no such axis.
    """

    def __init__(self, axis: int = 1) -> None:
        self.axis = whole("Softmax", "axis", axis, least=None)

    def forward(self, x: Array, pass_: Pass = Pass()) -> tuple[Array, LayerPullback]:
        y, pullback = ops.softmax(x, axis=self.axis)
        return y, layer_pullback(pullback)


class LogSoftmax(Layer):
    """`ops.log_softmax` over the classes, (N, K) → (N, K), or over another axis. Losses take logits: train without it.

    Raises:
        ValueError: `axis` is not an int; in a pass, the input has no such axis.
    """

    def __init__(self, axis: int = 1) -> None:
        self.axis = whole("LogSoftmax", "axis", axis, least=None)

    def forward(self, x: Array, pass_: Pass = Pass()) -> tuple[Array, LayerPullback]:
        y, pullback = ops.log_softmax(x, axis=self.axis)
        return y, layer_pullback(pullback)
