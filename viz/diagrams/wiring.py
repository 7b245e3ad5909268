"""A network's containers resolved into layers and their connections."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

import minicnn as cnn
from minicnn.layers import children_of, dtype_of, transparent

SIDES = (224, 227, 299, 64, 32, 28)  # of images, tried if nothing determines the size


@dataclass(frozen=True)
class Node:
    """One layer in the wiring.

    Attributes:
        path: its path; "" for the join of a container's branches.
        layer: the layer itself; "concat", "add" or "mul" for a join; None for the network's input.
        sources: the nodes it takes from, by their numbers.
        shape: of its output for one image, (C, H, W) or (D,).
    """

    path: str
    layer: Any
    sources: tuple[int, ...]
    shape: tuple[int, ...]


def wiring(model: Any, input_shape: tuple[int, ...]) -> list[Node]:
    """The layers in the order they run, from the input (number 0) to the output (the last).

    A container from outside this package is one node.
    """
    found: list[tuple[str, Any, tuple[int, ...]]] = [("", None, ())]

    def enter(layer: Any, path: str, source: Any) -> int:
        layer = transparent(layer)
        inside = {name: (child, f"{path}.{name}" if path else name) for name, child in children_of(layer).items()}
        if isinstance(layer, cnn.Sequential):
            for child, below in inside.values():
                source = enter(child, below, source)
            return int(source)
        if isinstance(layer, cnn.Concat):
            return join("concat", path, [enter(child, below, source) for child, below in inside.values()])
        if isinstance(layer, cnn.Residual):
            around, learned = source, source
            for name, (child, below) in inside.items():
                if name == layer.shortcut_name:
                    around = enter(child, below, source)
                else:
                    learned = enter(child, below, learned)
            return join("add", path, [learned, around])
        if isinstance(layer, cnn.Graph):
            values = {layer.INPUT: source}
            for name, (child, below) in inside.items():
                given = [values[taken] for taken in layer.sources[name]]
                if isinstance(child, cnn.Join):
                    values[name] = join(child.operation, below, given)
                else:
                    values[name] = enter(child, below, given[0])
            return int(values[name])
        found.append((path, layer, (source,)))
        return len(found) - 1

    def join(operation: str, path: str, sources: list[int]) -> int:
        found.append((path, operation, tuple(sources)))
        return len(found) - 1

    enter(model, "", 0)
    shapes = _shapes(model, [path for path, _, _ in found if path], input_shape)
    nodes: list[Node] = []
    for path, layer, sources in found:
        if layer is None:
            shape = tuple(input_shape)
        elif path:
            shape = shapes[path]
        elif layer == "concat":  # the network itself is a Concat, or a Residual
            shape = (sum(nodes[i].shape[0] for i in sources), *nodes[sources[0]].shape[1:])
        elif layer == "add":
            shape = nodes[sources[0]].shape
        else:  # the network is a single layer
            shape = _blank_run(model, input_shape).shape[1:]
        nodes.append(Node(path, layer, sources, shape))
    return nodes


def input_shape_of(model: Any) -> tuple[int, ...]:
    """The shape of what a network takes: of the images it was trained on, or one that fits.

    Raises:
        ValueError: no usual size fits.
    """
    for _, layer in cnn.layers.walk(model):
        if isinstance(layer, cnn.Dense):
            return (layer.in_features,)
        if isinstance(layer, cnn.Conv2d | cnn.ConvTranspose2d):
            channels = layer.in_channels
            break
        if isinstance(layer, cnn.Flatten):
            continue
    else:
        raise ValueError("diagram: the network has no weights that determine the shape of its input; give input_shape")
    crop = getattr(getattr(model, "transform", None), "crop", None)
    if crop is not None:
        return (channels, *((crop, crop) if isinstance(crop, int) else crop))
    for side in SIDES:
        try:
            _blank_run(model, (channels, side, side))
        except ValueError:
            continue
        return channels, side, side
    sizes = ", ".join(map(str, SIDES))
    raise ValueError(f"diagram: images of none of the usual sizes ({sizes}) fit the network; give input_shape")


def _shapes(model: Any, paths: list[str], input_shape: tuple[int, ...]) -> dict[str, tuple[int, ...]]:
    if not paths:
        return {}
    watch = cnn.Watch(*paths)
    _blank_run(model, input_shape, watch)
    return {path: y.shape[1:] for path, y in watch.activations.items()}


def _blank_run(model: Any, input_shape: tuple[int, ...], watch: cnn.Watch | None = None) -> np.ndarray:
    """The outputs for a blank image, correct only in shape: no kernel is run (see `cnn.sketch`).

    Raises:
        ValueError: the image does not fit the model.
    """
    y, _ = cnn.sketch(model).forward(np.zeros((1, *input_shape), dtype_of(model)), cnn.Pass(watch=watch))
    return np.asarray(y)
