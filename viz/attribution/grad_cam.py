"""Grad-CAM: where a layer's feature maps hold evidence for a class."""

from __future__ import annotations

from typing import Any

import numpy as np

import minicnn as cnn

from .guided_backprop import guided_backprop
from .inputs import batches
from .passes import layer_gradients, leaves
from .resize import resize
from .target import Array, Target, check_target, one_for_each


def grad_cam(
    model: Any,
    x: Array,
    target: Target = None,
    *,
    layer: str | None = None,
    upsample: str | None = "bilinear",
    batch_size: int = 32,
) -> Array:
    """The weighted sum of a layer's feature maps; the weights α are the mean gradients of the class score.

        α[k] = mean_{i, j} ∂S_target / ∂A[k, i, j]
        map  = max(0, Σ_k α[k] · A[k])

    Args:
        model, x, target, batch_size: those of `saliency`.
        layer: the layer with maps A; by default the last one with maps.
        upsample: "bilinear" or "nearest" to the image's size, or None for the layer's own.

    Returns:
        maps (N, H, W), not negative.

    Raises:
        ValueError: the layer has no maps, the number of targets is not that of the images, or the upsampling is
            unknown.

    Source: Selvaraju et al. (2017), Grad-CAM: visual explanations from deep networks via gradient-based localization,
    equations 1 and 2.
    """
    target = check_target(model, x, target)
    layer = layer or last_with_maps(model, x[:1])
    found = []
    for part in batches(x, batch_size):
        activations, gradients = layer_gradients(model, x[part], one_for_each(target, part), layer)
        A, dA = activations[layer], gradients[layer]
        if A.ndim != 4:
            raise ValueError(f"grad_cam: expected {layer!r} to output maps (N, C, H, W), got {A.shape}")
        alpha = dA.mean(axis=(2, 3))
        found.append(np.maximum(np.einsum("nk,nkij->nij", alpha, A), 0))
    maps = np.concatenate(found)
    return maps if upsample is None else resize(maps, x.shape[2:], upsample)


def guided_grad_cam(
    model: Any,
    x: Array,
    target: Target = None,
    *,
    layer: str | None = None,
    upsample: str = "nearest",
    batch_size: int = 32,
) -> Array:
    """The product of guided backpropagation and Grad-CAM, of x's shape.

    It inherits the outlines of guided backpropagation and their flaw: they reconstruct the image more than they explain
    the decision. Arguments, errors and source are those of `grad_cam`.
    """
    where = grad_cam(model, x, target, layer=layer, upsample=upsample, batch_size=batch_size)
    return guided_backprop(model, x, target, batch_size=batch_size) * where[:, None]


def last_with_maps(model: Any, x: Array) -> str:
    """The path of the last layer whose output is maps of more than one pixel."""
    paths = leaves(model)
    watch = cnn.Watch(*paths)
    model.forward(x, cnn.Pass(watch=watch))
    found = [path for path in paths if watch.activations[path].ndim == 4 and watch.activations[path][0, 0].size > 1]
    if not found:
        raise ValueError("grad_cam: no layer of this model outputs maps (N, C, H, W)")
    return found[-1]
