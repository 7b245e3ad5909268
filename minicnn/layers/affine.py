"""A scale and a shift: learned for each channel, or two fixed numbers; and the learned slope of PReLU."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import ops
from ..ops.contract import Array, flag, number, whole
from .base import Layer
from .pullback import LayerPullback, layer_pullback
from .running import Pass


class Affine(Layer):
    """`ops.affine` as a layer: a learned scale (`weight`) and shift (`bias`) for each channel, each (C,).

    Raises:
        ValueError: `num_features` is below 1.
    """

    parameter_names = ("weight", "bias")

    def __init__(self, num_features: int, bias: bool = True) -> None:
        self.num_features = num_features = whole("Affine", "num_features", num_features)
        self.weight: Array = np.ones(num_features, np.float32)
        self.bias: Array | None = np.zeros(num_features, np.float32) if flag("Affine", "bias", bias) else None

    def reset(self, rng: Callable[[str], np.random.Generator], scheme: Any) -> None:
        self.weight[...] = 1
        if self.bias is not None:
            self.bias[...] = 0

    def forward(self, x: Array, pass_: Pass = Pass()) -> tuple[Array, LayerPullback]:
        y, pullback = ops.affine(x, self.weight, self.bias)
        return y, layer_pullback(pullback, *self.parameters())


class Scale(Layer):
    """y = factor · x + shift, with two numbers that are not trained.

    Raises:
        ValueError: one of them is not a finite number.
    """

    def __init__(self, factor: float = 1.0, shift: float = 0.0) -> None:
        self.factor, self.shift = number("Scale", "factor", factor), number("Scale", "shift", shift)

    def forward(self, x: Array, pass_: Pass = Pass()) -> tuple[Array, LayerPullback]:
        y, pullback = ops.affine(x, np.array([self.factor], x.dtype), np.array([self.shift], x.dtype))

        def of_x(dy: Any, wants: Sequence[bool] = (True,)) -> tuple[Array | None, ...]:
            return pullback(dy, (wants[0], False, False))[:1]

        return y, layer_pullback(of_x)


class PReLU(Layer):
    """`ops.prelu` as a layer: a learned slope (`weight`) for each channel, or one for all.

    Raises:
        ValueError: `num_parameters` is below 1.
    """

    parameter_names = ("weight",)
    FIRST = 0.25  # He et al. (2015), section 2.1

    def __init__(self, num_parameters: int = 1) -> None:
        self.num_parameters = num_parameters = whole("PReLU", "num_parameters", num_parameters)
        self.weight: Array = np.full(num_parameters, self.FIRST, np.float32)

    def reset(self, rng: Callable[[str], np.random.Generator], scheme: Any) -> None:
        self.weight[...] = self.FIRST

    def forward(self, x: Array, pass_: Pass = Pass()) -> tuple[Array, LayerPullback]:
        y, pullback = ops.prelu(x, self.weight)
        return y, layer_pullback(pullback, "weight")
