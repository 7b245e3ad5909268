"""Whose score is explained, and the pass that explains it: what all methods here share."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

import minicnn as cnn
from minicnn.training import check_initialized

Array = NDArray[Any]
ScoreOp = Callable[[Array], tuple[Array, Callable[..., Any]]]
Target = int | str | Array | Sequence[int] | Sequence[str] | ScoreOp | None
"""A class, by its number or by its name in `model.classes`; one class for each image; an op of the logits,
`logits → (scores (N,), pullback)`; or None for the class that the model predicts."""
Labels = int | str | Array | Sequence[int] | Sequence[str]  # classes alone


def last_before_softmax(model: Any) -> str | None:
    """The path to stop at, so that scores are those *before* a final softmax; None where there is none.

    A probability also rises when the other classes' scores fall; the score itself is evidence for its class alone
    (Simonyan et al. 2014, section 3).
    """
    paths = leaves(model)
    if len(paths) > 1 and isinstance(model[paths[-1]], cnn.Softmax):
        return paths[-2]
    return None


def leaves(model: Any) -> list[str]:
    """The paths of the layers that are made of no others, from the input on."""
    return [path for path, layer in cnn.layers.walk(model) if path and not getattr(layer, "children", {})]


def upstream(logits: Array, target: Target) -> Array:
    """The gradient of the chosen score with respect to the logits (N, classes).

    Raises:
        ValueError: the logits are no matrix, or a class is not there.
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


def batches(x: Array, batch_size: int) -> Iterator[slice]:
    """Slices that cover the first axis: memory is bounded by one of them."""
    if batch_size < 1:
        raise ValueError(f"expected batch_size of at least 1, got {batch_size}")
    for start in range(0, len(x), batch_size):
        yield slice(start, start + batch_size)


def check_length(target: Target, N: int) -> None:
    """One class, or as many as there are images; too many would be cut off in silence with the last batch."""
    if callable(target) or target is None or np.ndim(target) == 0 or np.shape(target) in ((1,), (N,)):
        return
    raise ValueError(f"target: expected one class, or one for each of {N} images, got shape {np.shape(target)}")


def number_of_classes(logits: Array) -> int:
    """How many scores there are for each image.

    Raises:
        ValueError: the logits are no matrix.
    """
    if logits.ndim != 2:
        raise ValueError(f"target: expected a model with outputs (N, classes), got {logits.shape}")
    return int(logits.shape[1])


def check_classes(target: Any, N: int, classes: int) -> Array:
    """The class of each of N images, (N,).

    Raises:
        ValueError: there are not as many, or one is no class's number.
    """
    check_length(target, N)
    chosen = np.broadcast_to(np.asarray(target), (N,))
    if not np.issubdtype(chosen.dtype, np.integer) or not ((chosen >= 0) & (chosen < classes)).all():
        raise ValueError(f"target: expected classes from 0 to {classes - 1}, got {target!r}")
    return chosen


def check_images(x: Array) -> None:
    """Refuse what is no batch of normalized images."""
    if x.ndim != 4 or not np.issubdtype(x.dtype, np.floating):
        raise ValueError(
            f"expected images as floats (N, C, H, W), normalized by model.transform, got {x.dtype} {x.shape}"
        )
    if not len(x):
        raise ValueError("expected at least one image, got none")


def check_target(model: Any, x: Array, target: Target) -> Target:
    """The target of images x, with the numbers of classes in place of their names.

    Raises:
        ValueError: x is no batch of images, the model has no first values yet, there are not as many targets, or a
            name is no class's.
    """
    check_images(x)
    check_initialized("attribution", model)
    check_length(target, len(x))
    if callable(target) or target is None:
        return target
    if np.asarray(target).dtype.kind in "OT":  # Python's own objects, or strings of any length: as in a list
        target = np.asarray(target).tolist()
    if np.asarray(target).dtype.kind != "U":
        return target
    names = np.asarray(target)
    return np.array([_class_number(model, str(name)) for name in names.flat]).reshape(names.shape)


