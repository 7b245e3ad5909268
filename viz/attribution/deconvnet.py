"""Deconvnet: project an activation back to the image that caused it."""

from __future__ import annotations

from typing import Any

import numpy as np

import minicnn as cnn
from minicnn.training import check_initialized

from .inputs import batches, check_images
from .passes import input_gradient
from .target import Array, Target


def deconvnet(
    model: Any,
    x: Array,
    target: Target = None,
    *,
    layer: str | None = None,
    channel: int | None = None,
    position: tuple[int, int] | None = None,
    batch_size: int = 32,
) -> Array:
    """Keep one activation, or one map, set all others to zero, and run the network in reverse.

    In the backward pass, layer by layer: unpool by the switches (max pooling's pullback), rectify (ReLU's rule
    "deconv":
    keep the gradient where it is positive, whatever the activation was), filter by the transposed filters (the
    convolution's pullback). No ReLU follows the first layer's transposed filter, so the result has both signs.

    Like guided backpropagation, this partly reconstructs the image, whatever the class (Nie et al. 2018).

    Args:
        model, x, target, batch_size: those of `saliency`; the target is used if no layer is given.
        layer: start from this layer's output (N, C, H, W) instead of a class.
        channel: the map to keep; by default the one with the strongest activation.
        position: (row, column) of the only activation to keep in it; by default the whole map.

    Returns:
        an array of x's shape.

    Raises:
        ValueError: the layer has no maps, or no such channel or position; channel or position without a layer.

    Source: Zeiler & Fergus (2014), Visualizing and understanding convolutional networks, section 2.1.
    """
    if layer is None:
        if channel is not None or position is not None:
            raise ValueError("deconvnet: channel and position choose an activation of a layer; give the layer")
        return input_gradient(model, x, target, relu="deconv", batch_size=batch_size)
    check_images(x)
    check_initialized("deconvnet", model)
    projection = np.empty_like(x)
    for part in batches(x, batch_size):
        maps, pullback = model.forward(x[part], cnn.Pass(relu="deconv", until=layer))
        projection[part], _ = pullback(_kept(maps, layer, channel, position), wants="input")
    return projection


def _kept(maps: Array, layer: str, channel: int | None, position: tuple[int, int] | None) -> Array:
    """The activations with all but the chosen ones set to zero."""
    if maps.ndim != 4:
        raise ValueError(f"deconvnet: expected {layer!r} to output maps (N, C, H, W), got {maps.shape}")
    N, C, H, W = maps.shape
    if channel is not None and not 0 <= channel < C:
        raise ValueError(f"deconvnet: {layer!r} has channels 0 to {C - 1}, got {channel}")
    if position is not None and not (0 <= position[0] < H and 0 <= position[1] < W):
        raise ValueError(f"deconvnet: the maps of {layer!r} are {H} x {W}, got position {position}")
    chosen = np.full(N, channel) if channel is not None else maps.max(axis=(2, 3)).argmax(axis=1)
    rows, columns = (slice(None), slice(None)) if position is None else position
    kept = np.zeros_like(maps)
    for n in range(N):
        kept[n, chosen[n], rows, columns] = maps[n, chosen[n], rows, columns]
    return kept
