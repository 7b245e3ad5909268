"""The layers that the page shows, and which of their channels."""

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
    """A layer as the page shows it: a leaf, or a whole block of branches (a fire module, a residual block).

    Attributes:
        path, kind: its path in the network, and the name of its class.
        shape: of its output for one image.
        weighted: whether it is a convolution or contains one.
        source: the last weighted stage up to this one, if the channels are still the same; otherwise "".
        channels: those to show, in ascending order: all, or if there are many, the strongest.
        field: the receptive field of one output, if it is a fixed window.
    """

    path: str
    kind: str
    shape: tuple[int, ...]
    weighted: bool
    source: str
    channels: Array
    field: Field | None


def outer_stages(model: Any) -> list[str]:
    """The paths of the layers that the page shows, in order."""
    return [path for path, layer in _outer(model, "") if path and not isinstance(layer, cnn.Flatten | cnn.Dropout)]


def stages_of(model: Any, images: Array) -> list[Stage]:
    """A network's stages; the images decide which channels are the strongest."""
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
    """The channels of y (N, C, …) with the largest activations, at most `CHANNELS`, in ascending order."""
    strength = y.reshape(*y.shape[:2], -1).max(axis=(0, 2))
    return np.sort(np.argsort(-strength, kind="stable")[:CHANNELS])


def _outer(layer: Any, path: str) -> list[tuple[str, Any]]:
    """The layers of a network and of the chains in it. A block of branches stays whole: it is not a chain inside."""
    children = getattr(layer, "children", {})
    if not children or (path and not isinstance(layer, cnn.Sequential)):
        return [(path, layer)]
    return [found for name, child in children.items() for found in _outer(child, f"{path}.{name}" if path else name)]
