"""Deep dream: whatever the network sees in an image, make it more so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minicnn.display import tqdm

from ..attribution.resize import resize
from .evaluate import value_and_gradient
from .objective import Array, Objective, layer
from .transformation import Roll


def deep_dream(
    model: Any,
    x: Array,
    objective: Objective | str,
    *,
    octaves: int = 4,
    octave_scale: float = 1.4,
    steps: int = 10,
    step_size: float = 0.02,
    jitter: int = 32,
    bounds: tuple[Array | float, Array | float] | None = None,
    seed: int = 0,
    progress: bool = False,
    callback: Callable[[int, Array], Any] | None = None,
) -> Array:
    """Gradient ascent on small copies of the image first, then on larger ones with the new detail added.

        x ← x + step_size · deviation(x) · g / mean|g|,    g the objective's gradient at the jittered image

    Args:
        model: any network.
        x: images (N, C, H, W), normalized by the model's transform.
        objective: what to maximize; a layer's path stands for everything it detects (½ Σ A²). Early layers give
            strokes, late ones objects.
        octaves: how many sizes, each `octave_scale` times larger than the one before.
        octave_scale: the ratio of two sizes.
        steps: on each size.
        step_size: the size of a step, as a share of the image's standard deviation.
        jitter: shift by up to this many pixels (at most a quarter of the side) before each step.
        bounds: black and white as the model sees them, to clip to; see `viz.pixel_bounds`.
        seed: of the jitter: the same seed gives the same dream.
        progress: whether to show a bar.
        callback: called with (step, images) after each step; a true return value ends the octave.

    Returns:
        images of x's shape.

    Raises:
        ValueError: an option is out of range.

    Source: Mordvintsev, Olah & Tyka (2015), Inceptionism: going deeper into neural networks.
    """
    if octaves < 1 or octave_scale <= 1 or steps < 1:
        raise ValueError(
            f"deep_dream: expected octaves ≥ 1, octave_scale > 1 and steps ≥ 1, got {octaves}, {octave_scale}, {steps}"
        )
    if isinstance(objective, str):
        objective = layer(objective)
    rng = np.random.default_rng(seed)
    step = np.asarray(step_size * x.std(), x.dtype)
    sizes = [tuple(max(8, round(side / octave_scale**k)) for side in x.shape[2:]) for k in range(octaves)][::-1]
    detail = np.zeros((*x.shape[:2], *sizes[0]), x.dtype)
    dream, done = x, 0
    with tqdm(total=octaves * steps, desc=f"dreaming of {objective.name}", disable=not progress) as bar:
        for size in sizes:
            base = resize(x, size) if size != x.shape[2:] else x
            dream = base + (detail if detail.shape == base.shape else resize(detail, size))
            shift = Roll(min(jitter, min(size) // 4))
            for _ in range(steps):
                seen, unshift = shift(dream, rng)
                _, gradient = value_and_gradient(model, seen, objective)
                g = unshift(gradient)
                dream = dream + step * g / max(float(np.abs(g).mean()), 1e-12)
                if bounds is not None:
                    dream = np.clip(dream, *bounds)
                dream = dream.astype(x.dtype, copy=False)
                bar.update()
                done += 1  # the bar counts only where it is shown
                if callback is not None and callback(done, dream):
                    break
            detail = dream - base
    return dream
