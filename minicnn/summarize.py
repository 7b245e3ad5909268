"""A network as a table: each layer's output shape, cost and receptive field."""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from .display import Shown, Table, shape_text
from .layers.base import check_composed
from .layers.batch_norm2d import BatchNorm2d
from .layers.concat import Concat
from .layers.conv2d import Conv2d, ConvTranspose2d
from .layers.dense import Dense
from .layers.graph import Graph
from .layers.pooling import AdaptiveAvgPool2d, AvgPool2d, GlobalAvgPool2d, MaxPool2d
from .layers.residual import Residual
from .layers.running import Pass, Watch
from .layers.sequential import Sequential
from .layers.transparent import transparent
from .layers.tree import arrays_of, children_of, walk
from .ops.contract import Array
from .ops.geometry import count_windows, geometry, pooling, windows
from .receptive_field import Field, receptive_fields

HEAD = ("layer", "type", "output", "parameters", "multiply-adds", "sees")
FORWARDS = [kind.forward for kind in (Sequential, Concat, Residual, Graph)]  # also those of types derived from them
TOLD = (
    Conv2d,
    MaxPool2d,
    AvgPool2d,
    AdaptiveAvgPool2d,
    GlobalAvgPool2d,
    BatchNorm2d,
    Dense,
)  # whose options determine their output's shape


@dataclass(frozen=True)
class Row:
    """One layer of a summary.

    Attributes:
        path, kind: its path in the network, and its type.
        output_shape: of its output for one image, without the batch axis.
        parameters: how many numbers it trains.
        multiply_adds: multiplications (each with an addition) that its weights take part in, for one image.
        receptive_field: the window of input pixels that one of its outputs sees; None if it is not fixed
            (see `receptive_field.receptive_fields`).
    """

    path: str
    kind: str
    output_shape: tuple[int, ...]
    parameters: int
    multiply_adds: int
    receptive_field: Field | None


@dataclass(frozen=True, repr=False)
class Summary(Shown):
    """The rows of all layers that have their own arrays or no layers inside. Its repr is the table."""

    rows: tuple[Row, ...]
    input_shape: tuple[int, ...]

    @property
    def parameters(self) -> int:
        return sum(row.parameters for row in self.rows)

    @property
    def multiply_adds(self) -> int:
        return sum(row.multiply_adds for row in self.rows)

    def _lines(self) -> list[tuple[str, ...]]:
        lines: list[tuple[str, ...]] = [("input", "", shape_text(self.input_shape), "", "", "1×1")]
        for row in self.rows:
            sees = "–" if row.receptive_field is None else "×".join(map(str, row.receptive_field.size))
            costs = [f"{count:,}" if count else "" for count in (row.parameters, row.multiply_adds)]
            lines.append((row.path, row.kind, shape_text(row.output_shape), costs[0], costs[1], sees))
        return [*lines, ("total", "", "", f"{self.parameters:,}", f"{self.multiply_adds:,}", "")]

    def _headline(self) -> str:
        count = f"{len(self.rows)} layers, {self.parameters:,} parameters"
        return f"{count}, {self.multiply_adds:,} multiply-adds for an input of {shape_text(self.input_shape)}"

    def _table(self) -> Table:
        return Table(HEAD, self._lines(), left=3)

    def __repr__(self) -> str:  # at a prompt, show the table
        return str(self)

    def __str__(self) -> str:
        lines = [HEAD, *self._lines()]
        widths = [max(len(line[i]) for line in lines) for i in range(len(HEAD))]
        table = []
        for line in lines:
            left = [cell.ljust(width) for cell, width in zip(line[:3], widths[:3], strict=True)]
            right = [cell.rjust(width) for cell, width in zip(line[3:], widths[3:], strict=True)]
            table.append("  ".join(left + right).rstrip())
        rule = "─" * max(map(len, table))
        return "\n".join([table[0], rule, *table[1:-1], rule, table[-1]])


