"""Batch normalization as layers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import ops
from ..ops.contract import Array, number, whole
from .base import Layer
from .running import LayerPullback, Pass, layer_pullback


class BatchNorm2d(Layer):
    """`ops.batch_norm2d` as a layer, with scale (`weight`), shift (`bias`) and running statistics, each (C,).

    A training pass updates the running statistics; any other pass uses them. With `Pass.total` the statistics are those
    of all shards of a batch.

    Raises:
        ValueError: `num_features` is not an int of at least 1, `eps` is below 0, or `momentum` is not in 0…1.
    """

    parameter_names = ("weight", "bias")
    buffer_names = ("running_mean", "running_var")

    def __init__(self, num_features: int, eps: float = 1e-5, momentum: float = 0.1) -> None:
        kind = type(self).__name__
        self.num_features = num_features = whole(kind, "num_features", num_features)
        self.eps = number(kind, "eps", eps, least=0)
        self.momentum = number(kind, "momentum", momentum, 0, 1)
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


class BatchNorm1d(BatchNorm2d):
    """`BatchNorm2d` for vectors (N, C), taken as feature maps of one pixel.

    Arguments and errors are those of `BatchNorm2d`; a pass also raises `ValueError` if its input is not (N, C).
    """

    def forward(self, x: Array, pass_: Pass = Pass()) -> tuple[Array, LayerPullback]:
        if x.ndim != 2:
            raise ValueError(f"BatchNorm1d: expected x of shape (N, C), got {x.shape}")
        y, pullback = super().forward(x[:, :, None, None], pass_)

        def flat(dy: Array, wants: str = "both") -> tuple[Array | None, dict[str, Array]]:
            dx, gradients = pullback(np.asarray(dy)[:, :, None, None], wants)
            return None if dx is None else dx[:, :, 0, 0], gradients

        return y[:, :, 0, 0], flat
