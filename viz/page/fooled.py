"""How it can be fooled: attacks of growing size, made beforehand."""

from __future__ import annotations

from typing import Any

import numpy as np

import minicnn as cnn

from ..adversarial.pgd import pgd
from ..bounds import pixel_bounds
from .chart import chart, percent
from .sprites import Sprites
from .subject import Array, Subject, probability

TITLE = "How it can be fooled"
SHORT = "Fooled"
QUESTION = "How small a change of the pixels changes its mind?"
EPSILONS = (0, 1, 2, 4, 6, 8, 12, 16, 24, 32, 48)  # of 255 levels of brightness
SMALL_EPSILONS = (0, 1, 2, 4, 8)  # for large networks, which smaller changes fool
STEPS = 10
TESTED = 500
TOP = 5


def make(subject: Subject, sprites: Sprites) -> dict[str, Any]:
    e = subject.evaluation
    levels = SMALL_EPSILONS if subject.is_large else EPSILONS
    original = subject.data.images[subject.chosen]
    believed = e.predictions[subject.chosen]
    attacked = [_attack(subject, original, believed, level) for level in levels]
    images = np.stack(attacked, axis=1)  # (images, ε, C, H, W)
    changes = (images.astype(np.float32) - original[:, None]).mean(axis=2)
    sprites.add_images("attacked", images.reshape(-1, *original.shape[1:]), lossless=True)
    sprites.add_maps("changes", changes.reshape(-1, *original.shape[2:]), signed=True, each=True)
    guesses = [[_likeliest(row) for row in _probabilities(subject, column)] for column in images]
    return {
        "levels": list(levels),
        "guesses": guesses,
        "amplified": [[int(np.abs(c).max()) for c in image] for image in changes],
        **_accuracy(subject, levels),
    }


def _attack(subject: Subject, images: Array, labels: Array, level: int) -> Array:
    """Adversarial images uint8 whose pixels differ from the original by at most `level`: a file could store them."""
    if level == 0:
        return images
    transform = subject.model.transform
    epsilon = level / transform.scale / max(transform.std)  # no channel changes by more than `level`
    x = np.asarray(transform(images))
    changed = pgd(subject.model, x, labels, epsilon, steps=STEPS, seed=subject.seed, bounds=pixel_bounds(subject.model))
    return np.rint(255 * transform.inverse(changed)).astype(np.uint8)


def _probabilities(subject: Subject, images: Array) -> Array:
    scores = subject.model(subject.model.transform(np.ascontiguousarray(images)))
    return np.asarray(cnn.ops.softmax(scores)[0])


def _likeliest(probabilities: Array) -> list[list[float]]:
    """The first few classes, each with its probability."""
    order = np.argsort(-probabilities, kind="stable")[:TOP]
    return [[int(k), probability(probabilities[k])] for k in order]


def _accuracy(subject: Subject, levels: tuple[int, ...]) -> dict[str, Any]:
    """The share of images that are classified correctly, for each size of the attack."""
    if not subject.labeled or subject.is_large:
        why = (
            "the classes of these images are not the network's"
            if not subject.labeled
            else "it would take long for a network of this size"
        )
        return {"curve": None, "curve_missing": f"The accuracy was not measured: {why}."}
    some = subject.gallery if len(subject.gallery) <= TESTED else np.sort(_sample(subject))
    images, labels = subject.data.images[some], subject.data.labels[some]
    accuracy = [
        float((_probabilities(subject, _attack(subject, images, labels, level)).argmax(axis=1) == labels).mean())
        for level in levels
    ]
    drawn = chart(
        {"accuracy": list(zip(map(float, levels), accuracy, strict=True))},
        x_label="ε, in levels of 255",
        y_label=f"accuracy on {len(some)} images",
        x_ticks=[0, 8, 16, 24, 32, 40, 48],
        y_ticks=[0, 0.25, 0.5, 0.75, 1],
        y_format=percent,
    )
    return {"curve": drawn, "accuracy": accuracy, "tested": len(some), "curve_missing": None}


def _sample(subject: Subject) -> Array:
    return np.random.default_rng(subject.seed).permutation(len(subject.data))[:TESTED]
