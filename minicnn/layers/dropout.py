"""Dropout as layers."""

from __future__ import annotations

from .. import ops
from ..ops.contract import Array, number
from .base import Layer
from .running import LayerPullback, Pass, layer_pullback


class Dropout(Layer):
    """`ops.dropout` of single units in a training pass, which must have an `rng`; the identity in any other pass.

    Its input has any shape, and its output the same.

    Raises:
        ValueError: `p` is not a number from 0 to 1; in a training pass, there is no `rng`.
    """

    def __init__(self, p: float = 0.5) -> None:
        self.p = number(type(self).__name__, "p", p, 0, 1)

    def forward(self, x: Array, pass_: Pass = Pass()) -> tuple[Array, LayerPullback]:
        y, pullback = ops.dropout(x, self.p, training=pass_.train, rng=pass_.rng)
        return y, layer_pullback(pullback)


class Dropout2d(Dropout):
    """`ops.dropout2d` of whole maps (N, C, H, W) in a training pass; the identity in any other pass.

    Arguments and errors are those of `Dropout`.
    """

    def forward(self, x: Array, pass_: Pass = Pass()) -> tuple[Array, LayerPullback]:
        y, pullback = ops.dropout2d(x, self.p, training=pass_.train, rng=pass_.rng)
        return y, layer_pullback(pullback)
