"""The maps that layers make of one image."""

from __future__ import annotations

from typing import Any

import numpy as np

from minicnn import Pass, Watch


def feature_maps(model: Any, x: np.ndarray, *layers: str) -> dict[str, np.ndarray]:
    """What layers put out for one image: by path, (C, H, W).

    Args:
        model: the network.
        x: the image as the network takes it, (1, C, H, W).
        layers: paths; those of the outermost layers that put out maps, if none is given.

    Raises:
        ValueError: x is not one image, or a layer is unknown or puts out no maps.
    """
    if x.ndim != 4 or len(x) != 1:
        raise ValueError(f"feature_maps: expected x (1, C, H, W), one image, got shape {x.shape}")
    watch = Watch(*(layers or model.children))
    model.forward(x, Pass(watch=watch))
    for path in layers:
        if watch.activations[path].ndim != 4:
            raise ValueError(f"feature_maps: {path} puts out {watch.activations[path].shape}, which are no maps")
    return {path: y[0].copy() for path, y in watch.activations.items() if y.ndim == 4}
