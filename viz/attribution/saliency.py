"""Saliency: the pixels whose small changes affect the score most."""

from __future__ import annotations

from typing import Any

import numpy as np

from .passes import input_gradient
from .target import Array, Target


def saliency(model: Any, x: Array, target: Target = None, *, batch_size: int = 32) -> Array:
    """The magnitude of the gradient of a class's score at every pixel.

        map[n, y, x] = max_c |∂S_target / ∂x[n, c, y, x]|,    S the score before softmax

    Args:
        model: a network with outputs (N, classes).
        x: images (N, C, H, W), normalized by the model's transform.
        target: a class (its number, or its name in model.classes), one for each image, an op of the logits, or None
            for the predicted class.
        batch_size: images in memory at once.

    Returns:
        maps (N, H, W), not negative.

    Raises:
        ValueError: x is not a batch of images, or a class does not exist.

    Source: Simonyan, Vedaldi & Zisserman (2014), Deep inside convolutional networks, section 3.
    """
    return np.abs(input_gradient(model, x, target, batch_size=batch_size)).max(axis=1)
