"""ONNX graphs in a line each, for the tests of this folder and `tests/peers`."""

from pathlib import Path
from typing import Any

import numpy as np
from onnx import TensorProto, helper, numpy_helper

import minicnn as cnn

W = np.arange(54, dtype=np.float32).reshape(2, 3, 3, 3) / 54


def normal(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def node(op: str, inputs: str, output: str, **attributes: Any) -> Any:
    return helper.make_node(op, inputs.split(), [output], **attributes)


def proto(nodes: list[Any], arrays: Any = (), shape: Any = (1, 3, 4, 4), output: str = "y", opset: int = 17) -> Any:
    """A graph from x to y; `arrays` by name, or tensors."""
    if isinstance(arrays, dict):
        arrays = [numpy_helper.from_array(np.asarray(array), name) for name, array in arrays.items()]
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)]
    outputs = [helper.make_tensor_value_info(output, TensorProto.FLOAT, None)]
    graph = helper.make_graph(nodes, "test", inputs, outputs, arrays)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


def load(model: Any, tmp_path: Path, **options: Any) -> Any:
    path = tmp_path / "m.onnx"
    path.write_bytes(model.SerializeToString())
    return cnn.onnx.load(path, **options)
