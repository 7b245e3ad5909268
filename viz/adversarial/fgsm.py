"""The fast gradient sign method: one step, for every pixel in the direction that raises the loss."""

from __future__ import annotations

from typing import Any

from ..attribution.inputs import Array
from ..attribution.target import Labels
from .pgd import pgd


def fgsm(
    model: Any,
    x: Array,
    labels: Labels,
    epsilon: Array | float,
    *,
    targeted: bool = False,
    bounds: tuple[Array | float, Array | float] | None = None,
    batch_size: int = 64,
    progress: bool = False,
) -> Array:
    """One step of size ε, for every pixel in the direction that raises the loss.

        x' = x + ε · sign(∂ loss / ∂x),    loss the cross-entropy with the labels

    Args:
        model: a network with outputs (N, classes).
        x: images (N, C, H, W), normalized by the model's transform.
        labels: the true classes, by number or name, to move away from; with `targeted`, the classes to move toward (by
            −sign).
        epsilon: how far each pixel moves, in units of x: a number, or one for each channel (1, C, 1, 1). On the scale
            from black to white that is `share * (high - low)` with `low, high = pixel_bounds(model)`.
        bounds: the smallest and largest pixel value, numbers or arrays that broadcast to x; see
            `pixel_bounds`.
        batch_size: images in memory at once.
        progress: whether to show a bar.

    Returns:
        changed images, of x's shape.

    Raises:
        ValueError: ε is negative, or labels or bounds do not fit.

    Source: Goodfellow, Shlens & Szegedy (2015), Explaining and harnessing adversarial examples, section 4.
    """
    return pgd(
        model,
        x,
        labels,
        epsilon,
        steps=1,
        step_size=epsilon,
        targeted=targeted,
        bounds=bounds,
        random_start=False,
        batch_size=batch_size,
        progress=progress,
    )
