"""Style transfer: the content of one image in the style of another."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import numpy as np

import minicnn as cnn
from minicnn.deprecation import renamed, renamed_value

from ..bounds import pixel_bounds
from .ascend import Synthesis, ascend
from .objective import Array, Objective, content, gram, style, total_variation
from .parameterization import Fourier, colors_of


@renamed(picture="image", colours="colors")
def style_transfer(
    model: Any,
    image: Array,
    painting: Array,
    *,
    content_layers: Sequence[str],
    style_layers: Sequence[str],
    style_weight: float = 30.0,
    smoothness: float = 0.1,
    pooling: str = "max",
    start: str = "image",
    steps: int = 150,
    lr: float = 0.02,
    optimizer: str = "adam",
    colors: Array | None = None,
    bounds: tuple[Array | float, Array | float] | None = None,
    seed: int = 0,
    **options: Any,
) -> Synthesis:
    """An image with the features of one and the correlations between maps of the other.

        minimize content + style_weight · style + smoothness · total variation

    Each layer's term is divided by its value for a gray image, and the total variation by the image's contrast
    Σ (x − mean(x))², so that the same weights serve any network, any layers and any units of pixels. The image is
    changed in decorrelated Fourier space: in pixel space only VGG's features give good paintings, in Fourier space
    those of other networks do too.

    Args:
        model: a network trained on photographs.
        image: the content, (1, C, H, W), normalized by the model's transform.
        painting: the style, (1, C, h, w) of any size.
        content_layers: late layers, which represent objects and their positions but not exact pixels.
        style_layers: several layers, from early (texture) to late (composition).
        style_weight: the weight of style relative to content, over all layers of each.
        smoothness: the weight of the total variation.
        pooling: "max", or "average" in place of the model's max pooling (which the paper prefers).
        start: "image" or "noise".
        colors, bounds: those of `feature_visualization`.
        steps, lr, optimizer, seed, options: those of `ascend`.

    Raises:
        ValueError: an option or a layer is unknown.

    Source: Gatys, Ecker & Bethge (2016), Image style transfer using convolutional neural networks; for Fourier space
    Mordvintsev et al. (2018), Differentiable image parameterizations (Distill), "Style transfer with non-VGG
    architectures".
    """
    start = renamed_value("style_transfer: start", start, picture="image")
    if pooling not in ("max", "average") or start not in ("image", "noise"):
        raise ValueError(
            f"style_transfer: expected pooling max or average and start image or noise, got {pooling!r}, {start!r}"
        )
    if pooling == "average":
        model = with_average_pooling(model)
    low, high = bounds if bounds is not None else pixel_bounds(model)
    fourier = Fourier(image.shape, low, high, colors_of(model) if colors is None else colors)
    gray = np.zeros_like(image) + ((np.asarray(low) + np.asarray(high)) / 2).astype(image.dtype)
    objective = total_variation() * (-smoothness / (image.size * (float(image.var()) or 1.0)))
    terms: list[tuple[str, Objective, float]] = []
    for layer in content_layers:
        terms.append((layer, content(layer, _features(model, image, layer)), 1 / len(content_layers)))
    for layer in style_layers:
        features = _features(model, painting, layer)
        target = gram(features) / np.float32(features[0, 0].size)
        terms.append((layer, style(layer, target), style_weight / len(style_layers)))
    for layer, term, weight in terms:
        of_gray = abs(term.evaluate({layer: _features(model, gray, layer)})[0])
        objective = objective + term * (weight / max(of_gray, 1e-12))
    return ascend(
        model,
        objective,
        fourier,
        steps=steps,
        lr=lr,
        optimizer=optimizer,
        seed=seed,
        initial=fourier.parameters(image) if start == "image" else None,
        **options,
    )


def with_average_pooling(model: Any) -> Any:
    """A copy of the model that averages wherever the original takes the maximum."""
    model = copy.deepcopy(model)
    for _, layer in list(cnn.layers.walk(model)):
        inside = getattr(layer, "children", {})
        for name, child in inside.items():
            if type(child) is cnn.MaxPool2d:
                inside[name] = cnn.AvgPool2d(
                    child.kernel_size, child.stride, child.padding, child.ceil_mode, count_include_pad=False
                )
    return model


def _features(model: Any, x: Array, layer: str) -> Array:
    return np.asarray(model.forward(x, cnn.Pass(until=layer))[0])
