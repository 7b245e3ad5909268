"""The dense layer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import ops
from ..ops.contract import Array, flag, whole
from .base import Layer
from .pullback import LayerPullback, layer_pullback
from .running import Pass


class Dense(Layer):
    """`ops.dense` as a layer, with weight (out, in) and bias (out,).

    Raises:
        ValueError: a size is below 1.
    """

    parameter_names = ("weight", "bias")

    def __init__(self, in_features: int, out_features: int, bias: bool = True) -> None:
        self.in_features = whole("Dense", "in_features", in_features)
        self.out_features = whole("Dense", "out_features", out_features)
        self.weight: Array = np.zeros((self.out_features, self.in_features), np.float32)
        self.bias: Array | None = np.zeros(self.out_features, np.float32) if flag("Dense", "bias", bias) else None

    def reset(self, rng: Callable[[str], np.random.Generator], scheme: Any) -> None:
        self.weight[...] = scheme(self.weight.shape, rng("weight"), self.weight.dtype)
        if self.bias is not None:
            self.bias[...] = 0

    def forward(self, x: Array, pass_: Pass = Pass()) -> tuple[Array, LayerPullback]:
        y, pullback = ops.dense(x, self.weight, self.bias)
        return y, layer_pullback(pullback, *self.trained_names())
