"""Batch normalisation as a layer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import ops
from ..ops.contract import Array, number, whole
from .base import Layer, LayerPullback, layer_pullback
from .running import Pass


class BatchNorm2d(Layer):
    """`ops.batch_norm2d` with a scale (`weight`), a shift (`bias`) and running statistics of its own, each (C,).

    A training pass updates the running statistics; any other pass uses them. With `Pass.total` they are those of all
    shares of a batch.
    """

    parameter_names = ("weight", "bias")
    buffer_names = ("running_mean", "running_var")

    def __init__(self, num_features: int, eps: float = 1e-5, momentum: float = 0.1) -> None:
        self.num_features = num_features = whole("BatchNorm2d", "num_features", num_features)
        self.eps, self.momentum = (
            number("BatchNorm2d", "eps", eps, least=0),
            number("BatchNorm2d", "momentum", momentum, 0, 1),
        )
        self.weight: Array = np.ones(num_features, np.float32)
        self.bias: Array = np.zeros(num_features, np.float32)
        self.running_mean: Array = np.zeros(num_features, np.float32)
        self.running_var: Array = np.ones(num_features, np.float32)

    def reset(self, rng: Callable[[str], np.random.Generator], scheme: Any) -> None:
        self.weight[...], self.bias[...] = 1, 0
        self.running_mean[...], self.running_var[...] = 0, 1

    def forward(self, x: Array, pass_: Pass = Pass()) -> tuple[Array, LayerPullback]:
        keeps = not pass_.train or pass_.total is None or pass_.total.first
        y, pullback = ops.batch_norm2d(
            x,
            self.weight,
            self.bias,
            self.running_mean if keeps else None,
            self.running_var if keeps else None,
            training=pass_.train,
            momentum=self.momentum,
            eps=self.eps,
            total=None if pass_.total is None else pass_.total.add,
        )
        return y, layer_pullback(pullback, "weight", "bias")
