"""The nine networks in the onnx package: read as they are; with weights, compared with onnxruntime and saved again."""

import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import minicnn as cnn

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")
run = runpy.run_path(str(Path(__file__).with_name("onnx_models.py")))["run"]

LIGHT = Path(onnx.__file__).parent / "backend" / "test" / "data" / "light"
NAMES = [
    "bvlc_alexnet",
    "densenet121",
    "inception_v1",
    "inception_v2",
    "resnet50",
    "shufflenet",
    "squeezenet",
    "vgg19",
    "zfnet512",
]
NARROW = {4096: 24}  # dense layers of half a gigabyte show no more than narrow ones


def filled(path: Path) -> Any:
    """The network with initializers instead of its ConstantOfShape nodes, so that its outputs are about one."""
    proto = onnx.load(path)
    graph, rng = proto.graph, np.random.default_rng(0)
    shapes = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in graph.initializer}
    place = {name: (node.op_type, i) for node in graph.node for i, name in enumerate(node.input)}
    for node in [node for node in graph.node if node.op_type == "ConstantOfShape"]:
        name, shape = node.output[0], [NARROW.get(n, n) for n in shapes[node.input[0]].tolist()]
        values = rng.standard_normal(shape).astype(np.float32)
        match place[name]:
            case ("Conv" | "Gemm", 1):
                values *= np.float32(np.sqrt(2 / max(1, values[0].size)))
            case ("BatchNormalization", 1 | 4) | ("Unsqueeze", 0):
                values = 1 + np.abs(values) / 10
            case _:
                values /= 10
        graph.initializer.append(onnx.numpy_helper.from_array(values, name))
        graph.node.remove(node)
    for kind in (graph.value_info, graph.output):  # whose sizes are those of the wide layers
        for value in kind:
            value.type.tensor_type.ClearField("shape")
    return proto


@pytest.mark.parametrize("name", NAMES)
def test_it_equals_onnxruntime_and_goes_back(name: str, tmp_path) -> None:
    proto = filled(LIGHT / f"light_{name}.onnx")
    onnx.save(proto, tmp_path / "m.onnx")
    x = np.random.default_rng(1).standard_normal((1, 3, 224, 224)).astype(np.float32)
    model = cnn.onnx.load(tmp_path / "m.onnx", keep_softmax=True)
    expected = run(proto, x)
    y = model(x)
    scale = np.abs(expected).max()
    assert np.isfinite(scale) and scale > 0
    assert np.abs(y - expected.reshape(y.shape)).max() <= 1e-4 * scale
    assert np.ptp(expected) > 1e-3 * scale  # it distinguishes its classes
    cnn.onnx.save(model, tmp_path / "again.onnx", (3, 224, 224))
    assert np.abs(run(str(tmp_path / "again.onnx"), x) - y).max() <= 1e-4 * scale
    again = cnn.onnx.load(tmp_path / "again.onnx", keep_softmax=True)
    assert np.abs(again(x) - y).max() <= 1e-5 * scale


@pytest.mark.parametrize("name", ["squeezenet", "resnet50", "shufflenet", "inception_v2"])
def test_it_is_read_as_it_is_shipped(name: str) -> None:
    """Its weights are all the same number, so a node of a few bytes describes them."""
    model = cnn.onnx.load(LIGHT / f"light_{name}.onnx")
    assert sum(array.size for array in model.state().values()) > 1e6
