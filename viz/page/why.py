"""Why: nine explanations of one decision, and whether each depends on what the network has learned."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .. import attribution
from ..evaluation.sanity_check import sanity_check
from .sprites import Sprites, divisor, shrunk
from .subject import Array, Missing, Subject

TITLE = "Why"
QUESTION = "Which pixels speak for a class, and which of the explanations can be trusted?"
SIDE = 96  # pixels of a map
CLASSES = 10  # explained for each image: the likeliest
LARGE_CLASSES = 3
CHECKED, LARGE_CHECKED = 16, 6  # images of the sanity check
SATURATED = 0.995  # the quantile of the magnitudes at the end of the color scale


@dataclass(frozen=True)
class Method:
    """An attribution method, and what the page says about it; `signed` if a map has evidence for and against."""

    name: str
    title: str
    about: str
    run: Callable[..., Array]
    signed: bool = True
    options: dict[str, Any] = field(default_factory=dict)


def make(subject: Subject, sprites: Sprites) -> dict[str, Any]:
    x = subject.x
    e = subject.evaluation
    if len(e.classes) < 2:
        raise Missing("There is only one class, so there is nothing to decide.")
    count = min(LARGE_CLASSES if subject.is_large else CLASSES, len(e.classes))
    order = np.argsort(-e.probabilities[subject.chosen], axis=1, kind="stable")
    explained = np.sort(order[:, :count], axis=1)
    methods, left_out = [], []
    for method in _methods(subject):
        try:
            maps = [
                shrunk(_signed(method.run(subject.model, x, explained[:, k], **method.options)), SIDE)
                for k in range(count)
            ]
        except ValueError as error:  # the method needs something that this network lacks
            left_out.append({"title": method.title, "reason": str(error)})
            continue
        stack, strength = _scaled(np.stack(maps, axis=1))
        sprites.add_maps(f"why-{method.name}", stack.reshape(-1, *stack.shape[2:]), signed=method.signed)
        methods.append(
            {
                "name": method.name,
                "title": method.title,
                "about": method.about,
                "signed": method.signed,
                "sprite": f"why-{method.name}",
                "empty": (np.ptp(stack, axis=(2, 3)) == 0).tolist(),
                "strength": np.round(strength, 4).tolist(),
                **_check(subject, method),
            }
        )
    sprites.add_images("whole", shrunk_images(subject))
    side, stride = _window(subject)
    return {
        "methods": methods,
        "left_out": left_out,
        "explained": explained.tolist(),
        "slow": subject.is_large,
        "window": {"side": side, "stride": stride},
    }


def _check(subject: Subject, method: Method) -> dict[str, Any]:
    """The verdict of `SanityCheck`, over more images than are shown."""
    some = np.union1d(subject.chosen, subject.gallery)
    x = subject.inputs(some[:: -(-len(some) // (LARGE_CHECKED if subject.is_large else CHECKED))])
    check = sanity_check(method.run, subject.model, x, seed=subject.seed, **method.options)
    medians = [round(float(median), 3) for median in itertools.takewhile(np.isfinite, check.medians)]
    compared = int(check.compared[check.middle])
    return {
        "passed": check.passed,
        "likeness": medians[check.middle] if compared else None,
        "verdict": check.verdict,
        "curve": [1.0, *medians],
        "checked": compared,
    }


def shrunk_images(subject: Subject) -> Array:
    """The chosen images, shrunk to a size at which they are shown."""
    images = subject.data.images[subject.chosen]
    planes = shrunk(images.reshape(-1, *images.shape[2:]), 2 * SIDE + 32)
    return np.rint(planes).astype(np.uint8).reshape(*images.shape[:2], *planes.shape[1:])


def _window(subject: Subject) -> tuple[int, int]:
    """The side of the square that occlusion hides, and the steps at which it does."""
    side = max(1, min(subject.data.images.shape[2:]) // 4)
    return side, max(1, side // 2 if subject.is_large else side // 3)


def _methods(subject: Subject) -> list[Method]:
    side, stride = _window(subject)
    steps, samples = (16, 8) if subject.is_large else (32, 16)
    a = attribution
    return [
        Method(
            "occlusion",
            "Occlusion",
            "how much the score drops when a gray square hides the place",
            a.occlusion,
            options={"window": side, "stride": stride},
        ),
        Method("saliency", "Saliency", "how steeply the score changes with each pixel", a.saliency, signed=False),
        Method(
            "gradinput",
            "Gradient × input",
            "each pixel’s value times the slope of the score there",
            a.gradient_times_input,
        ),
        Method(
            "integrated",
            "Integrated gradients",
            "each pixel’s share of the rise of the score from the mean image",
            a.integrated_gradients,
            options={"steps": steps},
        ),
        Method(
            "smooth", "SmoothGrad", "the mean gradient of noisy copies", a.smooth_grad, options={"samples": samples}
        ),
        Method("gradcam", "Grad-CAM", "where the last maps hold evidence", a.grad_cam, signed=False),
        Method(
            "guided",
            "Guided backpropagation",
            "the gradient, but every ReLU passes only its positive part",
            a.guided_backprop,
        ),
        Method(
            "guidedcam", "Guided Grad-CAM", "guided backpropagation where Grad-CAM sees evidence", a.guided_grad_cam
        ),
        Method("deconvnet", "Deconvnet", "the network run backward from the score", a.deconvnet),
    ]


def _signed(maps: Array) -> Array:
    """One number for each pixel, (N, H, W): the sum over the colors."""
    return maps.sum(axis=1) if maps.ndim == 4 else maps


def _scaled(maps: Array) -> tuple[Array, Array]:
    """Maps (images, classes, H, W), each scaled to −1…1; and each one's strength relative to the image's strongest."""
    ends = np.quantile(np.abs(maps), SATURATED, axis=(2, 3), keepdims=True)
    largest = np.abs(maps).max(axis=(2, 3), keepdims=True)
    ends = np.where(ends > 0, ends, divisor(largest))
    strongest = largest.max(axis=1, keepdims=True)
    return np.clip(maps / ends, -1, 1), (largest / divisor(strongest))[..., 0, 0]
