"""From an ONNX file to a model: the nodes that its output depends on, one after the other, become layers."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from ..data.transform import Transform
from ..layers import Graph, Layer, Sequential
from ..ops.contract import Array
from ..weights import one_line
from .building import Building
from .constants import folded
from .families import READERS, SUPPORTED
from .files import MOST_VALUES, OnnxError, Tensors, package, parse
from .nodes import Node
from .unrolled import refuse_steps
from .values import BATCH, Shape, Value, spelled

OLDEST_OPSET = 7
TO_CHANNELS_FIRST = [0, 3, 1, 2]
BETWEEN = ("Add", "Cast", "Div", "Identity", "Mul", "Sub")  # allowed between an input (N, H, W, C) and its Transpose


def load(
    path: str | Path, *, input_shape: tuple[int, int, int] | None = None, keep_softmax: bool = False
) -> Sequential | Graph:
    """The model in an ONNX file: a `Sequential` if its layers form a chain, otherwise a `Graph`.

    Its layers are named after the nodes (or their outputs, if nodes have no names), with "/" for ".". A final softmax
    or log-softmax is removed, because losses, `predict` and attributions use the scores before it; scores (N, K, 1, 1)
    become (N, K). The transform and the class names that `save` stored are restored.

    Images are (N, C, H, W), also for a file that takes (N, H, W, C) and starts by transposing it, like those from
    Keras.

    Args:
        path: a file of opset 7 or later, with one input and one output; external data must be in its folder.
        input_shape: (C, H, W) of an image, if the file leaves it open and the network depends on it.
        keep_softmax: keep a last softmax.

    Raises:
        OnnxError: the file is missing, broken, hostile, or contains something unsupported; the message names the node.
        ImportError: the onnx package is not installed.
    """
    path = Path(path)
    with _refused(path):
        proto = parse(path)
        model = _Reader(proto, Tensors(path), input_shape).model(keep_softmax)
        _describe(model, proto)
    return model


def input_shape(path: str | Path) -> tuple[int, int, int] | None:
    """(C, H, W) of the images that the network in an ONNX file takes; None if the file leaves any of them open.

    Raises:
        OnnxError: the file is missing, broken, or has no such input.
        ImportError: the onnx package is not installed.
    """
    path = Path(path)
    with _refused(path):
        shape = _Reader(parse(path), Tensors(path), None).input.shape
    return (shape[0], shape[1], shape[2]) if len(shape) == 3 and shape[0] and shape[1] and shape[2] else None


@contextmanager
def _refused(path: Path) -> Iterator[None]:
    """Turn any error raised while reading a file into one line that names the file."""
    try:
        yield
    except (ValueError, OSError, MemoryError) as error:
        reason = "there is no such file" if isinstance(error, FileNotFoundError) else one_line(error, most=800)
        raise OnnxError(f"{path}: {reason}") from error


class _Reader:
    """The state of reading one graph.

    Attributes:
        input: the graph's input.
    """

    def __init__(self, proto: Any, tensors: Tensors, input_shape: tuple[int, int, int] | None) -> None:
        graph = proto.graph
        self.opset = max((entry.version for entry in proto.opset_import if entry.domain in ("", "ai.onnx")), default=1)
        if self.opset < OLDEST_OPSET:
            raise OnnxError(
                f"expected opset {OLDEST_OPSET} or later, got {self.opset}; convert it with onnx.version_converter"
            )
        initializers = {tensor.name: tensor for tensor in graph.initializer}
        inputs = [value for value in graph.input if value.name not in initializers]
        for kind, values in (("input", inputs), ("output", list(graph.output))):
            if len(values) != 1:
                names = ", ".join(value.name for value in values) or "none"
                raise OnnxError(f"expected a graph with one {kind}, got {names:.120}")
        self.output = graph.output[0].name
        self.nodes = _needed(graph)
        uses = Counter([self.output, *(name for node in self.nodes for name in _taken(node))])
        tensor_type = inputs[0].type.tensor_type
        self.double = tensor_type.elem_type == package().TensorProto.DOUBLE
        batch, *sizes = [dim.dim_value if dim.dim_value > 0 else None for dim in tensor_type.shape.dim] or [None] * 4
        channels_last = len(sizes) == 3 and _transposed_first(self.nodes, inputs[0].name)
        self.input = _input(inputs[0].name, tuple(sizes), input_shape, channels_last)
        self.building = Building(tensors, batch, uses)
        self.building.constants.update(initializers)
        self.building.give(inputs[0].name, self.input)

    def model(self, keep_softmax: bool) -> Sequential | Graph:
        for proto in self.nodes:
            self._read(proto)
        if self.output not in self.building.values:
            raise OnnxError(f"no node computes its output {self.output!r:.80} from the images")
        model = self.building.model(self.output, keep_softmax)
        refuse_steps(model.children)
        return model.astype(np.float64) if self.double else model

    def _read(self, proto: Any) -> None:
        node, building = Node(proto, self.opset, self.building), self.building
        if node.op == "If" and node.is_constant(0):
            self._read_branch(node, proto)
            return
        if proto.domain not in ("", "ai.onnx") or node.op not in SUPPORTED:
            attributes = ", ".join(f"{name}={value!r:.40}" for name, value in node.attributes.items())
            kind = f"{proto.domain}.{node.op}" if proto.domain else node.op
            raise OnnxError(f"the operator {kind:.80}({attributes:.200}) of {node.name!r:.80} is not supported")
        for name in node.inputs:
            if name and name not in building.values and name not in building.constants:
                raise OnnxError(f"{node}: its input {name!r:.80} is not the output of an earlier node")
        array = folded(node)
        if array is not None:
            self._give(node, [array])
            return
        if node.op not in READERS:
            raise OnnxError(f"{node}: of a value computed from the images is not supported, only of constants")
        try:
            given = READERS[node.op](node)
        except OnnxError:
            raise
        except (ValueError, TypeError, OverflowError, IndexError) as error:  # of a layer's constructor, for odd options
            raise OnnxError(f"{node}: {error}") from error
        node.rest_is_known()
        self._give(node, given if isinstance(given, list) else [given])

    def _read_branch(self, node: Node, proto: Any) -> None:
        """Read the branch that an If takes, if that is known: PyTorch's exporter uses If to test whether an axis has
        length 1."""
        taken = "then_branch" if node.constant(0).all() else "else_branch"
        branches = [attribute.g for attribute in proto.attribute if attribute.name == taken]
        for branch in branches:
            self.building.constants.update({tensor.name: tensor for tensor in branch.initializer})
            for inside in branch.node:
                self._read(inside)
        names = [output.name for branch in branches for output in branch.output]
        known = self.building.values | self.building.constants
        if len(names) != len(node.outputs) or not known.keys() >= set(names):
            raise OnnxError(f"{node}: its {taken} does not have its {len(node.outputs)} outputs")
        self._give(node, [known[name] for name in names])

    def _give(self, node: Node, given: Sequence[Value | Array | None]) -> None:
        """Name a node's output; an error if another of its outputs is needed: a mask, indices, statistics."""
        for name in node.outputs[len(given) :]:
            if name and self.building.uses[name]:
                raise OnnxError(f"{node}: its output {name!r:.80} is not supported, only the first")
        for name, value in zip(node.outputs, given, strict=False):
            if name in self.building.values or name in self.building.constants:
                raise OnnxError(f"{node}: {name!r:.80} is the output of two nodes")
            if isinstance(value, Value):
                self.building.give(name, value)
            elif value is not None:
                self.building.constants[name] = value