def summary(model: Any, input_shape: tuple[int, int, int]) -> Summary:
    """The table of a model, computed by passing one blank image through it.

    Layers whose output's shape follows from their options are not run, so that no kernel has to be compiled for it.

    Args:
        model: a layer or container.
        input_shape: (C, H, W) of an image.

    Raises:
        ValueError: the image does not fit the model, or a layer keeps others where they are not found.
    """
    if len(input_shape) != 3:
        raise ValueError(f"summary: expected input_shape (channels, height, width), got {input_shape}")
    check_composed(model)
    places: dict[str, list[Any]] = {}  # by path; a layer and its body have the same path
    for path, layer in walk(model):
        places.setdefault(path, []).append(layer)
    dtype = next((array.dtype for array in arrays_of(model, "parameters").values()), np.dtype(np.float32))
    watch = Watch(*(path for path in places if path))
    y, _ = sketch(model).forward(np.zeros((1, *input_shape), dtype), Pass(watch=watch))
    outputs = watch.activations | {"": y}  # some layers run their children without recording them
    fields = receptive_fields(model)
    rows = []
    for path, layers in places.items():
        inside = [child for name, child in children_of(layers[0]).items() if _join(path, name) in outputs]
        own = _size(layers[0]) - sum(map(_size, inside))
        if path not in outputs or (inside and not own):
            continue
        output = outputs[path].shape[1:]
        cost = 0 if inside else sum(_multiply_adds(layer, output) for layer in layers)
        kind = type(layers[0]).__name__
        rows.append(Row(path or kind, kind, output, own, cost, fields.get(path)))
    return Summary(tuple(rows), tuple(input_shape))


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _size(layer: Any) -> int:
    return sum(array.size for array in arrays_of(layer, "parameters").values())


class _Blank:
    """A stand-in for a layer, which outputs zeros of the layer's output shape."""

    def __init__(self, layer: Any) -> None:
        self.layer = layer

    def forward(self, x: Array, pass_: Pass) -> tuple[Array, Any]:
        shape = _output_shape(self.layer, x.shape[1:])
        if shape is None:
            return self.layer.forward(x, pass_)
        return np.zeros((len(x), *shape), x.dtype), None


def sketch(layer: Any) -> Any:
    """The model with the same wiring but stand-ins for the layers that would run a kernel: enough to compute shapes."""
    layer = transparent(layer)
    if type(layer).forward not in FORWARDS:
        return _Blank(layer) if type(layer) in TOLD else layer
    wired = copy.copy(layer)
    wired._children = {name: sketch(child) for name, child in layer.children.items()}
    return wired


def _output_shape(layer: Any, shape: tuple[int, ...]) -> tuple[int, ...] | None:
    """The output shape for one image of this shape; None if the layer has to be run (or would raise an error)."""
    kind = type(layer)
    if kind is Dense and shape == (layer.in_features,):
        return (layer.out_features,)
    if kind is BatchNorm2d and len(shape) == 3 and shape[0] == layer.num_features:
        return shape
    if kind is Conv2d and len(shape) == 3 and shape[0] == layer.in_channels:
        g = geometry("conv2d", layer.kernel_size, layer.stride, layer.padding, layer.dilation)
        return (layer.out_channels, *windows("conv2d", shape[1:], g))
    if kind is AdaptiveAvgPool2d and len(shape) == 3:
        return (shape[0], *layer.output_size)
    if kind is GlobalAvgPool2d and len(shape) == 3:
        return (shape[0],)
    if kind in (MaxPool2d, AvgPool2d) and len(shape) == 3:
        op, dilation = ("max_pool2d", layer.dilation) if kind is MaxPool2d else ("avg_pool2d", 1)
        options = layer.kernel_size, layer.stride, layer.padding, dilation, layer.ceil_mode
        return (shape[0], *pooling(op, (shape[1], shape[2]), *options).size)
    return None


def _multiply_adds(layer: Any, output: tuple[int, ...]) -> int:
    """All filters are applied at every output position (in a transposed convolution, at every input position)."""
    weight = getattr(layer, "weight", None)
    if weight is None or weight.ndim < 2:
        return 0
    places = int(np.prod(output[1:]))
    if type(layer) is ConvTranspose2d:
        options = (layer.kernel_size, layer.stride, layer.padding, layer.output_padding, layer.dilation)
        sides = zip(output[1:], *options, strict=True)
        places = math.prod(count_windows(side - extra, d * (k - 1) + 1, s, p, p) for side, k, s, p, extra, d in sides)
    return int(weight.size) * places
