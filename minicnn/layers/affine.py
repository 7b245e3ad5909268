"""A scale and a shift: learned for each channel, or two fixed numbers; and the learned slope of PReLU."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import ops
from ..ops.contract import Array
from .base import Layer, LayerPullback, layer_pullback
from .running import Pass


class Affine(Layer):
    """`ops.affine` with a scale (`weight`) and a shift (`bias`) of its own for each channel, each (C,).

    Raises:
        ValueError: `num_features` is below 1.
    """

    parameter_names = ("weight", "bias")

    def __init__(self, num_features: int, bias: bool = True) -> None:
        _check_count("Affine", "num_features", num_features)
        self.num_features = num_features
        self.weight: Array = np.ones(num_features, np.float32)
        self.bias: Array | None = np.zeros(num_features, np.float32) if bias else None

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
        for name, value in {"factor": factor, "shift": shift}.items():
            if not isinstance(value, int | float) or not math.isfinite(value):
                raise ValueError(f"Scale: expected {name} to be a finite number, got {value!r}")
        self.factor, self.shift = factor, shift

    def forward(self, x: Array, pass_: Pass = Pass()) -> tuple[Array, LayerPullback]:
        y, pullback = ops.affine(x, np.array([self.factor], x.dtype), np.array([self.shift], x.dtype))

        def of_x(dy: Any, wants: Sequence[bool] = (True,)) -> tuple[Array | None, ...]:
            return pullback(dy, (wants[0], False, False))[:1]

        return y, layer_pullback(of_x)


class PReLU(Layer):
    """`ops.prelu` with a slope of its own (`weight`) for each channel, or one for all.

    Raises:
        ValueError: `num_parameters` is below 1.
    """

    parameter_names = ("weight",)
    FIRST = 0.25  # He et al. (2015), section 2.1

    def __init__(self, num_parameters: int = 1) -> None:
        _check_count("PReLU", "num_parameters", num_parameters)
        self.num_parameters = num_parameters
        self.weight: Array = np.full(num_parameters, self.FIRST, np.float32)

    def reset(self, rng: Callable[[str], np.random.Generator], scheme: Any) -> None:
        self.weight[...] = self.FIRST

    def forward(self, x: Array, pass_: Pass = Pass()) -> tuple[Array, LayerPullback]:
        y, pullback = ops.prelu(x, self.weight)
        return y, layer_pullback(pullback, "weight")


def _check_count(kind: str, name: str, value: Any) -> None:
    if not isinstance(value, int) or value < 1:
        raise ValueError(f"{kind}: expected {name} to be an int of at least 1, got {value!r}")