def _needed(graph: Any) -> list[Any]:
    """The nodes that the output depends on, in order; unused nodes need not be supported."""
    given_by: dict[str, int] = {}
    for i, node in enumerate(graph.node):
        for name in node.output:
            if name in given_by:
                raise OnnxError(f"{node.op_type} {node.name or name!r:.80}: {name!r:.80} is the output of two nodes")
            if name:
                given_by[name] = i
    needed: set[int] = set()
    pending = [value.name for value in graph.output]
    while pending:
        giver = given_by.get(pending.pop())
        if giver is not None and giver not in needed:
            needed.add(giver)
            pending += _taken(graph.node[giver])
    return [node for i, node in enumerate(graph.node) if i in needed]


def _taken(node: Any) -> list[str]:
    """The names of all values that a node uses, including in its branches."""
    names = list(node.input)
    for attribute in node.attribute:
        if attribute.HasField("g"):
            names += [name for inside in attribute.g.node for name in _taken(inside)]
            names += [output.name for output in attribute.g.output]
    return names


def _transposed_first(nodes: list[Any], name: str) -> bool:
    """Whether a graph takes images (N, H, W, C): apart from arithmetic, the first operation transposes them."""
    takers: dict[str, list[Any]] = {}
    for node in nodes:
        for taken in node.input:
            takers.setdefault(taken, []).append(node)
    for _ in nodes:  # finite even if there is a cycle
        if len(takers.get(name, [])) != 1:
            return False
        (node,) = takers[name]
        if node.op_type == "Transpose":
            given = [list(attribute.ints) for attribute in node.attribute if attribute.name == "perm"]
            return given == [TO_CHANNELS_FIRST]
        if node.op_type not in BETWEEN or not node.output:
            return False
        name = node.output[0]
    return False


def _input(
    name: str, sizes: tuple[int | None, ...], input_shape: tuple[int, int, int] | None, channels_last: bool
) -> Value:
    """The graph's input, from the sizes in the file and from the caller: (C, H, W)."""
    shape: Shape = (sizes[2], sizes[0], sizes[1]) if channels_last else sizes
    if input_shape is not None:
        if len(input_shape) != len(shape) or any(
            size not in (None, wanted) for size, wanted in zip(shape, input_shape, strict=True)
        ):
            raise OnnxError(f"the file takes images {spelled((BATCH, *shape))}, not {tuple(input_shape)}")
        shape = tuple(input_shape)
    if len(shape) not in (1, 3):
        raise OnnxError(f"expected an input of images (N, C, H, W), got {name!r:.80} {spelled((BATCH, *shape))}")
    known = [size for size in shape if size is not None]
    if min(known, default=1) < 1 or math.prod(known) > MOST_VALUES:
        raise OnnxError(f"its input has the invalid shape {spelled((BATCH, *shape))}")
    return Value(Graph.INPUT, shape, (0, 2, 3, 1)) if channels_last else Value.of(Graph.INPUT, shape)


def _describe(model: Layer, proto: Any) -> None:
    """Restore the transform and the classes that `save` stored."""
    stored = {entry.key: entry.value for entry in proto.metadata_props}
    try:
        if "minicnn.transform" in stored:
            model.transform = Transform.from_dict(json.loads(stored["minicnn.transform"]))
        if "minicnn.classes" in stored:
            model.classes = tuple(map(str, json.loads(stored["minicnn.classes"])))
    except (ValueError, TypeError, RecursionError) as error:
        raise OnnxError(f"the transform and classes in its metadata are not minicnn's ({one_line(error)})") from error
