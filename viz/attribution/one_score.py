"""The same network without the scores that nobody asks for."""

from __future__ import annotations

from typing import Any

import numpy as np

import minicnn as cnn
from minicnn.layers import transparent

from .target import Target

GLOBAL = {cnn.GlobalAvgPool2d, cnn.GlobalMaxPool2d}  # from maps to one number each
FLAT = {cnn.AdaptiveAvgPool2d, cnn.Flatten}  # the same, together
PER_SCORE = {cnn.ReLU, cnn.Dropout, cnn.Flatten, cnn.AdaptiveAvgPool2d, *GLOBAL}  # their channels do not mix


def only_asked(model: Any, target: Target) -> tuple[Any, Target]:
    """A network with the one output that is asked for, (N, 1), and the target 0; or both as they are.

    The last layer with weights then computes one filter instead of, say, a thousand. In SqueezeNet, whose last
    convolution has 512 × 1000 weights, that saves a quarter of the arithmetic. It needs a single target, and a
    sequence of layers that ends in a dense layer, or a convolution and global pooling. All other layers are shared.
    """
    asked = None if callable(target) or target is None else np.unique(np.asarray(target))
    if asked is None or asked.size != 1 or not np.issubdtype(asked.dtype, np.integer):
        return model, target
    smaller = _with_one_output(model, int(asked[0]), set())
    return (model, target) if smaller is None else (smaller, 0)


def _with_one_output(layer: Any, chosen: int, after: set[type]) -> Any | None:
    """The layer with one of its outputs, or None; `after`: what kinds of layers follow it."""
    layer = transparent(layer)
    if type(layer) is cnn.Sequential:
        for name, child in reversed(layer.children.items()):
            if type(child) not in PER_SCORE or getattr(child, "output_size", (1, 1)) != (1, 1):
                smaller = _with_one_output(child, chosen, after)
                return None if smaller is None else cnn.Sequential(layer.children | {name: smaller})
            after = after | {type(child)}
        return None
    bias = getattr(layer, "bias", None) is not None
    one: Any
    if type(layer) is cnn.Dense:
        one = cnn.Dense(layer.in_features, 1, bias)
    elif type(layer) is cnn.Conv2d and layer.groups == 1 and (after & GLOBAL or after >= FLAT):
        one = cnn.Conv2d(layer.in_channels, 1, layer.kernel_size, **layer.options(), bias=bias)
    else:
        return None
    if not 0 <= chosen < len(layer.weight):
        return None  # the caller's own check finds it
    one.weight = layer.weight[chosen : chosen + 1]
    one.bias = layer.bias[chosen : chosen + 1] if bias else None
    return one
