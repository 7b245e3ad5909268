"""ONNX against onnxruntime: every operator we read, as every opset writes it, and all that we write."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings

import minicnn as cnn
from minicnn.testing import Network, networks

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")
helper, FLOAT = onnx.helper, onnx.TensorProto.FLOAT


def run(model: Any, x: np.ndarray) -> np.ndarray:
    """What onnxruntime makes of it, on one thread."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    contents = model if isinstance(model, str) else model.SerializeToString()
    session = onnxruntime.InferenceSession(contents, options)
    return session.run(None, {session.get_inputs()[0].name: x})[0]


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def normal(*shape: int, seed: int = 0) -> np.ndarray:
    return rng(seed).standard_normal(shape).astype(np.float32)


@dataclass
class Case:
    """One node, fed with x and constants."""

    op: str
    constants: list[Any] = field(default_factory=list)
    attributes: dict[str, Any] = field(default_factory=dict)
    shape: tuple[int, ...] = (2, 3, 7, 6)
    opset: int = 17

    def model(self) -> Any:
        names = [f"c{i}" if constant is not None else "" for i, constant in enumerate(self.constants)]
        node = helper.make_node(self.op, ["x", *names], ["y"], **self.attributes)
        return model([node], dict(zip(names, self.constants, strict=True)), self.shape, self.opset)


def model(nodes: list[Any], constants: dict[str, Any], shape: tuple[int, ...], opset: int = 17) -> Any:
    """A graph from x of this shape to y."""
    arrays = [onnx.numpy_helper.from_array(np.asarray(c), name) for name, c in constants.items() if c is not None]
    inputs = [helper.make_tensor_value_info("x", FLOAT, shape)]
    outputs = [helper.make_tensor_value_info("y", FLOAT, [None] * onnx_rank(nodes, shape))]
    graph = helper.make_graph(nodes, "test", inputs, outputs, arrays)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


def onnx_rank(nodes: list[Any], shape: tuple[int, ...]) -> int:
    flat = {"Flatten", "Reshape", "Squeeze", "Gemm", "MatMul"}
    return 2 if flat & {node.op_type for node in nodes} else len(shape)


