"""Dropout as layers."""

from __future__ import annotations

from .. import ops
from ..ops.contract import Array, number
from .base import Layer
from .pullback import LayerPullback, layer_pullback
from .running import Pass


class Dropout(Layer):
    """`ops.dropout` in a training pass, which must have an `rng`; the identity in any other pass."""

    def __init__(self, p: float = 0.5) -> None:
        self.p = number(type(self).__name__, "p", p, 0, 1)

    def forward(self, x: Array, pass_: Pass = Pass()) -> tuple[Array, LayerPullback]:
        y, pullback = ops.dropout(x, self.p, training=pass_.train, rng=pass_.rng)
        return y, layer_pullback(pullback)


class Dropout2d(Dropout):
    """`ops.dropout2d`, of whole maps, in a training pass; the identity in any other pass."""

    def forward(self, x: Array, pass_: Pass = Pass()) -> tuple[Array, LayerPullback]:
        y, pullback = ops.dropout2d(x, self.p, training=pass_.train, rng=pass_.rng)
        return y, layer_pullback(pullback)
