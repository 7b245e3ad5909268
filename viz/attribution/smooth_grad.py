"""SmoothGrad: the average explanation of many slightly noisy copies."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minicnn.display import tqdm

from .inputs import check_images, noise_for
from .passes import input_gradient, logits_of
from .target import Array, Target


def smooth_grad(
    model: Any,
    x: Array,
    target: Target = None,
    *,
    method: Callable[..., Array] = input_gradient,
    samples: int = 25,
    noise: float = 0.15,
    seed: int = 0,
    progress: bool = False,
    **options: Any,
) -> Array:
    """Gradients of nearly equal images fluctuate wildly; their mean does not.

        map = mean_k method(x + ε_k),    ε_k normal with deviation noise · (max(x) − min(x)) of each image

    All images of a batch get the same noise, scaled to each image's range, so the map of an image does not depend on
    the rest of the batch.

    Args:
        model, x, target: those of `saliency`. The predicted class is that of x.
        method: what to average: the plain gradient, or any method of this package.
        samples: how many noisy copies.
        noise: their deviation, as a share of the image's range.
        seed: the same seed draws the same noise.
        progress: whether to show a bar.
        options: passed on to the method.

    Returns:
        an array of the shape that the method returns.

    Raises:
        ValueError: an option is out of range, or x is not a batch of images.

    Source: Smilkov et al. (2017), SmoothGrad: removing noise by adding noise, section 2.
    """
    check_images(x)
    if samples < 1 or noise < 0:
        raise ValueError(f"smooth_grad: expected samples ≥ 1 and noise ≥ 0, got {samples} and {noise}")
    rng = np.random.default_rng(seed)
    deviation = noise * (x.max(axis=(1, 2, 3), keepdims=True) - x.min(axis=(1, 2, 3), keepdims=True))
    target = logits_of(model, x).argmax(axis=1) if target is None else target
    total: Any = 0.0
    for _ in tqdm(range(samples), desc="smooth_grad", unit="copy", disable=not progress):
        noisy = x + deviation * noise_for(x, lambda shape: rng.standard_normal(shape, dtype=np.float32))
        total = total + method(model, noisy, target, **options)
    return np.asarray(total / samples, x.dtype)
