"""Batch normalization of feature maps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import layout
from ..kernels import norm as kernels
from .contract import Array, Pullback, arrays_of_one_dtype, image_batch, number, quiet, upstream


@quiet
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
    total: Callable[[Array], Array] | None = None,
) -> tuple[Array, Pullback]:
    """Normalize every channel to mean 0 and variance 1, then scale and shift it.

        x̂ = (x − mean) / √(var + eps)
        y = weight · x̂ + bias

    In training, mean and var are the batch's, so every pixel of a channel affects all the others:

        dbias   = Σ dy
        dweight = Σ dy · x̂
        dx      = weight / √(var + eps) · (dy − dbias / M − x̂ · dweight / M),    M = N·H·W

    Otherwise they are the running statistics, constants, and dx = weight / √(var + eps) · dy.

    Args:
        x: (N, C, H, W), in any memory order.
        weight, bias: (C,), called γ and β in the paper.
        running_mean, running_var: (C,) buffers; if given, they are updated *in place* in training:
            running = (1 − momentum) · running + momentum · new, with the unbiased variance (divided by M − 1).
        training: use the batch's statistics, and update the running ones.
        momentum: the weight of the new value in the running one.
        eps: keeps the square root away from zero.
        total: if x is one shard of a batch, sums an array over all shards, so that mean, var and M are the whole
            batch's. dweight and dbias remain this shard's own.

    Returns:
        y of x's shape, channels-last in memory, and the pullback dy → (dx, dweight, dbias).

    Raises:
        ValueError: shapes do not match; there are too few values for a variance; there are no running statistics
            outside training.

    Source: Ioffe & Szegedy (2015), Batch normalization, algorithms 1 and 2.
    """
    x, weight, bias = arrays_of_one_dtype("batch_norm2d", x=image_batch("batch_norm2d", x), weight=weight, bias=bias)
    momentum, eps = number("batch_norm2d", "momentum", momentum, 0, 1), number("batch_norm2d", "eps", eps, least=0)
    N, C, H, W = x.shape
    M = N * H * W
    buffers = {"running_mean": running_mean, "running_var": running_var}
    for name, vector in {"weight": weight, "bias": bias, **buffers}.items():
        if vector is not None and vector.shape != (C,):
            raise ValueError(f"batch_norm2d: x has {C} channels, but {name} has shape {vector.shape}")
    weight, bias, flat = np.ascontiguousarray(weight), np.ascontiguousarray(bias), layout.pixels(x)
    if training:
        if M < 2 and total is None:
            raise ValueError(f"batch_norm2d: expected more than one value per channel in training, got x {x.shape}")
        mean, var = kernels.moments(flat)
        if not (np.isfinite(mean).all() and np.isfinite(var).all()):
            mean, var = _moments_in_double(x)
        if total is not None:
            own, size = mean, M
            M, mean = _mean(total, size, own)
            _, var = _mean(total, size, var + (own - mean) ** 2)
        if running_mean is not None:
            running_mean += momentum * (mean - running_mean)
        if running_var is not None:
            running_var += momentum * (var * (M / (M - 1)) - running_var)
    else:
        if running_mean is None or running_var is None:
            raise ValueError("batch_norm2d: expected running_mean and running_var outside training, got None")
        mean, var = running_mean, running_var
    scale = (1 / np.sqrt(var + eps)).astype(x.dtype)
    if training and not np.isfinite(var.astype(x.dtype)).all():
        # Products of x with dy would overflow too: from here on x̂ stands for x.
        hat = (x.astype(var.dtype) - mean[:, None, None]) / np.sqrt(var + eps)[:, None, None]
        flat, mean, unit = layout.pixels(hat.astype(x.dtype)), np.zeros_like(scale), np.ones_like(scale)
    else:
        mean, unit = mean.astype(x.dtype), scale
    y = layout.empty_channels_last(x.shape, x.dtype)
    kernels.normalize(flat, mean, weight * unit, bias, layout.pixels(y))
    factor = weight * scale

    def pullback(dy: Any, wants: Sequence[bool] = (True, True, True)) -> tuple[Array | None, ...]:
        dy = upstream("batch_norm2d", dy, y.shape, y.dtype)
        dx = dweight = dbias = None
        if wants[1] or wants[2] or (training and wants[0]):
            flat_dy = layout.pixels(dy)
            dbias, products = kernels.gradient_sums(flat_dy, flat, mean)
            dweight = products * unit
            sums = np.stack([dbias, dweight])  # over all pixels of the batch
            if training and total is not None and wants[0]:
                sums = total(sums)
        if wants[0] and training:
            dx = layout.empty_channels_last(x.shape, x.dtype)
            kernels.input_gradient(flat_dy, flat, mean, factor, sums[0] / M, unit * sums[1] / M, layout.pixels(dx))
        elif wants[0]:
            dx = dy * factor[:, None, None]
        return dx, dweight if wants[1] else None, dbias if wants[2] else None

    return y, pullback


def _moments_in_double(x: Array) -> tuple[Array, Array]:
    """Mean and variance, in double precision, of values whose squares overflow single precision. (PyTorch's sums do
    not.)"""
    x64 = x.astype(np.result_type(x.dtype, np.float64))
    mean = x64.mean(axis=(0, 2, 3))
    return mean, ((x64 - mean[:, None, None]) ** 2).mean(axis=(0, 2, 3))


def _mean(total: Callable[[Array], Array], size: int, mean: Array) -> tuple[int, Array]:
    """The number of values in all shards and their mean, from those of this shard."""
    M, *sums = total(np.array([size, *(size * mean)]))
    return int(M), np.array(sums) / M


batch_norm2d.constants = ("running_mean", "running_var")  # type: ignore[attr-defined]  # for `gradcheck`