W, B = normal(4, 3, 3, 2, seed=1), normal(4, seed=2)
DOWN = normal(3, 2, 3, 2, seed=3)
CHANNELS = [normal(3, seed=i) for i in range(3)] + [rng(9).random(3, np.float32) + 0.5]
int64 = np.int64
CASES = {
    "conv": Case("Conv", [W, B], {"strides": [2, 1], "pads": [1, 0, 1, 0]}),
    "conv, no bias, kernel named": Case("Conv", [W], {"kernel_shape": [3, 2]}),
    "conv, dilated": Case("Conv", [W, B], {"dilations": [2, 3]}),
    "conv, grouped": Case("Conv", [normal(6, 1, 3, 3), normal(6)], {"group": 3}),
    "conv, padded more below": Case("Conv", [W, B], {"pads": [0, 1, 2, 0]}),
    "conv, same": Case("Conv", [W, B], {"auto_pad": "SAME_UPPER", "strides": [2, 2]}),
    "conv, same lower": Case("Conv", [W, B], {"auto_pad": "SAME_LOWER", "strides": [3, 1]}),
    "conv, valid": Case("Conv", [W, B], {"auto_pad": "VALID"}),
    "conv, opset 7": Case("Conv", [W, B], {"pads": [1, 1, 1, 1]}, opset=7),
    "transposed": Case("ConvTranspose", [DOWN, normal(2)], {"strides": [2, 3], "pads": [1, 0, 1, 0]}),
    "transposed, more output": Case("ConvTranspose", [DOWN], {"strides": [2, 2], "output_padding": [1, 0]}),
    "transposed, cut less below": Case("ConvTranspose", [DOWN], {"strides": [2, 2], "pads": [1, 1, 0, 0]}),
    "transposed, grouped": Case("ConvTranspose", [normal(3, 2, 2, 2)], {"group": 3, "dilations": [2, 1]}),
    "gemm": Case("Gemm", [normal(5, 4), normal(4)], {"alpha": 0.5, "beta": 2.0}, (2, 5)),
    "gemm, transposed": Case("Gemm", [normal(4, 5), normal(4)], {"transB": 1}, (2, 5)),
    "gemm, one bias for all": Case("Gemm", [normal(5, 4), np.float32([0.5])], {}, (2, 5)),
    "gemm, no bias": Case("Gemm", [normal(5, 4)], {}, (2, 5), opset=11),
    "gemm, opset 7": Case("Gemm", [normal(5, 4), normal(4)], {}, (2, 5), opset=7),
    "matmul": Case("MatMul", [normal(5, 4)], {}, (2, 5)),
    "relu": Case("Relu"),
    "clip at zero": Case("Clip", [np.float32(0)]),
    "clip, opset 7": Case("Clip", [], {"min": 0.0, "max": 1.0}, opset=7),
    "clip above": Case("Clip", [None, np.float32(0.5)]),
    "clip, both": Case("Clip", [np.float32(-0.5), np.float32(0.5)]),
    "leaky relu": Case("LeakyRelu", [], {"alpha": 0.2}),
    "leaky relu, default": Case("LeakyRelu"),
    "sigmoid": Case("Sigmoid"),
    "max pool": Case("MaxPool", [], {"kernel_shape": [3, 2], "strides": [2, 1], "pads": [1, 1, 1, 1]}),
    "max pool, opset 7": Case("MaxPool", [], {"kernel_shape": [2, 2]}, opset=7),
    "max pool, ceil": Case("MaxPool", [], {"kernel_shape": [2, 2], "strides": [2, 4], "ceil_mode": 1}),
    "max pool, dilated": Case("MaxPool", [], {"kernel_shape": [2, 2], "dilations": [3, 2]}),
    "max pool, padded more below": Case(
        "MaxPool", [], {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [0, 0, 1, 1]}
    ),
    "max pool, same": Case("MaxPool", [], {"kernel_shape": [3, 3], "strides": [2, 2], "auto_pad": "SAME_UPPER"}),
    "average pool": Case("AveragePool", [], {"kernel_shape": [3, 2], "pads": [1, 1, 1, 1]}),
    "average pool, padding counts": Case(
        "AveragePool", [], {"kernel_shape": [3, 2], "pads": [1, 1, 1, 1], "count_include_pad": 1}
    ),
    "average pool, ceil": Case("AveragePool", [], {"kernel_shape": [2, 2], "strides": [2, 4], "ceil_mode": 1}),
    "average pool, opset 7": Case("AveragePool", [], {"kernel_shape": [2, 2], "strides": [2, 2]}, opset=7),
    "average pool, padded more below": Case(
        "AveragePool", [], {"kernel_shape": [3, 3], "pads": [0, 0, 1, 1], "count_include_pad": 1}
    ),
    "global average pool": Case("GlobalAveragePool"),
    "batch norm": Case("BatchNormalization", CHANNELS, {"epsilon": 0.01}),
    "batch norm, opset 7": Case("BatchNormalization", CHANNELS, {"momentum": 0.8}, opset=7),
    "batch norm, opset 9": Case("BatchNormalization", CHANNELS, opset=9),
    "lrn": Case("LRN", [], {"size": 3, "alpha": 0.2, "beta": 0.6, "bias": 1.5}),
    "lrn, defaults": Case("LRN", [], {"size": 5}),
    "dropout": Case("Dropout", [np.float32(0.3)]),
    "dropout, opset 7": Case("Dropout", [], {"ratio": 0.3}, opset=7),
    "flatten": Case("Flatten"),
    "flatten from behind": Case("Flatten", [], {"axis": -3}),
    "reshape to flat": Case("Reshape", [int64([2, -1])]),
    "reshape, batch kept": Case("Reshape", [int64([0, -1])]),
    "reshape to features": Case("Reshape", [int64([-1, 126])], opset=7),
    "squeeze": Case("Squeeze", [int64([2, 3])], {}, (2, 3, 1, 1)),
    "squeeze, opset 7": Case("Squeeze", [], {"axes": [2, 3]}, (2, 3, 1, 1), opset=7),
    "squeeze all": Case("Squeeze", [], {}, (2, 3, 1, 1)),
    "softmax of channels": Case("Softmax", [], {"axis": 1}),
    "softmax of columns": Case("Softmax"),
    "softmax of vectors": Case("Softmax", [], {}, (2, 5)),
    "softmax, opset 7": Case("Softmax", [], {}, (2, 5, 1, 1), opset=7),
    "pad": Case("Pad", [int64([0, 1, 2, 0, 0, 0, 1, 3])]),
    "pad with a value": Case("Pad", [int64([0, 0, 1, 1, 0, 0, 0, 0]), np.float32(0.5)]),
    "pad, opset 7": Case("Pad", [], {"pads": [0, 0, 1, 1, 0, 0, 1, 1]}, opset=7),
    "pad of some axes": Case("Pad", [int64([1, 2]), None, int64([-1])], opset=18),
}


