"""ONNX against onnxruntime: every operator we read, as every opset writes it, and everything that we write."""

import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings

import minicnn as cnn
from minicnn.testing import Network, networks

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
run = runpy.run_path(str(Path(__file__).with_name("onnx_models.py")))["run"]
from tests.onnx.combined import GRAPHS  # noqa: E402
from tests.onnx.graphs import normal, proto  # noqa: E402
from tests.onnx.operators import CASES, CHANNELS  # noqa: E402

helper = onnx.helper


BEYOND_ONNXRUNTIME = {"dropout of all"}  # it takes no ratio of 1; `tests/onnx/test_operators.py` has the standard's own


@pytest.mark.parametrize("name", [name for name in CASES if name not in BEYOND_ONNXRUNTIME])
def test_an_operator_gives_what_onnxruntime_gives(name: str, tmp_path) -> None:
    case = CASES[name]
    written = case.model()
    onnx.save(written, tmp_path / "m.onnx")
    x = normal(*case.shape, seed=7)
    ours = cnn.onnx.load(tmp_path / "m.onnx", keep_softmax=True)(x)
    theirs = run(written, x)
    assert ours.size == theirs.size
    assert np.allclose(ours, theirs.reshape(ours.shape), atol=1e-5)


@pytest.mark.parametrize("opset", range(7, onnx.defs.onnx_opset_version() + 1))
def test_a_network_is_read_from_every_opset(opset: int, tmp_path) -> None:
    nodes = [
        helper.make_node("Conv", ["x", "w", "b"], ["conv"], pads=[1, 1, 1, 1]),
        helper.make_node("BatchNormalization", ["conv", "s", "t", "m", "v"], ["norm"]),
        helper.make_node("Relu", ["norm"], ["relu"]),
        helper.make_node("MaxPool", ["relu"], ["pool"], kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node("Flatten", ["pool"], ["flat"]),
        helper.make_node("Gemm", ["flat", "w2", "b2"], ["y"]),
    ]
    constants = dict(zip("stmv", [*CHANNELS], strict=True))
    constants |= {"w": normal(3, 3, 3, 3), "b": normal(3), "w2": normal(27, 4), "b2": normal(4)}
    onnx.save(proto(nodes, constants, (2, 3, 7, 6), opset=opset), tmp_path / "m.onnx")
    x = normal(2, 3, 7, 6, seed=7)
    loaded = cnn.onnx.load(tmp_path / "m.onnx")
    known = min(opset, 23)  # the newest that onnxruntime surely knows
    theirs = run(proto(nodes, constants, (2, 3, 7, 6), opset=known), x)
    assert np.allclose(loaded(x), theirs, atol=1e-4)


@pytest.mark.parametrize("name", GRAPHS)
def test_a_graph_gives_what_onnxruntime_gives(name: str, tmp_path) -> None:
    onnx.save(GRAPHS[name], tmp_path / "m.onnx")
    x = normal(2, 3, 2, 2, seed=7)
    ours, theirs = cnn.onnx.load(tmp_path / "m.onnx")(x), run(GRAPHS[name], x)
    assert ours.shape == theirs.shape
    assert np.allclose(ours, theirs, atol=1e-5)


def filled(model: Any) -> Any:
    """The model with random arrays, and outputs of about one."""
    generator = np.random.default_rng(3)
    for name, array in model.state().items():
        fan_in = max(1, array[0].size)
        array[...] = generator.standard_normal(array.shape, np.float32) * np.sqrt(
            1 / fan_in if array.ndim > 1 else 0.01
        )
        if array.ndim == 1 and name.endswith(("weight", "running_var")):
            array[...] = 1 + np.abs(array)
    return model


def assert_round_trip(model: Any, x: np.ndarray, path: Any) -> None:
    cnn.onnx.save(model, path, x.shape[1:])
    onnx.checker.check_model(onnx.load(path), full_check=True)
    y, theirs = model(x), run(str(path), x)
    assert theirs.shape == y.shape
    scale = max(1.0, float(np.abs(y).max()))
    assert np.abs(theirs - y).max() <= 1e-5 * scale
    again = cnn.onnx.load(path, keep_softmax=True)(x)
    assert np.abs(again.reshape(y.shape) - y).max() <= 1e-5 * scale


HUGE = ("alexnet", "vgg11", "vgg13", "vgg16", "vgg19", "vgg11_bn", "vgg13_bn", "vgg16_bn", "vgg19_bn")


@pytest.mark.parametrize("name", [name for name in cnn.zoo.names() if name not in HUGE])
def test_a_network_of_the_zoo_goes_to_onnx_and_back(name: str, tmp_path) -> None:
    channels, height, _ = cnn.zoo.network(name).input_shape
    size = 67 if height == 224 else height
    model = filled(cnn.zoo.build(name, classes=10, seed=None))
    assert_round_trip(model, normal(2, channels, size, size), tmp_path / "m.onnx")


@pytest.mark.parametrize("name", HUGE)
def test_the_features_of_the_huge_ones_go_to_onnx_and_back(name: str, tmp_path) -> None:
    size = 63 if name == "alexnet" else 32
    features = filled(cnn.zoo.build(name, seed=None)["features"])  # dense layers: half a gigabyte more of the same
    assert_round_trip(features, normal(1, 3, size, size), tmp_path / "m.onnx")


@settings(max_examples=2 * settings.default.max_examples)
@given(network=networks())
def test_fifty_random_networks_go_to_onnx_and_back(network: Network, tmp_path_factory) -> None:
    path = tmp_path_factory.getbasetemp() / "random.onnx"
    model = network.model.astype(np.float32)
    x = network.x(np.float32)
    try:
        cnn.onnx.save(model, path, x.shape[1:])
    except cnn.onnx.OnnxError as error:  # what ONNX cannot express; another network is drawn instead
        assert any(why in str(error) for why in ("adaptive pooling", "even size", "count the windows"))
        assume(False)
    assert_round_trip(model, x, path)
