"""The data: what the classes look like, and how many images there are of each."""

from __future__ import annotations

from typing import Any

import numpy as np

from .sprites import Sprites, thumbnails
from .subject import Array, Subject

TITLE = "The data"
SHORT = "Data"
QUESTION = "What does the network get to see?"
EXAMPLES = 10
CLASSES = 20
SIDE = 64  # pixels of a thumbnail


def make(subject: Subject, sprites: Sprites) -> dict[str, Any]:
    dataset = subject.train or subject.data
    counts = np.bincount(dataset.labels, minlength=len(dataset.classes))
    present = np.flatnonzero(counts)[:CLASSES]
    examples = [np.flatnonzero(dataset.labels == k)[:EXAMPLES] for k in present]
    side = SIDE if len(dataset) > 100 else 2 * SIDE
    sprites.add_images("examples", thumbnails(dataset.images[np.concatenate(examples)], side))
    if enough := counts.max() > EXAMPLES:
        sprites.add_images(
            "means", thumbnails(np.stack([_mean(dataset.images, dataset.labels, k) for k in present]), side)
        )
    starts = np.cumsum([0, *map(len, examples)])
    transform = subject.model.transform
    channels, height, width = dataset.images.shape[1:]
    return {
        "source": "training set" if subject.train else "test set" if subject.labeled else None,
        "classes": [
            {
                "name": str(dataset.classes[k]),
                "count": int(counts[k]),
                "share": float(counts[k] / counts.max()),
                "first": int(start),
                "examples": len(chosen),
                "mean": place if enough else None,
            }
            for place, (k, chosen, start) in enumerate(zip(present, examples, starts, strict=False))
        ],
        "more": int((counts > 0).sum() - len(present)),
        "images": len(subject.data),
        "trained_on": len(subject.train) if subject.train else None,
        "size": f"{width}×{height}",
        "colors": {1: "gray", 3: "color"}.get(channels, f"{channels}-channel"),
        "scaling": _scaling(transform),
        "reversed": transform.channels == "BGR",
        "counted": bool(counts.max() > 1),
    }


def _scaling(transform: Any) -> str | None:
    """How the transform scales a pixel, as a formula; None if it does not change it."""
    if (transform.scale, set(transform.mean), set(transform.std)) == (1, {0.0}, {1.0}):
        return None
    mean, std = (", ".join(f"{value:.4g}" for value in values) for values in (transform.mean, transform.std))
    return f"(pixel / {transform.scale:g} − {mean}) / {std}"


def _mean(images: Array, labels: Array, label: int) -> Array:
    return np.rint(images[labels == label].mean(axis=0, dtype=np.float64)).astype(np.uint8)
