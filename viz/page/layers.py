"""Every layer: its filters, the patches and the synthetic images that excite its channels most, and dead channels."""

from __future__ import annotations

from typing import Any

import numpy as np

import minicnn as cnn
from minicnn.display import shape_text

from ..activations import activation_statistics, exciting_patches
from ..synthesis import feature_visualization
from ..synthesis.objective import Objective
from ..weights.filters import filters
from ..weights.weight_factors import weight_factors
from .sprites import Sprites, divisor, thumbnails
from .stages import Stage
from .subject import Array, Missing, Subject

TITLE = "Every layer"
SHORT = "Layers"
QUESTION = "What does each channel look for?"
PATCHES = 9
PATCH_SIDE = 48  # pixels
CONTRAST = 40.0  # levels; feature visualizations with less contrast are stretched to it
BORDER = 8  # pixels around a feature visualization that are not shown
STEPS, LARGE_STEPS = 160, 64  # of a feature visualization
IMAGINED, LARGE_IMAGINED = 64, 10  # channels of a layer that one is made for
IMAGE_SIDE, LARGE_IMAGE_SIDE = 48, 96  # its pixels, at most


def make(subject: Subject, sprites: Sprites) -> dict[str, Any]:
    stages = [stage for stage in subject.stages if stage.weighted and len(stage.shape) == 3]
    if not stages:
        raise Missing("This network has no convolutions.")
    return {"layers": [_layer(subject, sprites, place, stage) for place, stage in enumerate(stages)]}


def _layer(subject: Subject, sprites: Sprites, place: int, stage: Stage) -> dict[str, Any]:
    path = _rectified(subject, stage)
    statistics = activation_statistics(subject.model, subject.data, [path], progress=False)[path]
    exciting = exciting_patches(subject.model, subject.data, path, top=PATCHES, progress=False)
    patches = exciting.patches(subject.data, stage.channels).data
    sprites.add_images(f"patches-{place}", thumbnails(patches.reshape(-1, *patches.shape[2:]), PATCH_SIDE))
    imagined = _imagine(subject, sprites, f"imagined-{place}", stage)
    weights, why_not = _weights(subject, sprites, f"weights-{place}", stage)
    return {
        "path": stage.path,
        "kind": stage.kind,
        "shape": shape_text(stage.shape),
        "measured": path,
        "channels": [int(channel) for channel in stage.channels],
        "of": stage.shape[0],
        "weights": weights,
        "weights_missing": why_not,
        "patches": f"patches-{place}",
        "top": patches.shape[1],
        "hits": [int(count) for count in exciting.hits[stage.channels]],
        "imagined": imagined,
        "dead": [int(channel) for channel in np.flatnonzero(statistics.dead)],
        "active": [round(float(share), 4) for share in statistics.active[stage.channels]],
        "active_images": [round(float(share), 4) for share in statistics.active_images[stage.channels]],
        "strongest": [round(float(value), 3) for value in statistics.max[stage.channels]],
    }


def _rectified(subject: Subject, stage: Stage) -> str:
    """The ReLU after a stage, possibly with batch normalization between: there, a channel is either on or off."""
    after = subject.stages[subject.stages.index(stage) + 1 :]
    for following in after:
        if following.kind == "ReLU":
            return following.path
        if following.kind != "BatchNorm2d":
            break
    return stage.path


def _weights(subject: Subject, sprites: Sprites, name: str, stage: Stage) -> tuple[dict[str, Any] | None, str | None]:
    """A first layer's filters as images; a later layer's as three factors, one for each color."""
    layer = subject.model[stage.path]
    if not isinstance(layer, cnn.Conv2d):
        return None, f"A block of type {stage.kind} is made of several convolutions; it has no filters of its own."
    w = filters(subject.model, stage.path)[stage.channels]
    _, inputs, height, width = w.shape
    if inputs == 1:
        return {"sprite": sprites.add_maps(name, w[:, 0], signed=True), "kind": "signed"}, None
    if height * width == 1:
        return None, "Filters of one pixel have no shape to look at."
    if inputs == 3 and stage.path == subject.stages[0].path:
        return {"sprite": _in_colors(sprites, name, w), "kind": "colors"}, None
    if inputs < 3:
        return None, f"Filters over {inputs} channels can be shown neither in gray nor in color."
    factors = weight_factors(subject.model, stage.path)[stage.channels]
    largest = np.abs(factors).max(axis=(0, 1, 2))
    factors = factors / divisor(largest)  # or else the strongest group would hide the others
    return {"sprite": _in_colors(sprites, name, factors.transpose(0, 3, 1, 2)), "kind": "factors"}, None


def _in_colors(sprites: Sprites, name: str, w: Array) -> str:
    """Weights (n, 3, kh, kw) of both signs; gray is zero."""
    levels = 127.5 + 127.5 * w / (np.abs(w).max() or 1)
    return sprites.add_images(name, np.rint(levels).astype(np.uint8), lossless=True)


def _imagine(subject: Subject, sprites: Sprites, name: str, stage: Stage) -> dict[str, Any]:
    """The images that an optimizer finds for each channel, those of a layer in one batch."""
    large = subject.is_large
    channels = stage.channels[:: -(-len(stage.channels) // (LARGE_IMAGINED if large else IMAGINED))]
    height, width = subject.data.images.shape[2:]
    side = min(LARGE_IMAGE_SIDE if large else IMAGE_SIDE, height, width)
    found = feature_visualization(
        subject.model,
        each_its_own(stage.path, channels),
        size=side + 2 * BORDER,
        batch=len(channels),
        steps=LARGE_STEPS if large else STEPS,
        seed=subject.seed,
    )
    middle = found.images[:, :, BORDER:-BORDER, BORDER:-BORDER]  # random shifts during optimization spoil the border
    images = _with_contrast(255 * subject.model.transform.inverse(middle))
    return {"sprite": sprites.add_images(name, images), "channels": [int(channel) for channel in channels]}


def _with_contrast(images: Array) -> Array:
    """Images in 0…255, the pale ones with more contrast: their standard deviation is raised to `CONTRAST`."""
    middle = images.mean(axis=(1, 2, 3), keepdims=True)
    spread = images.std(axis=(1, 2, 3), keepdims=True)
    gain = np.where((spread > 0) & (spread < CONTRAST), CONTRAST / divisor(spread), 1)
    return np.rint(np.clip(np.where(gain > 1, 127.5, middle) + gain * (images - middle), 0, 255)).astype(np.uint8)


def each_its_own(layer: str, channels: Array) -> Objective:
    """The mean of map `channels[n]` of image n, summed over the images, so that none affects another."""

    def evaluate(activations: dict[str, Array]) -> tuple[float, dict[str, Array]]:
        A = activations[layer]
        n = np.arange(len(A))
        dA = np.zeros_like(A)
        dA[n, channels] = 1 / A[0, 0].size
        return float(A[n, channels].mean(axis=(1, 2)).sum()), {layer: dA}

    return Objective(frozenset([layer]), evaluate, f"channels of {layer}")
