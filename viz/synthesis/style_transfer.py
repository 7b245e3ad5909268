"""Style transfer: what is in one picture, painted as another."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import numpy as np

import minicnn as cnn

from .ascend import Synthesis, ascend
from .objective import Array, Objective, content, gram, style, total_variation
from .parameterization import Pixels


def style_transfer(
    model: Any,
    picture: Array,
    painting: Array,
    *,
    content_layers: Sequence[str],
    style_layers: Sequence[str],
    style_weight: float = 1e3,
    smoothness: float = 1e-4,
    pooling: str = "max",
    start: str = "picture",
    steps: int = 200,
    optimizer: str = "lbfgs",
    seed: int = 0,
    **options: Any,
) -> Synthesis:
    """A picture with the features of one and the correlations between maps of the other.

        minimise content + style_weight · style + smoothness · total variation

    Each layer's term is divided by what it is for a blank picture, and the total variation by the picture's contrast
    Σ (x − mean(x))², so that the same weights serve any network, any layers and any units of pixels.

    Args:
        model: a network trained on photographs.
        picture: whose content to keep, (1, C, H, W), normalised by the model's transform.
        painting: whose style to take, (1, C, h, w) of any size.
        content_layers: late layers: they know what is where, and not the exact pixels.
        style_layers: several, from early to late: from grain to composition.
        style_weight: how much style counts against content.
        smoothness: the weight of the total variation.
        pooling: "max", or "average" in place of the model's max pooling (which the paper prefers).
        start: from the "picture", or from "noise".
        steps, optimizer, seed, options: those of `ascend`.

    Raises:
        ValueError: an option or a layer is unknown.

    Source: Gatys, Ecker & Bethge (2016), Image style transfer using convolutional neural networks.
    """
    if pooling not in ("max", "average") or start not in ("picture", "noise"):
        raise ValueError(
            f"style_transfer: expected pooling max or average and start picture or noise, got {pooling!r}, {start!r}"
        )
    if pooling == "average":
        model = with_average_pooling(model)
    blank = np.zeros_like(picture)
    terms: list[tuple[Objective, float]] = []
    for layer in content_layers:
        features = _features(model, picture, layer)
        terms.append((content(layer, features), 1.0))
    for layer in style_layers:
        features = _features(model, painting, layer)
        target = gram(features) / np.float32(features[0, 0].size)
        terms.append((style(layer, target), style_weight / len(style_layers)))
    contrast = float(picture.std()) or 1.0
    pixels = Pixels(picture.shape, float(picture.mean()), contrast)
    objective = total_variation() * (-smoothness / (picture.size * contrast**2))
    for term, weight in terms:
        (layer,) = term.layers
        of_blank = abs(term.evaluate({layer: _features(model, blank, layer)})[0])
        objective = objective + term * (weight / max(of_blank, 1e-12))
    initial = pixels.parameters(picture) if start == "picture" else None
    return ascend(
        model,
        objective,
        pixels,
        steps=steps,
        optimizer=optimizer,
        seed=seed,
        initial=initial,
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