def _class_number(model: Any, name: str) -> int:
    known = getattr(model, "classes", None)
    if not known:
        raise ValueError(
            f"target: the model has no names of classes, so {name!r} is none; give its number, or set model.classes"
        )
    found = [k for k, other in enumerate(known) if other == name]
    if len(found) > 1:
        raise ValueError(f"target: {name!r} is the name of classes {' and '.join(map(str, found))}; give the number")
    if not found:
        close = difflib.get_close_matches(name, known)
        hint = f"did you mean {' or '.join(close)}?" if close else "see model.classes, or give its number"
        raise ValueError(f"target: there is no class {name!r}; {hint}")
    return found[0]


def baselines_for(x: Array, baseline: Array | float) -> Array:
    """A baseline for every image, of x's shape.

    Raises:
        ValueError: it is no number, nor an array that broadcasts to x.
    """
    try:
        return np.broadcast_to(np.asarray(baseline, x.dtype), x.shape)
    except ValueError as error:
        got = np.shape(baseline) or repr(baseline)
        raise ValueError(
            f"expected a baseline that is one number, or broadcasts to the images' shape {x.shape}, got {got}"
        ) from error


def noise_for(x: Array, draw: Callable[[tuple[int, ...]], Array]) -> Array:
    """Noise (C, H, W) for images x, the same for all: what one gets does not depend on which others stand beside it.

    Args:
        x: images (N, C, H, W).
        draw: from a shape to random numbers.
    """
    return draw(x.shape[1:]).astype(x.dtype)


def logits_of(model: Any, x: Array, batch_size: int = 32) -> Array:
    """The scores before softmax, (N, classes), so many images at a time.

    Raises:
        ValueError: x is no batch of images, or the model has no first values yet.
    """
    check_images(x)
    check_initialized("attribution", model)
    until = last_before_softmax(model)
    return np.concatenate([model.forward(x[part], cnn.Pass(until=until))[0] for part in batches(x, batch_size)])


def input_gradient(model: Any, x: Array, target: Target, *, relu: str = "plain", batch_size: int = 32) -> Array:
    """∂ score / ∂ x, of x's shape, with a rule of your choice for ReLU on the way back (see `ops.relu`)."""
    target = check_target(model, x, target)
    until = last_before_softmax(model)
    gradient = np.empty_like(x)
    for part in batches(x, batch_size):
        logits, pullback = model.forward(x[part], cnn.Pass(relu=relu, until=until))
        gradient[part], _ = pullback(upstream(logits, one_for_each(target, part)), wants="input")
    return gradient


def layer_gradients(
    model: Any, x: Array, target: Target, *layers: str, relu: str = "plain", batch_size: int = 32
) -> tuple[dict[str, Array], dict[str, Array]]:
    """The activations of layers and the gradients that arrive at them, each by path.

    Raises:
        ValueError: there is no such layer, or the score does not depend on it.
    """
    target = check_target(model, x, target)
    until = last_before_softmax(model)
    activations: dict[str, list[Array]] = {layer: [] for layer in layers}
    gradients: dict[str, list[Array]] = {layer: [] for layer in layers}
    for part in batches(x, batch_size):
        watch = cnn.Watch(*layers)
        logits, pullback = model.forward(x[part], cnn.Pass(relu=relu, until=until, watch=watch))
        pullback(upstream(logits, one_for_each(target, part)), wants="input")
        for layer in layers:
            if layer not in watch.gradients:
                raise ValueError(f"the score before softmax does not depend on {layer!r}; choose an earlier layer")
            activations[layer].append(watch.activations[layer])
            gradients[layer].append(watch.gradients[layer])
    return (
        {layer: np.concatenate(parts) for layer, parts in activations.items()},
        {layer: np.concatenate(parts) for layer, parts in gradients.items()},
    )
