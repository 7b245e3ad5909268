"""Inversion: the picture that a layer's features remember."""

from __future__ import annotations

from typing import Any

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
    """From noise, look for a picture with the same features: what differs, the layer has forgotten.

        minimise ½ ‖Φ(x̂) − Φ(x)‖² / ‖Φ(x)‖² + smoothness · total variation(x̂)

    Args:
        model: any network.
        x: pictures (N, C, H, W), normalised by the model's transform.
        layer: whose features Φ to invert.
        smoothness: the weight of the total variation.
        steps, optimizer, seed, options: those of `ascend`.

    Source: Mahendran & Vedaldi (2015), Understanding deep image representations by inverting them, equation 1.
    """
    features, _ = model.forward(x, cnn.Pass(until=layer))
    size = float((features * features).sum(dtype="float64"))
    objective = content(layer, features) * (1 / max(size, 1e-12)) - total_variation() * (smoothness / x.size)
    return ascend(model, objective, Pixels(x.shape), steps=steps, optimizer=optimizer, seed=seed, **options)
