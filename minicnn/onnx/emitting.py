"""The ONNX graph being written: one node named by each layer's path, with its arrays as initializers under their
paths."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ..layers import Pass, Watch, walk
from ..layers.transparent import transparent
from ..layers.tree import arrays_of, children_of
from ..ops.contract import Array
from .files import OnnxError, package

INPUT = "input"
Emitter = Callable[..., str]  # (writer, layer, path, name of the input) → name of the output


class Writer:
    """The graph so far.

    Attributes:
        shapes: of every value, without the batch.
    """

    def __init__(self, model: Any, input_shape: tuple[int, int, int], emitters: Mapping[type, Emitter]) -> None:
        self.onnx = package()
        self.emitters = emitters
        self.dtype = next((array.dtype for array in arrays_of(model, "parameters").values()), np.dtype(np.float32))
        self.root = type(model).__name__  # for a model that is one layer, which has no path
        self.nodes: list[Any] = []
        self.initializers: list[Any] = []
        watch = Watch(*(path for path, _ in walk(model) if path))
        y, _ = model.forward(np.zeros((1, *input_shape), self.dtype), Pass(watch=watch))
        self.shapes: dict[str, tuple[int, ...]] = {name: a.shape[1:] for name, a in watch.activations.items()}
        self.shapes |= {INPUT: tuple(input_shape), self.root: y.shape[1:]}

    def emit(self, layer: Any, path: str, x: str) -> str:
        """Add a layer applied to the value x; returns the name of its output."""
        layer = transparent(layer)
        forward = type(layer).forward
        kinds = [k for k in type(layer).__mro__ if k in self.emitters and getattr(k, "forward", None) is forward]
        if kinds:
            return self.emitters[kinds[0]](self, layer, path or ("" if children_of(layer) else self.root), x)
        if self.does_as_its_body(layer, self.shapes[x]):
            return self.emit(layer.body, path, x)
        known = ", ".join(sorted(kind.__name__ for kind in self.emitters))
        raise OnnxError(
            f"{type(layer).__name__} {path!r} has no form in ONNX; there is one for {known}, for types derived from "
            "them that have no forward of their own, and for layers that give what their body gives"
        )

    def does_as_its_body(self, layer: Any, shape: tuple[int, ...]) -> bool:
        """Whether a layer with a forward of its own adds nothing to its body, judged by one random input."""
        if getattr(layer, "body", None) is None:
            return False
        x = np.random.default_rng(0).standard_normal((2, *shape)).astype(self.dtype)
        return np.array_equal(layer.forward(x, Pass())[0], layer.body.forward(x, Pass())[0])

    def node(self, op: str, path: str, inputs: list[str], **attributes: Any) -> str:
        """Add a node named by a layer's path, which is also the name of its output."""
        name = path or self.root
        self.nodes.append(self.onnx.helper.make_node(op, inputs, [name], name=name, **attributes))
        return name

    def step(self, op: str, name: str, inputs: list[str], shape: tuple[int, ...]) -> str:
        """Add a node for a layer with several inputs; `shape` is that of its output, without the batch."""
        self.shapes[name] = shape
        return self.node(op, name, inputs)

    def value(self, name: str) -> Any:
        """A value's type and shape, for any number of images."""
        kind = self.onnx.helper.np_dtype_to_tensor_dtype(self.dtype)
        return self.onnx.helper.make_tensor_value_info(name, kind, ["N", *self.shapes[name]])

    def arrays(self, layer: Any, path: str, *names: str) -> list[str]:
        """A layer's arrays, as initializers; missing ones are skipped."""
        found = {name: getattr(layer, name) for name in names}
        return [self.array(f"{path}.{name}", array) for name, array in found.items() if array is not None]

    def number(self, name: str, value: float) -> str:
        return self.array(name, np.array(value, self.dtype))

    def integers(self, name: str, *values: int) -> str:
        return self.array(name, np.array(values, np.int64))

    def array(self, name: str, array: Array) -> str:
        self.initializers.append(self.onnx.numpy_helper.from_array(np.asarray(array, order="C"), name))
        return name


def plain(op: str) -> Emitter:
    """A layer that is one node without attributes."""
    return lambda writer, layer, path, x: writer.node(op, path, [x])


def below(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
