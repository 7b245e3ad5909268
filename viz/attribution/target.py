"""Whose score is explained: a class, one for each image, or a function of the logits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minicnn.classes import find_class
from minicnn.training import check_initialized

from .inputs import check_images

Array = NDArray[Any]
ScoreOp = Callable[[Array], tuple[Array, Callable[..., Any]]]
Target = int | str | Array | Sequence[int] | Sequence[str] | ScoreOp | None
"""A class, by its number or by its name in `model.classes`; one class for each image; an op of the logits,
`logits → (scores (N,), pullback)`; or None for the class that the model predicts."""
Labels = int | str | Array | Sequence[int] | Sequence[str]  # classes alone


def upstream(logits: Array, target: Target) -> Array:
    """The gradient of the chosen score with respect to the logits (N, classes).

    Raises:
        ValueError: the logits are not a matrix, or a class does not exist.
    """
    if callable(target):
        scores, pullback = target(logits)
        return np.asarray(pullback(np.ones_like(scores))[0])
    N, classes = len(logits), number_of_classes(logits)
    chosen = logits.argmax(axis=1) if target is None else check_classes(target, N, classes)
    dlogits = np.zeros_like(logits)
    dlogits[np.arange(N), chosen] = 1
    return dlogits


def score(logits: Array, target: Target) -> Array:
    """The chosen score of each image, (N,)."""
    if callable(target):
        return np.asarray(target(logits)[0])
    return np.asarray((upstream(logits, target) * logits).sum(axis=1))


def one_for_each(target: Target, part: slice) -> Target:
    """The targets of some of the images."""
    return target if callable(target) or target is None or np.size(target) == 1 else np.asarray(target)[part]


def check_length(target: Target, N: int) -> None:
    """Raise an error unless there is one class or one for each image; extra ones would be dropped silently."""
    if callable(target) or target is None or np.ndim(target) == 0 or np.shape(target) in ((1,), (N,)):
        return
    raise ValueError(f"target: expected one class, or one for each of {N} images, got shape {np.shape(target)}")


def number_of_classes(logits: Array) -> int:
    """The number of scores for each image.

    Raises:
        ValueError: the logits are not a matrix.
    """
    if logits.ndim != 2:
        raise ValueError(f"target: expected a model with outputs (N, classes), got {logits.shape}")
    return int(logits.shape[1])


def check_classes(target: Any, N: int, classes: int) -> Array:
    """The class of each of N images, (N,).

    Raises:
        ValueError: their number is wrong, or one is not the number of a class.
    """
    check_length(target, N)
    chosen = np.broadcast_to(np.asarray(target), (N,))
    if not np.issubdtype(chosen.dtype, np.integer) or not ((chosen >= 0) & (chosen < classes)).all():
        raise ValueError(f"target: expected classes from 0 to {classes - 1}, got {target!r}")
    return chosen


def check_target(model: Any, x: Array, target: Target) -> Target:
    """The target of images x, with the numbers of classes in place of their names.

    Raises:
        ValueError: x is not a batch of images, the model is not initialized, the number of targets is wrong, or a name
            is not that of a class.
    """
    check_images(x)
    check_initialized("attribution", model)
    check_length(target, len(x))
    if np.asarray(target).dtype.kind in "OT":  # Python's own objects, also None and ops, or strings of any length
        target = np.asarray(target).tolist()
    if np.asarray(target).dtype.kind != "U":
        return target
    names, known = np.asarray(target), getattr(model, "classes", None)
    if not known:
        raise ValueError(
            f"target: the model has no class names, so {str(names.flat[0])!r} is unknown; give its number, or set "
            "model.classes"
        )
    return np.array([find_class(str(name), known, "target: ") for name in names.flat]).reshape(names.shape)
