"""An objective's value for an image, and its gradient with respect to the pixels."""

from __future__ import annotations

from typing import Any

import numpy as np

import minicnn as cnn
from minicnn.training import check_initialized

from ..attribution.passes import last_before_softmax
from .objective import INPUT, OUTPUT, Array, Objective


def value_and_gradient(model: Any, x: Array, objective: Objective, *, wake: bool = False) -> tuple[float, Array]:
    """Run the model as far as the objective needs, and pull the gradients of all its layers back in one backward pass.

    Args:
        model: any network.
        x: images as the model sees them.
        objective: what to evaluate.
        wake: if no gradient arrives, because every path back is blocked by an inactive ReLU, use the gradient of the
            same network with linear ReLUs: otherwise a unit that is inactive for noise would never be activated. (Lucid
            does the same at a single ReLU in its first steps: redirected_relu_grad.py.)

    Raises:
        ValueError: the objective names a layer that does not exist, or the model is not initialized.
    """
    inner = [layer for layer in objective.layers if layer not in (INPUT, OUTPUT)]
    if not inner and OUTPUT not in objective.layers:
        value, gradients = objective.evaluate({INPUT: x})
        return value, gradients[INPUT]
    check_initialized("synthesis", model)
    until = last_before_softmax(model)
    if OUTPUT not in objective.layers:
        order = [path for path, _ in cnn.layers.walk(model)]
        unknown = [layer for layer in inner if layer not in order]
        if not unknown:
            until = max(inner, key=order.index)
    for rule in ("plain", "linear") if wake else ("plain",):
        watch = cnn.Watch(*inner)
        y, pullback = model.forward(x, cnn.Pass(watch=watch, until=until, relu=rule))
        value, gradients = objective.evaluate({INPUT: x, OUTPUT: y, **watch.activations})
        watch.inject = {layer: gradients[layer] for layer in inner}
        dx, _ = pullback(gradients.get(OUTPUT, np.zeros_like(y)), wants="input")
        if dx.any():
            break
    return value, dx + gradients[INPUT] if INPUT in gradients else dx
