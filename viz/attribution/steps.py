"""A network as a list of steps that tell how far their windows reach, whatever containers its layers are in."""

from __future__ import annotations

import copy
from collections import Counter
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

import minicnn as cnn
from minicnn.layers import children_of, transparent
from minicnn.receptive_field import POINTWISE, Field, receptive_fields

INPUT = "the network's input"  # no layer's path
PIXELWISE = {*POINTWISE, cnn.Dropout2d} - {cnn.Join}


@dataclass(frozen=True)
class Window:
    """What an output sees, and how to compute outputs from just that.

    Attributes:
        field: the pixels that each output sees.
        outside: the value of those beyond the edges.
        layer: it takes the pixels that its outputs see, those beyond the edges included.
    """

    field: Field
    outside: float
    layer: Any


@dataclass(frozen=True)
class Step:
    """One layer, or several in a row that the engine may fuse.

    Attributes:
        path: that of the last layer.
        layer: what is run on whole maps; a `Join` if there are several sources.
        sources: the paths of the steps whose outputs it takes.
        window: None if an output may depend on every pixel, and for a `Join`.
    """

    path: str
    layer: Any
    sources: tuple[str, ...]
    window: Window | None = None


def steps_of(model: Any, until: str | None = None) -> list[Step]:
    """The steps from the input to the layer `until`, or to the output.

    A layer that is not one of the containers known here is one step; if `until` is inside it, the whole model is.
    """
    single: list[Step] = []
    _take_apart(model, "", INPUT, single)
    if until is not None:
        paths = [step.path for step in single]
        if until not in paths:
            return [Step("", _UpTo(model, until), (INPUT,))]
        single = single[: paths.index(until) + 1]
    takers = Counter(source for step in single for source in step.sources)
    steps: list[Step] = []
    row: list[Any] = []
    for step in single:
        follows = bool(steps) and step.sources == (steps[-1].path,) and takers[steps[-1].path] == 1
        row = [*row, step.layer] if follows and _joins_the_row(row, step.layer) else [step.layer]
        if len(row) > 1:
            step = replace(step, layer=cnn.Sequential(*row), sources=steps.pop().sources)
        steps.append(replace(step, window=_window(row)))
    return steps


@dataclass(frozen=True)
class _UpTo:
    """A model that is run up to one of its layers."""

    model: Any
    until: str

    def forward(self, x: Any, pass_: cnn.Pass) -> Any:
        return self.model.forward(x, replace(pass_, until=self.until))


def _take_apart(layer: Any, path: str, source: str, steps: list[Step]) -> str:
    """Append the steps of a layer that takes `source`, and return the path of its output."""
    layer = transparent(layer)
    inside = {name: (child, f"{path}.{name}" if path else name) for name, child in children_of(layer).items()}
    if type(layer) is cnn.Sequential:
        for child, below in inside.values():
            source = _take_apart(child, below, source, steps)
        return source
    if type(layer) is cnn.Graph:
        outputs = {cnn.Graph.INPUT: source}
        for name, (child, below) in inside.items():
            sources = tuple(outputs[taken] for taken in layer.sources[name])
            if len(sources) > 1:
                steps.append(Step(below, child, sources))
            outputs[name] = below if len(sources) > 1 else _take_apart(child, below, sources[0], steps)
        return outputs[name]
    if type(layer) is cnn.Concat:
        branches = tuple(_take_apart(child, below, source, steps) for child, below in inside.values())
        steps.append(Step(path, cnn.Join("concat"), branches))
    elif type(layer) is cnn.Residual:
        shortcut = inside.pop(layer.shortcut_name, None)
        around = _take_apart(*shortcut, source, steps) if shortcut else source
        for child, below in inside.values():
            source = _take_apart(child, below, source, steps)
        steps.append(Step(path, cnn.Join("add"), (source, around)))
    else:
        steps.append(Step(path, layer, (source,)))
    return path


def _joins_the_row(row: list[Any], layer: Any) -> bool:
    """Whether a layer can be one step with those before it: if its outputs see one pixel, or if it pools the output of
    a convolution in windows that all lie inside the map."""
    if type(layer) is cnn.MaxPool2d:
        return type(row[0]) is cnn.Conv2d and not any(layer.padding) and not layer.ceil_mode
    return _is_local(row[0]) and type(layer) in PIXELWISE


def _window(row: list[Any]) -> Window | None:
    """The window of layers in a row, of which only the first may pad its input; None if it is not a local one."""
    first, *rest = row
    if not _is_local(first):
        return None
    _, field = receptive_fields(cnn.Sequential(*row)).popitem()
    assert field is not None
    first = copy.copy(first)
    if hasattr(first, "padding"):
        first.padding = (0,) * len(first.padding)
    if hasattr(first, "ceil_mode"):
        first.ceil_mode = False
    outside = -np.inf if type(first) is cnn.MaxPool2d else getattr(first, "value", 0.0)
    return Window(field, outside, cnn.Sequential(first, *rest) if rest else first)


def _is_local(layer: Any) -> bool:
    """Whether a layer's outputs see only what lies in its window, and all in the same way.

    An average divides by fewer pixels where its window covers padding that does not count, or leaves the map.
    """
    if type(layer) is cnn.AvgPool2d:
        return not layer.ceil_mode and (layer.count_include_pad or not any(layer.padding))
    if type(layer) is cnn.Pad:
        return layer.mode == "constant" and len(layer.padding) == 4
    return type(layer) in PIXELWISE or type(layer) in (cnn.Conv2d, cnn.MaxPool2d)