@pytest.mark.parametrize("name", CASES)
def test_an_operator_gives_what_onnxruntime_gives(name: str, tmp_path) -> None:
    case = CASES[name]
    proto = case.model()
    onnx.save(proto, tmp_path / "m.onnx")
    x = normal(*case.shape, seed=7)
    ours = cnn.onnx.load(tmp_path / "m.onnx", keep_softmax=True)(x)
    theirs = run(proto, x)
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
    proto = model(nodes, constants, (2, 3, 7, 6), opset)
    onnx.save(proto, tmp_path / "m.onnx")
    x = normal(2, 3, 7, 6, seed=7)
    loaded = cnn.onnx.load(tmp_path / "m.onnx")
    theirs = run(model(nodes, constants, (2, 3, 7, 6), min(opset, 21)), x)  # the newest that onnxruntime surely knows
    assert np.allclose(loaded(x), theirs, atol=1e-4)


def node(op: str, inputs: str, output: str, **attributes: Any) -> Any:
    return helper.make_node(op, inputs.split(), [output], **attributes)


GRAPHS = {
    "dense layers written as MatMul and Add": (
        [node("Flatten", "x", "a"), node("MatMul", "a w", "b"), node("Add", "b c", "d"), node("Relu", "d", "y")],
        {"w": normal(12, 4), "c": normal(4)},
    ),
    "a bias added after the convolution, from the left": (
        [node("Conv", "x w", "a"), node("Add", "c a", "b"), node("Flatten", "b", "y")],
        {"w": normal(2, 3, 2, 2), "c": normal(1, 2, 1, 1)},
    ),
    "branches and a shortcut": (
        [
            node("Relu", "x", "a"),
            node("Conv", "a w", "b"),
            node("Identity", "a", "i"),
            node("Add", "b i", "c"),
            node("Concat", "a c x", "d", axis=1),
            node("Sum", "d d d", "e"),
            node("Flatten", "e", "y"),
        ],
        {"w": normal(3, 3, 1, 1)},
    ),
    "nodes in an order that jumps between branches": (
        [
            node("Relu", "x", "a1"),
            node("Sigmoid", "x", "b1"),
            node("LeakyRelu", "a1", "a2"),
            node("Relu", "b1", "b2"),
            node("Concat", "b2 a2", "c", axis=-3),
            node("Flatten", "c", "y"),
        ],
        {},
    ),
    "what leads nowhere is left out": (
        [node("Relu", "x", "a"), node("Sigmoid", "a", "lost"), node("Flatten", "a", "y")],
        {},
    ),
    "vectors side by side": (
        [node("Flatten", "x", "a"), node("Relu", "a", "b"), node("Concat", "a b", "y", axis=1)],
        {},
    ),
    "weights from a Constant": (
        [
            helper.make_node("Constant", [], ["w"], value=onnx.numpy_helper.from_array(normal(2, 3, 1, 1))),
            node("Conv", "x w", "a"),
            helper.make_node("Constant", [], ["p"], value_ints=[0, -1]),
            node("Reshape", "a p", "y"),
        ],
        {},
    ),
}


@pytest.mark.parametrize("name", GRAPHS)
def test_a_graph_gives_what_onnxruntime_gives(name: str, tmp_path) -> None:
    nodes, constants = GRAPHS[name]
    proto = model(nodes, constants, (2, 3, 2, 2))
    onnx.save(proto, tmp_path / "m.onnx")
    x = normal(2, 3, 2, 2, seed=7)
    assert np.allclose(cnn.onnx.load(tmp_path / "m.onnx")(x), run(proto, x), atol=1e-5)


def filled(model: Any) -> Any:
    """The model with random arrays, and outputs of about one."""
    generator = rng(3)
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
    proto = onnx.load(path)
    onnx.checker.check_model(proto, full_check=True)
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
    features = filled(cnn.zoo.build(name, seed=None)["features"])  # their dense layers are half a gigabyte of the same
    assert_round_trip(features, normal(1, 3, size, size), tmp_path / "m.onnx")


@settings(max_examples=2 * settings.default.max_examples)
@given(network=networks())
def test_fifty_random_networks_go_to_onnx_and_back(network: Network, tmp_path_factory) -> None:
    path = tmp_path_factory.getbasetemp() / "random.onnx"
    model = network.model.astype(np.float32)
    x = network.x(np.float32)
    try:
        cnn.onnx.save(model, path, x.shape[1:])
    except cnn.onnx.OnnxError as error:  # what ONNX has no form for; another network is drawn in its place
        assert any(why in str(error) for why in ("adaptive pooling", "even size", "count the windows"))
        assume(False)
    assert_round_trip(model, x, path)
