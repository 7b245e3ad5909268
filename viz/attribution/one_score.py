"""The same network without the scores that nobody asks for."""

from __future__ import annotations

from typing import Any

import numpy as np

import minicnn as cnn
from minicnn.layers import transparent

from .target import Target

POOLING = (cnn.AdaptiveAvgPool2d, cnn.GlobalAvgPool2d, cnn.GlobalMaxPool2d)
PER_SCORE = (cnn.ReLU, cnn.Dropout, cnn.Flatten, *POOLING)  # each of their outputs depends on one channel


def only_asked(model: Any, target: Target) -> tuple[Any, Target]:
    """A network with the one output that is asked for, (N, 1), and the target 0; or both as they are.

    The last layer with weights then computes one filter instead of, say, a thousand. In SqueezeNet, whose last
    convolution has 512 × 1000 weights, that saves a quarter of the arithmetic. It needs a single target, and a
    sequence of layers that ends in a dense layer, or a convolution and global pooling. All other layers are shared.
    """
    asked = None if callable(target) or target is None else np.unique(np.asarray(target))
    if asked is None or asked.size != 1 or not np.issubdtype(asked.dtype, np.integer):
        return model, target
    smaller = _with_one_output(model, int(asked[0]), pooled=False)
    return (model, target) if smaller is None else (smaller, 0)


def _with_one_output(layer: Any, chosen: int, pooled: bool) -> Any | None:
    """The layer with one of its outputs, or None. `pooled`: whether its maps are averaged into one number each."""
    layer = transparent(layer)
    if type(layer) is cnn.Sequential:
        for name, child in reversed(layer.children.items()):
            if type(child) not in PER_SCORE:
                smaller = _with_one_output(child, chosen, pooled)
                return None if smaller is None else cnn.Sequential(layer.children | {name: smaller})
            pooled |= type(child) in POOLING and getattr(child, "output_size", (1, 1)) == (1, 1)
        return None
    bias = getattr(layer, "bias", None) is not None
    one: Any
    if type(layer) is cnn.Dense:
        one = cnn.Dense(layer.in_features, 1, bias)
    elif type(layer) is cnn.Conv2d and pooled and layer.groups == 1:
        one = cnn.Conv2d(layer.in_channels, 1, layer.kernel_size, **layer.options(), bias=bias)
    else:
        return None
    if not 0 <= chosen < len(layer.weight):
        return None  # the caller's own check finds it
    one.weight = layer.weight[chosen : chosen + 1]
    one.bias = layer.bias[chosen : chosen + 1] if bias else None
    return one
