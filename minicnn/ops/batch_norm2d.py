"""Batch normalisation of maps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .contract import Array, Pullback, arrays_of_one_dtype, pictures, upstream

AXES = (0, 2, 3)  # every axis but the channels


def batch_norm2d(
    x: Array,
    weight: Array,
    bias: Array,
    running_mean: Array | None = None,
    running_var: Array | None = None,
    *,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> tuple[Array, Pullback]:
    """Give every channel mean 0 and variance 1, then a scale and a shift of its own.

        x̂ = (x − mean) / √(var + eps)
        y = weight · x̂ + bias

    In training, mean and var are the batch's, so that every pixel of a channel acts on all the others:

        dbias   = Σ dy
        dweight = Σ dy · x̂
        dx      = weight / √(var + eps) · (dy − dbias / M − x̂ · dweight / M),    M = N·H·W

    Otherwise they are the running statistics, constants, and dx = weight / √(var + eps) · dy.

    Args:
        x: (N, C, H, W), in any memory order.
        weight, bias: (C,), called γ and β in the paper.
        running_mean, running_var: (C,) buffers, in training updated *in place* where they are given:
            running = (1 − momentum) · running + momentum · new, with the unbiased variance (divided by M − 1).
        training: use the batch's statistics, and update the running ones.
        momentum: the share of the new value in the running one.
        eps: keeps the root away from zero.

    Returns:
        y of x's shape, and the pullback dy → (dx, dweight, dbias).

    Raises:
        ValueError: shapes do not fit; there is nothing to take a variance of; no running statistics outside training.

    Source: Ioffe & Szegedy (2015), Batch normalization, algorithms 1 and 2.
    """
    x, weight, bias = arrays_of_one_dtype("batch_norm2d", x=pictures("batch_norm2d", x), weight=weight, bias=bias)
    N, C, H, W = x.shape
    M = N * H * W
    buffers = {"running_mean": running_mean, "running_var": running_var}
    for name, vector in {"weight": weight, "bias": bias, **buffers}.items():
        if vector is not None and vector.shape != (C,):
            raise ValueError(f"batch_norm2d: x has {C} channels, but {name} has shape {vector.shape}")
    if training:
        if M < 2:
            raise ValueError(f"batch_norm2d: expected more than one value per channel in training, got x {x.shape}")
        mean = x.mean(axis=AXES)
        centred = x - mean[:, None, None]
        var = (centred * centred).mean(axis=AXES)
        if running_mean is not None:
            running_mean += momentum * (mean - running_mean)
        if running_var is not None:
            running_var += momentum * (var * (M / (M - 1)) - running_var)
    else:
        if running_mean is None or running_var is None:
            raise ValueError("batch_norm2d: expected running_mean and running_var outside training, got None")
        mean, var = running_mean.astype(x.dtype), running_var.astype(x.dtype)
        centred = x - mean[:, None, None]
    scale = 1 / np.sqrt(var + var.dtype.type(eps))
    normalized = centred * scale[:, None, None]
    y = weight[:, None, None] * normalized + bias[:, None, None]

    def pullback(dy: Any, wants: Sequence[bool] = (True, True, True)) -> tuple[Array | None, ...]:
        dy = upstream("batch_norm2d", dy, y.shape, y.dtype)
        dx = dweight = dbias = None
        if wants[2] or (training and wants[0]):
            dbias = dy.sum(axis=AXES)
        if wants[1] or (training and wants[0]):
            dweight = (dy * normalized).sum(axis=AXES)
        if wants[0]:
            dx = dy
            if training:
                dx = dy - (dbias / M)[:, None, None] - normalized * (dweight / M)[:, None, None]
            dx = (weight * scale)[:, None, None] * dx
        return dx, dweight if wants[1] else None, dbias if wants[2] else None

    return y, pullback
