"""Flatten as a layer."""

from __future__ import annotations

from .. import ops
from ..ops.contract import Array
from .base import Layer
from .pullback import LayerPullback, layer_pullback
from .running import Pass


class Flatten(Layer):
    """`ops.flatten`: (N, C, H, W) becomes (N, C·H·W)."""

    def forward(self, x: Array, pass_: Pass = Pass()) -> tuple[Array, LayerPullback]:
        y, pullback = ops.flatten(x)
        return y, layer_pullback(pullback)
