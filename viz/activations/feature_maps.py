"""The feature maps of one image."""

from __future__ import annotations

from typing import Any

import numpy as np

from minicnn import Pass, Watch


def feature_maps(model: Any, x: np.ndarray, *layers: str) -> dict[str, np.ndarray]:
    """The output maps of layers for one image: by path, (C, H, W).

    Args:
        model: the network.
        x: the image as the network's input, (1, C, H, W).
        layers: paths; by default the outermost layers that output maps.

    Raises:
        ValueError: x is not one image, or a layer is unknown or does not output maps.
    """
    if x.ndim != 4 or len(x) != 1:
        raise ValueError(f"feature_maps: expected x (1, C, H, W), one image, got shape {x.shape}")
    watch = Watch(*(layers or model.children))
    model.forward(x, Pass(watch=watch))
    for path in layers:
        if watch.activations[path].ndim != 4:
            raise ValueError(f"feature_maps: {path} outputs {watch.activations[path].shape}, which are not maps")
    return {path: y[0].copy() for path, y in watch.activations.items() if y.ndim == 4}
