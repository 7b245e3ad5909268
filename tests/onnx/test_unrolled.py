"""Local response normalization as PyTorch's exporters write it, step by step."""

import numpy as np
import pytest

import minicnn as cnn
from minicnn.testing import tie_free

pytest.importorskip("onnx", reason="the onnx package is not installed")
from tests.onnx.graphs import load, node, proto

SHAPE = (2, 5, 4, 3)


def written(size, alpha=0.2, beta=0.6, k=1.5, padding=None, value=0.0, shape=SHAPE, **changed):
    """The graph for windows of `size` channels; single nodes can be changed by the names of their outputs."""
    front, back = (size // 2, (size - 1) // 2) if padding is None else padding
    nodes = {
        "square": node("Mul", "x x", "square"),
        "volume": node("Unsqueeze", "square one", "volume"),
        "padded": node("Pad", "volume pads value", "padded"),
        "mean": node("AveragePool", "padded", "mean", kernel_shape=[size, 1, 1], strides=[1, 1, 1]),
        "maps": node("Squeeze", "mean one", "maps"),
        "scaled": node("Mul", "maps alpha", "scaled"),
        "shifted": node("Add", "scaled k", "shifted"),
        "power": node("Pow", "shifted beta", "power"),
        "y": node("Div", "x power", "y"),
    }
    numbers = {"alpha": alpha, "beta": beta, "k": k, "value": value}
    arrays = {name: np.float32(number) for name, number in numbers.items()}
    arrays |= {"one": np.int64([1]), "pads": np.int64([0, 0, front, 0, 0, 0, 0, back, 0, 0])}
    return proto(list((nodes | changed).values()), arrays, shape)


@pytest.mark.parametrize("channels", [1, 2, 5])
@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_its_steps_become_one_layer(size, channels, tmp_path) -> None:
    """Also where one window holds all channels, padding included."""
    shape = (2, channels, 4, 3)
    model = load(written(size, shape=shape), tmp_path)
    assert [type(layer) for layer in model.children.values()] == [cnn.LocalResponseNorm]
    x = tie_free(shape, dtype=np.float32)
    expected, _ = cnn.ops.local_response_norm(x, size, alpha=0.2, beta=0.6, k=1.5)
    np.testing.assert_allclose(model(x), expected, rtol=1e-5)


def test_padding_is_with_zeros_if_nothing_else_is_said(tmp_path) -> None:
    graph = written(3, padded=node("Pad", "volume pads", "padded"))
    assert [type(layer) for layer in load(graph, tmp_path).children.values()] == [cnn.LocalResponseNorm]


def test_what_is_written_out_is_what_is_left_out(tmp_path) -> None:
    threes = {name: [1, 1, 1] for name in ("strides", "dilations")}
    whole = {"pads": [0] * 6, "ceil_mode": 0, "auto_pad": "NOTSET", "count_include_pad": 0, **threes}
    for options in ({}, whole):
        graph = written(3, mean=node("AveragePool", "padded", "mean", kernel_shape=[3, 1, 1], **options))
        assert [type(layer) for layer in load(graph, tmp_path).children.values()] == [cnn.LocalResponseNorm]


def test_without_a_constant_below_the_power_there_is_none(tmp_path) -> None:
    graph = written(3, shifted=node("Identity", "scaled", "shifted"))
    x = tie_free(SHAPE, dtype=np.float32)
    expected, _ = cnn.ops.local_response_norm(x, 3, alpha=0.2, beta=0.6, k=0)
    np.testing.assert_allclose(load(graph, tmp_path)(x), expected, rtol=1e-5)


REFUSED = {
    "padded with ones": ({"value": 1.0}, r"Pad 'padded': of \(N, 1, 5, 4, 3\) by .* is not supported"),
    "padded more behind": ({"padding": (0, 1), "size": 2}, "a window of 2 channels padded by 0 and 1"),
    "padded too little": ({"padding": (0, 0)}, "dividing by a value computed"),
    "cut instead of padded": ({"padding": (-1, 1)}, "Pad 'padded': of "),
    "more channels than there are": ({"size": 8, "padding": (1, 1)}, r"by windows of \[8, 1, 1\]"),
    "no channels": ({"size": 0, "padding": (1, 1)}, r"by windows of \[0, 1, 1\]"),
    "of channels whose number is open": ({"shape": ("N", "C", 4, 3)}, r"of \(N, 1, \?, 4, 3\)|depends on the input"),
    "of pixels too": (
        {"mean": node("AveragePool", "padded", "mean", kernel_shape=[3, 2, 1])},
        r"of \(N, 1, 7, 4, 3\) by windows of \[3, 2, 1\] is not supported",
    ),
    "of every second channel": (
        {"mean": node("AveragePool", "padded", "mean", kernel_shape=[3, 1, 1], strides=[2, 1, 1])},
        "strides",
    ),
    "of windows of no size": ({"mean": node("AveragePool", "padded", "mean")}, r"by windows of \[0, 0, 0\]"),
    "of the maximum": ({"mean": node("MaxPool", "padded", "mean", kernel_shape=[3, 1, 1])}, "MaxPool 'mean'"),
    "of a product that is not a square": (
        {"square": node("Mul", "x other", "square"), "volume": node("Unsqueeze", "square one", "volume")},
        "dividing by a value computed",
    ),
    "of a sum": ({"square": node("Add", "x x", "square")}, "dividing by a value computed"),
    "of another map": ({"y": node("Div", "other power", "y")}, "dividing by a value computed"),
    "without a division": ({"y": node("Relu", "power", "y")}, "Pad 'padded': padding of .* is not supported"),
    "without a power": (
        {"power": node("Identity", "shifted", "power")},
        "dividing by a value computed",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_only_looks_like_it_is_refused(name, tmp_path) -> None:
    options, message = REFUSED[name]
    changed = {"other": node("Relu", "x", "other")} if "other" in str(options) else {}
    graph = written(**{"size": 3} | options)
    if changed:
        graph.graph.node.insert(0, changed["other"])
    with pytest.raises(cnn.onnx.OnnxError, match=message):
        load(graph, tmp_path)
