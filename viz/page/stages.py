"""The layers that the page speaks of, and which of their channels it shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

import minicnn as cnn
from minicnn.receptive_field import Field, receptive_fields

Array = NDArray[Any]

CHANNELS = 64  # of a layer


@dataclass(frozen=True)
class Stage:
    """A layer that the page speaks of: a leaf, or a block of branches (a fire module, a residual block) as one.

    Attributes:
        path, kind: where it stands, and its type.
        shape: of its output for one image.
        weighted: whether it, or a layer inside it, is a convolution.
        source: the last such stage up to this one, if its channels are still those; else "".
        channels: those to show: all, or of many the strongest, in ascending order.
        field: what one of its outputs sees of the image, where that is a fixed window.
    """

    path: str
    kind: str
    shape: tuple[int, ...]
    weighted: bool
    source: str
    channels: Array
    field: Field | None


def outer_stages(model: Any) -> list[str]:
    """The paths of the layers that the page speaks of, in order."""
    return [path for path, layer in _outer(model, "") if path and not isinstance(layer, cnn.Flatten | cnn.Dropout)]


def stages_of(model: Any, images: Array) -> list[Stage]:
    """The layers of a network, as they respond to these images."""
    found = [(path, layer) for path, layer in _outer(model, "") if path]
    watch = cnn.Watch(*(path for path, _ in found))
    model.forward(model.transform(images), cnn.Pass(watch=watch))
    fields = receptive_fields(model)
    stages: list[Stage] = []
    for path, layer in found:
        y = watch.activations[path]
        weighted = any(isinstance(inner, cnn.Conv2d) for _, inner in cnn.layers.walk(layer))
        before = stages[-1] if stages else None
        if not weighted and before is not None and before.shape[:1] == y.shape[1:2]:
            source, channels = before.source, before.channels
        else:
            source, channels = path if weighted else "", _strongest(y)
        stages.append(Stage(path, type(layer).__name__, y.shape[1:], weighted, source, channels, fields.get(path)))
    return stages


def _strongest(y: Array) -> Array:
    """Channels of (N, C, …): all, or those with the strongest activations."""
    strength = y.reshape(*y.shape[:2], -1).max(axis=(0, 2))
    return np.sort(np.argsort(-strength, kind="stable")[:CHANNELS])


def _outer(layer: Any, path: str) -> list[tuple[str, Any]]:
    """Chains are looked into, and the network itself; blocks of branches are not: their inside is not one line."""
    children = getattr(layer, "children", {})
    if not children or (path and not isinstance(layer, cnn.Sequential)):
        return [(path, layer)]
    return [found for name, child in children.items() for found in _outer(child, f"{path}.{name}" if path else name)]
