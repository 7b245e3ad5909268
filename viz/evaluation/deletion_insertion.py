"""Deletion and insertion: if a map identifies the pixels that matter, removing those first must have the largest
effect."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.ndimage import gaussian_filter

import minicnn as cnn
from minicnn.display import Shown, drawing, tqdm

from ..attribution.inputs import baselines_for, batches, check_images
from ..attribution.passes import logits_of
from ..attribution.target import Array, Target, check_target, upstream


@dataclass(frozen=True, repr=False)
class PixelCurve(Shown):
    """The class's probability while pixels are replaced, the most important first.

    Attributes:
        shares: the share of pixels replaced, from 0 to 1, (steps + 1,).
        probabilities: of the class, (N, steps + 1).
        done: what is done to the pixels, "removed" or "inserted".
    """

    shares: Array
    probabilities: Array
    done: str = "exchanged"

    @property
    def areas(self) -> Array:
        """The area under each image's curve, (N,), from 0 to 1."""
        return np.trapezoid(self.probabilities, self.shares, axis=1)

    def _headline(self) -> str:
        count = len(self.probabilities)
        return f"{count} image{'s' * (count != 1)}, {len(self.shares) - 1} steps, mean area {self.areas.mean():.3f}"

    def plot(self) -> Any:
        """The mean curve (`viz.plot.pixel_curve`)."""
        return drawing().pixel_curve(self)


def deletion_curve(
    model: Any,
    x: Array,
    maps: Array,
    target: Target = None,
    *,
    steps: int = 50,
    baseline: Array | float = 0.0,
    batch_size: int = 64,
    progress: bool = False,
) -> PixelCurve:
    """Remove the pixels that a map ranks as most important, and measure how soon the class is lost.

        p[k] = softmax(logits(x with the k/steps most important pixels replaced by the baseline))[target]

    The smaller the area under it, the better the map. For the level of chance, use a map of random numbers.

    Args:
        model: a network with outputs (N, classes).
        x: images (N, C, H, W), normalized by the model's transform.
        maps: their explanations, (N, H, W), or (N, C, H, W), of which the channels are added up.
        target: a class (its number or name), one for each image, or None for the predicted class of x.
        steps: the number of equal parts in which pixels are replaced.
        baseline: what replaces them, a number or an array that broadcasts to x.
        batch_size: changed images in memory at once.
        progress: whether to show a bar.

    Raises:
        ValueError: maps do not fit the images, an option is out of range, or the target is an op.

    Source: Petsiuk, Das & Saenko (2018), RISE: randomized input sampling for explanation of black-box models,
    section 4.2.
    """
    return _curve(model, x, maps, target, x, baseline, steps, batch_size, progress, "removed")


def insertion_curve(
    model: Any,
    x: Array,
    maps: Array,
    target: Target = None,
    *,
    steps: int = 50,
    baseline: Array | float | None = None,
    batch_size: int = 64,
    progress: bool = False,
) -> PixelCurve:
    """Insert the pixels that a map ranks as most important into a blurred image, and measure how soon the class
    appears.

        p[k] = softmax(logits(baseline with the k/steps most important pixels of x))[target]

    The larger the area under it, the better the map. Arguments, shapes, errors and source are those of
    `deletion_curve`, but the baseline is by default x itself, blurred (a Gaussian of 5 pixels' deviation): a few pixels
    set into a constant image would have sharp edges, which are evidence themselves.
    """
    check_images(x)
    start = gaussian_filter(x, (0, 0, 5, 5)) if baseline is None else baseline
    return _curve(model, x, maps, target, start, x, steps, batch_size, progress, "inserted")


def _curve(
    model: Any,
    x: Array,
    maps: Array,
    target: Target,
    before: Array | float,
    after: Array | float,
    steps: int,
    batch_size: int,
    progress: bool,
    done: str,
) -> PixelCurve:
    """The target's probability while pixels of `before` are replaced by those of `after`."""
    target = check_target(model, x, target)
    N, _, H, W = x.shape
    maps = maps.sum(axis=1) if maps.ndim == 4 else maps
    if maps.shape != (N, H, W):
        raise ValueError(f"expected maps of shape {(N, H, W)}, one for each image, got {maps.shape}")
    if not np.isfinite(maps).all():
        raise ValueError("expected finite maps: NaN has no rank")
    if not 1 <= steps <= H * W:
        raise ValueError(f"expected from 1 to {H * W} steps, one for each pixel, got {steps}")
    if callable(target):
        raise ValueError("expected classes as target: an op of the logits has no probability")
    logits = logits_of(model, x, batch_size)
    classes = upstream(logits, target).argmax(axis=1)
    before, after = baselines_for(x, before), baselines_for(x, after)
    counts = np.round(np.linspace(0, H * W, steps + 1)).astype(int)
    probabilities = np.empty((N, steps + 1))
    with tqdm(total=N * len(counts), desc="exchanging pixels", unit="image", disable=not progress) as bar:
        for n in range(N):
            rank = np.empty(H * W, int)
            rank[np.argsort(-maps[n].ravel(), kind="stable")] = np.arange(H * W)
            for part in batches(counts, batch_size):
                exchanged = rank < counts[part, None]
                changed = np.where(exchanged.reshape(-1, 1, H, W), after[n], before[n])
                scores, _ = cnn.ops.softmax(logits_of(model, changed, batch_size))
                probabilities[n, part] = scores[:, classes[n]]
                bar.update(len(changed))
    return PixelCurve(counts / (H * W), probabilities, done)
