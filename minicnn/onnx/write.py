"""From a model to an ONNX file: every layer becomes a node under its own path, its arrays initialisers under theirs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from ..checkpoint import write_file
from ..layers import Pass, Watch, walk
from ..layers.base import arrays_of, children_of, transparent
from ..ops.contract import Array
from .exporters import EXPORTERS
from .files import OnnxError, package

OPSET, IR_VERSION = 17, 8
INPUT = "input"


def save(model: Any, path: str | Path, input_shape: tuple[int, int, int]) -> None:
    """Write a model as it is in use, not in training: opset 17, for any number of pictures of one size.

    The model's transform and the names of its classes are stored beside the graph, where `load` finds them.

    Args:
        model: of our layers.
        path: usually ends in ".onnx".
        input_shape: (C, H, W) of a picture.

    Raises:
        OnnxError: a layer has no exact form in ONNX, or the file cannot be written.
        ValueError: the picture does not fit the model.
        ImportError: the onnx package is not installed.
    """
    helper = package().helper
    writer = Writer(model, input_shape)
    last = writer.emit(model, "", INPUT)
    inside = [writer.value(name) for node in writer.nodes for name in node.output if name != last]
    graph = helper.make_graph(
        writer.nodes,
        type(model).__name__,
        [writer.value(INPUT)],
        [writer.value(last)],
        writer.initializers,
        value_info=inside,
    )
    proto = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION, producer_name="minicnn"
    )
    stored = {}
    if model.transform is not None:
        stored["minicnn.transform"] = json.dumps(model.transform.to_dict())
    if model.classes is not None:
        stored["minicnn.classes"] = json.dumps(list(model.classes))
    helper.set_model_props(proto, stored)
    try:
        write_file(Path(path), proto.SerializeToString())
    except OSError as error:
        raise OnnxError(f"save: cannot write {path} ({error.strerror or error})") from error


class Writer:
    """The graph so far.

    Attributes:
        shapes: of every value, without the batch.
    """

    def __init__(self, model: Any, input_shape: tuple[int, int, int]) -> None:
        self.onnx = package()
        self.dtype = next((array.dtype for array in arrays_of(model, "parameters").values()), np.dtype(np.float32))
        self.root = type(model).__name__  # for a model that is one layer, which has no path
        self.nodes: list[Any] = []
        self.initializers: list[Any] = []
        watch = Watch(*(path for path, _ in walk(model) if path))
        y, _ = model.forward(np.zeros((1, *input_shape), self.dtype), Pass(watch=watch))
        self.shapes: dict[str, tuple[int, ...]] = {name: a.shape[1:] for name, a in watch.activations.items()}
        self.shapes |= {INPUT: tuple(input_shape), self.root: y.shape[1:]}

    def emit(self, layer: Any, path: str, x: str) -> str:
        """Add what a layer does to the value x, and return the name of the value it gives."""
        layer = transparent(layer)
        forward = type(layer).forward
        kinds = [k for k in type(layer).__mro__ if k in EXPORTERS and getattr(k, "forward", None) is forward]
        if kinds:
            return EXPORTERS[kinds[0]](self, layer, path or ("" if children_of(layer) else self.root), x)
        if self.does_as_its_body(layer, self.shapes[x]):
            return self.emit(layer.body, path, x)
        known = ", ".join(sorted(kind.__name__ for kind in EXPORTERS))
        raise OnnxError(
            f"{type(layer).__name__} {path!r} has no form in ONNX; there is one for {known}, for types derived from "
            "them that have no forward of their own, and for layers that give what their body gives"
        )

    def does_as_its_body(self, layer: Any, shape: tuple[int, ...]) -> bool:
        """Whether a layer with a forward of its own adds nothing to its body, as far as one random input tells."""
        if getattr(layer, "body", None) is None:
            return False
        x = np.random.default_rng(0).standard_normal((2, *shape)).astype(self.dtype)
        return np.array_equal(layer.forward(x, Pass())[0], layer.body.forward(x, Pass())[0])

    def node(self, op: str, path: str, inputs: list[str], **attributes: Any) -> str:
        """Add a node under a layer's path, which is also the name of the value it gives."""
        name = path or self.root
        self.nodes.append(self.onnx.helper.make_node(op, inputs, [name], name=name, **attributes))
        return name

    def value(self, name: str) -> Any:
        """A value's type and shape, for any number of pictures."""
        kind = self.onnx.helper.np_dtype_to_tensor_dtype(self.dtype)
        return self.onnx.helper.make_tensor_value_info(name, kind, ["N", *self.shapes[name]])

    def arrays(self, layer: Any, path: str, *names: str) -> list[str]:
        """Those of a layer's arrays that are there, as initialisers."""
        found = {name: getattr(layer, name) for name in names}
        return [self.array(f"{path}.{name}", array) for name, array in found.items() if array is not None]

    def number(self, name: str, value: float) -> str:
        return self.array(name, np.array(value, self.dtype))

    def array(self, name: str, array: Array) -> str:
        self.initializers.append(self.onnx.numpy_helper.from_array(np.asarray(array, order="C"), name))
        return name
