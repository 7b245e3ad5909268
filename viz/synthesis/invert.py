"""Inversion: reconstructing an image from a layer's features."""

from __future__ import annotations

from typing import Any

import numpy as np

import minicnn as cnn

from .ascend import Synthesis, ascend
from .objective import Array, content, total_variation
from .parameterization import Pixels


def invert(
    model: Any,
    x: Array,
    layer: str,
    *,
    smoothness: float = 1e-3,
    steps: int = 200,
    optimizer: str = "lbfgs",
    seed: int = 0,
    **options: Any,
) -> Synthesis:
    """Starting from noise, find an image with the same features. Where it differs, the layer has lost information.

        minimize ½ ‖Φ(x̂) − Φ(x)‖² / ‖Φ(x)‖² + smoothness · total variation(x̂) / Σ (x − mean(x))²

    Args:
        model: any network.
        x: images (N, C, H, W), normalized by the model's transform.
        layer: whose features Φ to invert.
        smoothness: the weight of the total variation, which is measured in the image's own contrast.
        steps, optimizer, seed, options: those of `ascend`.

    Returns:
        the images (N, C, H, W) as the model sees them, and the objective at each step.

    Raises:
        ValueError: the layer does not exist, or an option is out of range.

    Source: Mahendran & Vedaldi (2015), Understanding deep image representations by inverting them, equation 1.
    """
    features, _ = model.forward(x, cnn.Pass(until=layer))
    size = float((features * features).sum(dtype=np.float64))
    center, contrast = float(x.mean()), float(x.std()) or 1.0
    objective = content(layer, features) * (1 / max(size, 1e-12))
    objective -= total_variation() * (smoothness / (x.size * contrast**2))
    pixels = Pixels(x.shape, center, contrast)
    return ascend(model, objective, pixels, steps=steps, optimizer=optimizer, seed=seed, **options)
