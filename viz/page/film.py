"""Watch it learn: the network at several moments of its training, all views driven by one slider."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

import minicnn as cnn

from ..factorize import PCA
from ..features import extract_features
from .program import as_text
from .space import last_hidden
from .sprites import Sprites
from .subject import Array, Missing, Subject, probability

if TYPE_CHECKING:
    from minicnn.training import Snapshot

TITLE = "Watch it learn"
QUESTION = "What does it learn first, and what takes long?"
POINTS = 400  # images of the feature space
FEWEST = 30
MOST_WEIGHTS = 4_000_000  # of all moments together
DIGITS = 3


def wanted(subject: Subject) -> bool:
    return bool(subject.snapshots)


def check(model: Any, moments: Sequence[Snapshot]) -> None:
    """Reject snapshots of another network.

    Raises:
        ValueError: a snapshot's arrays differ from the model's in name or shape.
    """
    expected = {name: array.shape for name, array in model.state().items()}
    for moment in moments:
        if {name: array.shape for name, array in moment.model.state().items()} != expected:
            raise ValueError(f"atlas: expected snapshots of this network, but the one {moment} is of another")


def make(subject: Subject, sprites: Sprites) -> dict[str, Any]:
    size = sum(array.size for array in subject.model.state().values())
    moments = _thinned(subject.snapshots, max(2, MOST_WEIGHTS // size))
    results = [cnn.evaluate(moment.model, subject.data) for moment in moments] if subject.labeled else []
    return {
        "moments": [str(moment) for moment in moments],
        "weights": [as_text(subject.program.weights(moment.model), "float16") for moment in moments]
        if subject.program
        else None,
        "accuracy": [probability(result.accuracy) for result in results] or None,
        "per_class": [
            [None if np.isnan(value) else probability(value) for value in result.per_class] for result in results
        ]
        or None,
        "tested": len(subject.data),
        "space": _space(subject, [moment.model for moment in moments], results),
    }


def _thinned(moments: Sequence[Any], most: int) -> list[Any]:
    """At most `most` of the moments, evenly spaced, including the first and the last."""
    places = np.linspace(0, len(moments) - 1, min(len(moments), most))
    return [moments[i] for i in places.round().astype(int)]


def _space(subject: Subject, models: list[Any], results: list[Any]) -> dict[str, Any] | None:
    """Some images as points at each moment, in the plane of the finished network's first two principal components."""
    if len(subject.sample) < FEWEST:
        return None
    try:
        layer = last_hidden(subject).path
    except Missing:
        return None
    places = np.sort(np.random.default_rng(subject.seed).permutation(subject.sample)[:POINTS])
    indices = subject.gallery[places]
    some = subject.data.subset(indices)
    features = [extract_features(model, some, layer, average=True, progress=False) for model in models]
    if features[-1].shape[1] < 2:
        return None
    plane = PCA(n_components=2, random_state=subject.seed).fit(features[-1])
    points = np.stack([_within(plane, x) for x in features])
    low, span = points.min(axis=(0, 1)), np.ptp(points, axis=(0, 1)).max() or 1.0
    unit = (points - low) / span + (1 - np.ptp(points, axis=(0, 1)) / span) / 2
    right = [(result.predictions == result.labels)[indices].astype(int).tolist() for result in results]
    return {
        "layer": layer,
        "places": places.tolist(),
        "points": np.round(unit, DIGITS).tolist(),
        "right": right or None,
    }


def _within(plane: PCA, features: Array) -> Array:
    """Points (n, 2); y points down, as on a screen."""
    return np.asarray(plane.transform(features), np.float64) * (1, -1)
