"""Expanded weights: a neuron's connections to a layer several layers below."""

from __future__ import annotations

from typing import Any

import numpy as np

import minicnn as cnn
from minicnn.receptive_field import Field, receptive_fields

from ..progress import bar
from ..synthesis.style_transfer import with_average_pooling


def expanded_weights(
    model: Any,
    source: str | None,
    layer: str,
    *,
    input_shape: tuple[int, int, int],
    batch_size: int = 32,
    progress: bool | None = None,
) -> np.ndarray:
    """The weights of the linear map that is nearest to the network between two layers.

    The product of adjacent layers' weights, over all paths (residual and parallel ones too), is the gradient of
    a network whose non-linearities are replaced by the linear maps nearest to them: ReLU by the identity
    (`Pass(relu="linear")`), max pooling by the average. It is taken for the neurons in the middle of `layer`'s maps.

        w[o, c, i, j] = ∂ layer[o, center] / ∂ source[c, place (i, j) of the neuron's field]

    Args:
        model: any network.
        source: the lower layer, whose channels are the weights' inputs; None for the image itself.
        layer: the upper layer.
        input_shape: (C, H, W) of an image, large enough that the middle neuron's field lies inside.
        batch_size: neurons in memory at once.
        progress: show a bar on stderr; None: only if stderr is a terminal.

    Returns:
        (out, in, kh, kw), the window that a neuron of `layer` sees of `source`; 0 beyond the edge.

    Raises:
        ValueError: a layer does not exist or has no fixed field, or `source` is not below `layer`.

    Source: Voss et al. (2021), Visualizing weights (Distill), "Expanded weights".
    """
    fields = receptive_fields(model)
    upper, lower = fields.get(layer), Field() if source is None else fields.get(source)
    if upper is None or lower is None:
        odd = layer if upper is None else source
        raise ValueError(f"expanded_weights: expected a layer with a fixed receptive field, got {odd!r}")
    linear = with_average_pooling(model)
    names = () if source is None else (source,)
    watch = cnn.Watch(*names)
    blank = np.zeros((1, *input_shape), next(iter(model.parameters().values())).dtype)
    maps, _ = linear.forward(blank, cnn.Pass(until=layer, watch=watch))
    if source is not None and source not in watch.activations:
        raise ValueError(f"expanded_weights: {source!r} is not below {layer!r}")
    out, (row, column) = maps.shape[1], (side // 2 for side in maps.shape[2:])
    box = _window(upper, lower, row, column)
    count = min(batch_size, out)
    watch = cnn.Watch(*names)
    pass_ = cnn.Pass(relu="linear", until=layer, watch=watch)
    y, pullback = linear.forward(np.repeat(blank, count, axis=0), pass_)  # once: a linear map is the same everywhere
    weights = []
    with bar(f"weights up to {layer}", out, "neurons", progress) as shown:
        for first in range(0, out, count):
            chosen = np.arange(first, min(first + count, out))
            dy = np.zeros_like(y)
            dy[np.arange(len(chosen)), chosen, row, column] = 1
            dx, _ = pullback(dy, wants="input")
            gradient = dx if source is None else watch.gradients[source]
            weights.append(_cut(gradient[: len(chosen)], box))
            shown.update(len(chosen))
    return np.concatenate(weights)


def _window(upper: Field, lower: Field, row: int, column: int) -> tuple[int, int, int, int]:
    """(top, left, bottom, right) of what the neuron sees, in places of the lower layer."""
    ends = []
    for axis, place in enumerate((row, column)):
        start = upper.offset[axis] + place * upper.stride[axis] - lower.offset[axis]
        count = (upper.size[axis] - lower.size[axis]) // lower.stride[axis] + 1
        ends.append((start // lower.stride[axis], start // lower.stride[axis] + count))
    (top, bottom), (left, right) = ends
    return top, left, bottom, right


def _cut(gradient: np.ndarray, box: tuple[int, int, int, int]) -> np.ndarray:
    """The part of the maps (N, C, H, W) in the box, with zeros beyond their edges."""
    top, left, bottom, right = box
    H, W = gradient.shape[2:]
    window = np.zeros((*gradient.shape[:2], bottom - top, right - left), gradient.dtype)
    y0, y1, x0, x1 = max(0, top), min(H, bottom), max(0, left), min(W, right)
    window[:, :, y0 - top : y1 - top, x0 - left : x1 - left] = gradient[:, :, y0:y1, x0:x1]
    return window
