"""A convolution's filters, for display."""

from __future__ import annotations

from typing import Any

import numpy as np


def filters(model: Any, layer: str | None = None) -> np.ndarray:
    """The weights of a convolution, (out, in/groups, kh, kw), copied; red, green, blue where its input is an image.

    Args:
        model: the model.
        layer: the convolution's path; by default the first one, which sees the image itself.

    Raises:
        ValueError: there is no such convolution.
    """
    weights = {
        path.removesuffix("weight").removesuffix("."): array
        for path, array in model.parameters().items()
        if array.ndim == 4
    }
    first = next(iter(weights), None)
    if layer is None:
        layer = first
    if layer is None or layer not in weights:
        known = f"there are {', '.join(weights)}" if weights else "the model has none"
        raise ValueError(f"filters: expected the path of a convolution, got {layer!r}; {known}")
    found = weights[layer]
    reversed_colors = layer == first and getattr(model.transform, "channels", None) == "BGR"
    return found[:, ::-1].copy() if reversed_colors else found.copy()
