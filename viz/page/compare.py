"""Two networks side by side: the same image, layer by layer, and where they disagree."""

from __future__ import annotations

from typing import Any

import numpy as np

import minicnn as cnn

from .program import as_text
from .sprites import Sprites
from .stages import outer_stages
from .subject import Array, Missing, Subject, probability

TITLE = "Side by side"
QUESTION = "What do two networks make of the same image, and where do they disagree?"
SHOWN = 48  # images of each kind of disagreement
CHANNELS = 12  # of a layer
COMPARED = 256  # images on which the similarity of two layers is measured


def wanted(subject: Subject) -> bool:
    return subject.other is not None


def make(subject: Subject, sprites: Sprites) -> dict[str, Any]:
    other = subject.other
    assert other is not None
    if subject.program is None or other.program is None:
        raise Missing(f"The page must run both networks. {subject.program_missing or other.program_missing}")
    mine = subject.evaluation
    theirs = cnn.evaluate(other.model, subject.judged)
    own, their = outer_stages(subject.model), outer_stages(other.model)
    both = [path for path in own if path in their]
    likeness = _likeness(subject, other.model, both)
    paths = [*own, *(path for path in their if path not in own)]
    return {
        "titles": [subject.title, other.title],
        "program": other.program.to_dict(),
        "weights": as_text(other.program.weights(), other.program.precision),
        "accuracy": [probability(mine.accuracy), probability(theirs.accuracy)] if subject.labeled else None,
        "parameters": [sum(a.size for a in model.state().values()) for model in (subject.model, other.model)],
        "tested": len(subject.data),
        "layers": [
            {"path": path, "in": [path in own, path in their], "likeness": likeness.get(path)} for path in paths
        ],
        "channels": CHANNELS,
        "groups": _groups(subject, other.title, theirs),
    }


def _groups(subject: Subject, title: str, theirs: cnn.Evaluation) -> list[dict[str, Any]]:
    """For each kind of disagreement the number of images, and the places of the surest ones in the gallery."""
    mine = subject.evaluation
    differ = mine.predictions != theirs.predictions
    kinds = {"The two disagree": differ}
    if subject.labeled:
        right, also = mine.predictions == mine.labels, theirs.predictions == mine.labels
        kinds = {
            f"Only {subject.title} is right": differ & right,
            f"Only {title} is right": differ & also,
            "Both are wrong, each in its own way": differ & ~right & ~also,
        }
    sure = mine.probabilities.max(axis=1) + theirs.probabilities.max(axis=1)
    shown = subject.gallery
    groups = []
    for name, chosen in kinds.items():
        places = np.flatnonzero(chosen[shown])
        order = places[np.argsort(-sure[shown[places]], kind="stable")][:SHOWN]
        answers = [int(k) for k in theirs.predictions[shown[order]]]
        groups.append({"name": name, "count": int(chosen.sum()), "places": order.tolist(), "theirs": answers})
    return groups


def _likeness(subject: Subject, other: Any, paths: list[str]) -> dict[str, float]:
    """Linear CKA of each layer that both have (Kornblith et al., 2019): 1 if one's features are the other's, rotated.

    K = X·Xᵀ of the centered features X (images, numbers):  CKA = ⟨K, L⟩ / (‖K‖·‖L‖)
    """
    some = np.sort(np.random.default_rng(subject.seed).permutation(len(subject.data))[:COMPARED])
    if len(some) < 3 or not paths:
        return {}
    grams = []
    for model in (subject.model, other):
        watch = cnn.Watch(*paths)
        model.forward(model.transform(subject.data.images[some]), cnn.Pass(watch=watch))
        grams.append({path: _gram(watch.activations[path]) for path in paths})
    found = {}
    for path in paths:
        k, m = grams[0][path], grams[1][path]
        norm = np.linalg.norm(k) * np.linalg.norm(m)
        if norm > 0:
            found[path] = round(float((k * m).sum() / norm), 3)
    return found


def _gram(y: Array) -> Array:
    x = y.reshape(len(y), -1).astype(np.float64)
    x -= x.mean(axis=0)
    return np.asarray(x @ x.T)
