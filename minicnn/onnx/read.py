"""From an ONNX file to a model: the graph's nodes, one after the other, become layers and the way they are joined."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from ..data.transform import Transform
from ..layers import Conv2d, ConvTranspose2d, Dense, Flatten, Graph, Join, Layer, Sequential, Softmax
from ..ops.contract import Array
from ..weights import one_line
from .files import MOST_VALUES, OnnxError, Tensors, package, parse
from .importers import IMPORTERS, imported
from .nodes import Node, Shape, checked, spelled

OLDEST_OPSET = 7
JOINS = {"Concat": "concat", "Add": "add", "Sum": "add"}
SUPPORTED = sorted([*IMPORTERS, *JOINS, "Constant"])


def load(
    path: str | Path, *, input_shape: tuple[int, int, int] | None = None, keep_softmax: bool = False
) -> Sequential | Graph:
    """The model in an ONNX file: a `Sequential` where its layers stand in a row, otherwise a `Graph`.

    Its layers have the names of the nodes (of their outputs, where nodes have none), with "/" for ".". A last softmax
    is left off, because losses, `predict` and attributions take the scores before it; scores (N, K, 1, 1) come as
    (N, K). What `save` stored beside the graph, the transform and the names of the classes, is back in its place.

    Args:
        path: a file of opset 7 or later, with one input and one output; external data lie in its folder.
        input_shape: (C, H, W) of a picture, if the file leaves it open and the network depends on it.
        keep_softmax: keep a last softmax.

    Raises:
        OnnxError: the file is missing, broken, hostile, or holds what is not supported: it names the node.
        ImportError: the onnx package is not installed.
    """
    path = Path(path)
    with _refused(path):
        proto = parse(path)
        model = _Reader(proto, Tensors(path), input_shape).model(keep_softmax)
        _describe(model, proto)
    return model


def input_shape(path: str | Path) -> tuple[int, int, int] | None:
    """(C, H, W) of the pictures that the network in an ONNX file takes; None where the file leaves any of them open.

    Raises:
        OnnxError: the file is missing, broken, or has no such input.
        ImportError: the onnx package is not installed.
    """
    path = Path(path)
    with _refused(path):
        shape = _Reader(parse(path), Tensors(path), None).input_shape
    return (shape[0], shape[1], shape[2]) if len(shape) == 3 and shape[0] and shape[1] and shape[2] else None


@contextmanager
def _refused(path: Path) -> Iterator[None]:
    """Turn whatever reading a file raises into one line that names it."""
    try:
        yield
    except (ValueError, OSError, MemoryError) as error:
        reason = "there is no such file" if isinstance(error, FileNotFoundError) else one_line(error, most=800)
        raise OnnxError(f"{path}: {reason}") from error


class _Reader:
    """The state of reading one graph: what is known of every value by its name."""

    def __init__(self, proto: Any, tensors: Tensors, input_shape: tuple[int, int, int] | None) -> None:
        self.graph, self.tensors = proto.graph, tensors
        self.opset = max((entry.version for entry in proto.opset_import if entry.domain in ("", "ai.onnx")), default=1)
        if self.opset < OLDEST_OPSET:
            raise OnnxError(
                f"expected opset {OLDEST_OPSET} or later, got {self.opset}; convert it with onnx.version_converter"
            )
        self.initializers = {tensor.name: tensor for tensor in self.graph.initializer}
        self.arrays: dict[str, Array] = {}  # of Constant nodes
        self.layers: dict[str, Layer] = {}
        self.sources: dict[str, list[str]] = {}  # of every layer
        self.given_by: dict[str, str] = {}  # the layer that gives a value
        self.shapes: dict[str, Shape] = {}
        self.uses = Counter(name for node in self.graph.node for name in node.input)
        self.uses.update(value.name for value in self.graph.output)
        self.aliases: set[str] = set()  # values that are other values under another name
        self.times: Counter[str] = Counter()  # how often a name was wanted again
        inputs = [value for value in self.graph.input if value.name not in self.initializers]
        for kind, values in (("input", inputs), ("output", list(self.graph.output))):
            if len(values) != 1:
                names = ", ".join(value.name for value in values) or "none"
                raise OnnxError(f"expected a graph with one {kind}, got {names:.120}")
        self.double = inputs[0].type.tensor_type.elem_type == package().TensorProto.DOUBLE
        self.given_by[inputs[0].name] = Graph.INPUT
        self.input_shape = self.shapes[inputs[0].name] = self._input_shape(inputs[0], input_shape)

    def _input_shape(self, value: Any, input_shape: tuple[int, int, int] | None) -> Shape:
        dims = [dim.dim_value if dim.dim_value > 0 else None for dim in value.type.tensor_type.shape.dim]
        self.batch, *sizes = dims or [None] * 4
        if input_shape is not None:
            if len(input_shape) != len(sizes) or any(
                size not in (None, wanted) for size, wanted in zip(sizes, input_shape, strict=True)
            ):
                raise OnnxError(f"the file takes pictures {spelled(tuple(sizes))}, not {tuple(input_shape)}")
            sizes = list(input_shape)
        if len(sizes) not in (1, 3):
            raise OnnxError(
                f"expected an input of pictures (N, C, H, W), got {value.name!r:.80} {spelled(tuple(sizes))}"
            )
        known = [size for size in sizes if size is not None]
        if min(known, default=1) < 1 or math.prod(known) > MOST_VALUES:
            raise OnnxError(f"its input has the absurd shape {spelled(tuple(sizes))}")
        return tuple(sizes)

    def model(self, keep_softmax: bool) -> Sequential | Graph:
        for proto in self.graph.node:
            self._read(self._node(proto))
        name = self.graph.output[0].name
        if name not in self.shapes:
            raise OnnxError(f"its output {name!r:.80} is given by no node")
        last = self.given_by[name]
        if not keep_softmax:
            last = self._without_softmax(last)
        if len(shape := self.shapes[name]) == 3 and shape[1:] == (1, 1):
            last = self._add("flatten", Flatten(), [last])
        if last == Graph.INPUT:
            raise OnnxError("its output is its input: there is no network in between")
        model = self._joined(last)
        return model.astype(np.float64) if self.double else model

    def _node(self, proto: Any) -> Node:
        node = Node(proto, self.opset, self.batch, self._constant)
        if proto.domain not in ("", "ai.onnx") or node.op not in SUPPORTED:
            attributes = ", ".join(f"{name}={value!r:.40}" for name, value in node.attributes.items())
            kind = f"{proto.domain}.{node.op}" if proto.domain else node.op
            known = ", ".join(SUPPORTED)
            raise OnnxError(f"{kind:.80}({attributes:.200}) {node.name!r:.80} is not supported; supported are {known}")
        return node

    def _constant(self, name: str) -> Array | None:
        if name in self.initializers:
            return self.tensors.array(self.initializers[name])
        return self.arrays.get(name)

    def _read(self, node: Node) -> None:
        if not node.outputs:
            raise OnnxError(f"{node}: it has no output")
        if node.op == "Constant":
            self.arrays[node.outputs[0]] = self._value(node)
            return
        constants = [name for name in node.inputs if name in self.initializers or name in self.arrays]
        for name in node.inputs:
            if name and name not in self.shapes and name not in constants:
                raise OnnxError(f"{node}: it takes {name!r:.80}, which nothing before it gives")
        if node.op in JOINS:
            self._join(node, constants)
            return
        if not node.has(0) or node.inputs[0] not in self.shapes:
            raise OnnxError(f"{node}: expected its first input to be computed from the pictures")
        layers, shape = imported(node, self.shapes[node.inputs[0]])
        source = self.given_by[node.inputs[0]]
        for layer in layers:
            name = node.name if layer is layers[-1] else f"{node.name}_{type(layer).__name__.lower()}"
            source = self._add(name, layer, [source])
        self._give(node, source, shape)
        if not layers:
            self.aliases.add(node.outputs[0])

    def _value(self, node: Node) -> Array:
        """What a Constant node holds."""
        for name in ("value_float", "value_floats", "value_int", "value_ints"):
            if (value := node.attribute(name)) is not None:
                return np.asarray(value, np.float32 if "float" in name else np.int64)
        tensor = node.attribute("value")
        if not isinstance(tensor, package().TensorProto):
            raise OnnxError(f"{node}: expected a tensor or numbers")
        return self.tensors.array(tensor)

    def _join(self, node: Node, constants: list[str]) -> None:
        shapes = [self.shapes[name] for name in node.inputs if name in self.shapes]
        if node.op == "Add" and len(constants) == 1 and len(shapes) == 1:
            self._add_bias(node, constants[0])
            return
        if constants or not shapes or len(shapes) != len(node.inputs):
            raise OnnxError(f"{node}: joining with constants is not supported")
        rank, first = len(shapes[0]) + 1, shapes[0]
        rest = 1 if node.op == "Concat" else 0  # axes that may differ: the channels
        if node.op == "Concat" and node.attribute("axis", 1) not in (1, 1 - rank):
            raise OnnxError(f"{node}: axis={node.attribute('axis')} is not supported, only 1")
        node.rest_is_known()
        for shape in shapes:
            if len(shape) != len(first) or any(
                a != b for a, b in zip(shape[rest:], first[rest:], strict=True) if a is not None and b is not None
            ):
                raise OnnxError(f"{node}: {spelled(first)} and {spelled(shape)} do not fit together")
        channels = [shape[0] for shape in shapes]
        if node.op == "Concat":
            first = (None if None in channels else sum(c or 0 for c in channels), *first[1:])
        sources = [self.given_by[name] for name in node.inputs]
        if len(sources) == 1:
            self.aliases.add(node.outputs[0])
        joined = sources[0] if len(sources) == 1 else self._add(node.name, Join(JOINS[node.op]), sources)
        self._give(node, joined, checked(node, first))

    def _add_bias(self, node: Node, constant: str) -> None:
        """MatMul + Add is a dense layer, written in two; so is Conv + Add a convolution."""
        value = next(name for name in node.inputs if name in self.shapes)
        bias, shape = self._constant(constant), self.shapes[value]
        source = self.given_by[value]
        layer = self.layers.get(source)
        if (
            not isinstance(layer, Conv2d | ConvTranspose2d | Dense)
            or layer.bias is not None
            or self.uses[value] > 1
            or value in self.aliases
            or bias is None
        ):
            raise OnnxError(f"{node}: adding a constant is supported only as the bias of the layer before")
        axes = (1,) * (len(shape) - 1)
        if bias.shape not in (shape[:1] + axes, (1, *shape[:1], *axes), ()) or bias.dtype.kind != "f":
            raise OnnxError(f"{node}: expected {shape[0]} numbers, one for each channel, got shape {bias.shape}")
        layer.bias = np.broadcast_to(bias.ravel(), shape[0] or 0).copy()
        self._give(node, source, shape)

    def _add(self, name: str, layer: Layer, sources: list[str]) -> str:
        """Put a layer into the graph, under a name of its own."""
        stem = name.replace(".", "/").strip("/") or type(layer).__name__.lower()
        name = stem
        while name in self.layers or name == Graph.INPUT:
            self.times[stem] += 1
            name = f"{stem}_{self.times[stem] + 1}"
        self.layers[name], self.sources[name] = layer, sources
        return name

    def _give(self, node: Node, source: str, shape: Shape) -> None:
        name = node.outputs[0]
        if name in self.shapes:
            raise OnnxError(f"{node}: {name!r:.80} is given twice")
        self.given_by[name], self.shapes[name] = source, shape

    def _without_softmax(self, last: str) -> str:
        """Take a softmax over the classes from the end, behind which there may be flattening."""
        after, name = "", last
        while isinstance(self.layers.get(name), Flatten):
            after, (name,) = name, self.sources[name]
        layer = self.layers.get(name)
        if not isinstance(layer, Softmax) or layer.axis != 1:
            return last
        (before,) = self.sources[name]
        if not after:
            return before
        self.sources[after] = [before]
        return last

    def _joined(self, last: str) -> Sequential | Graph:
        """The layers that the output depends on."""
        needed, pending = set(), [last]
        while pending:
            name = pending.pop()
            if name != Graph.INPUT and name not in needed:
                needed.add(name)
                pending += self.sources[name]
        layers = {name: layer for name, layer in self.layers.items() if name in needed}
        inputs, before = {}, Graph.INPUT
        for name in layers:
            if self.sources[name] != [before]:
                inputs[name] = self.sources[name]
            before = name
        return Graph(layers, inputs=inputs) if inputs else Sequential(layers)


def _describe(model: Layer, proto: Any) -> None:
    """Give a model what `save` stored beside the graph."""
    stored = {entry.key: entry.value for entry in proto.metadata_props}
    try:
        if "minicnn.transform" in stored:
            model.transform = Transform.from_dict(json.loads(stored["minicnn.transform"]))
        if "minicnn.classes" in stored:
            model.classes = tuple(map(str, json.loads(stored["minicnn.classes"])))
    except (ValueError, TypeError, RecursionError) as error:
        raise OnnxError(f"what it says of its transform and classes is not ours ({one_line(error)})") from error
