"""Scores before softmax and their gradients, one batch at a time: the passes that all methods are built from."""

from __future__ import annotations

from typing import Any

import numpy as np

import minicnn as cnn
from minicnn.training import check_initialized

from .inputs import Array, batches, check_images
from .one_score import only_asked
from .target import Target, check_target, one_for_each, upstream


def last_before_softmax(model: Any) -> str | None:
    """The path to stop at, so that scores are those *before* a final softmax; None if there is no softmax.

    A probability also rises when the other classes' scores fall; the score itself is evidence only for its own class
    (Simonyan et al. 2014, section 3).
    """
    paths = leaves(model)
    if len(paths) > 1 and isinstance(model[paths[-1]], cnn.Softmax):
        return paths[-2]
    return None


def leaves(model: Any) -> list[str]:
    """The paths of the layers without children, in order from the input."""
    return [path for path, layer in cnn.layers.walk(model) if path and not getattr(layer, "children", {})]


def logits_of(model: Any, x: Array, batch_size: int = 32) -> Array:
    """The scores before softmax, (N, classes), computed in batches.

    Raises:
        ValueError: x is not a batch of images, or the model is not initialized.
    """
    check_images(x)
    check_initialized("attribution", model)
    until = last_before_softmax(model)
    return np.concatenate([model.forward(x[part], cnn.Pass(until=until))[0] for part in batches(x, batch_size)])


def input_gradient(model: Any, x: Array, target: Target, *, relu: str = "plain", batch_size: int = 32) -> Array:
    """∂ score / ∂ x, of x's shape, with a choice of the rule for ReLU's backward pass (see `ops.relu`)."""
    target = check_target(model, x, target)
    until = last_before_softmax(model)
    if until is None:
        model, target = only_asked(model, target)
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
