"""Guided backpropagation: a gradient that follows only excitation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .passes import input_gradient, last_before_softmax, layer_gradients, leaves
from .target import Array, Target


def guided_backprop(
    model: Any, x: Array, target: Target = None, *, layer: str | None = None, batch_size: int = 32
) -> Array:
    """The gradient of the score, with every ReLU in the backward pass also blocking negative gradients.

        dx = dy · [x > 0] · [dy > 0]    at every ReLU

    It draws crisp outlines but explains less than it seems to: the result is nearly the same for another class, and
    for a network with random last layers. It partly reconstructs the image (Nie et al. 2018); see `sanity_check`.

    Args:
        model, x, target, batch_size: those of `saliency`.
        layer: stop at this layer instead of the input.

    Returns:
        an array of x's shape, or of the layer's output.

    Raises:
        ValueError: x is not a batch of images, or a class or the layer does not exist.

    Source: Springenberg et al. (2015), Striving for simplicity: the all convolutional net, section 3.4.
    """
    if layer is None:
        return input_gradient(model, x, target, relu="guided", batch_size=batch_size)
    return layer_gradients(model, x, target, layer, relu="guided", batch_size=batch_size)[1][layer]


def guided_backprop_by_layer(
    model: Any, x: Array, target: Target = None, *, layers: Sequence[str] = (), batch_size: int = 32
) -> dict[str, Array]:
    """The gradients of guided backpropagation at every layer, from a single pass.

    The rule and its source are those of `guided_backprop`.

    Args:
        model, x, target, batch_size: those of `guided_backprop`.
        layers: which layers; by default every layer without children.

    Returns:
        by the layer's path, from the input on, an array of its output's shape (N, …).

    Raises:
        ValueError: x is not a batch of images, or a class or a layer does not exist.
    """
    if not layers:
        layers, last = leaves(model), last_before_softmax(model)
        layers = layers[: layers.index(last) + 1] if last else layers
    return layer_gradients(model, x, target, *layers, relu="guided", batch_size=batch_size)[1]
