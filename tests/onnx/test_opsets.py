"""Operators whose form changed with an opset: in that one, and in the last one before it."""

from typing import Any

import numpy as np
import pytest

import minicnn as cnn

onnx = pytest.importorskip("onnx", reason="the onnx package is not installed")
from minicnn.layers.description import describe  # noqa: E402
from tests.onnx.graphs import load, normal  # noqa: E402
from tests.onnx.operators import Case  # noqa: E402

X = normal(2, 3, 4, 5, seed=7)
VECTORS = normal(2, 5, seed=7)


def number(value: float) -> np.ndarray:
    return np.float32(value)


# The opset; inputs and attributes before it, and from it on; the result, or the words with which it is refused.
CHANGED: dict[str, tuple[int, tuple[list[Any], dict[str, Any]], tuple[list[Any], dict[str, Any]], Any]] = {
    "Clip": (11, ([], {"min": -0.5, "max": 0.25}), ([number(-0.5), number(0.25)], {}), X.clip(-0.5, 0.25)),
    "Dropout": (12, ([], {"ratio": 0.5}), ([number(0.5)], {}), X),
    "Slice": (
        10,
        ([], {"starts": [1], "ends": [4], "axes": [3]}),
        ([np.int64([n]) for n in (1, 4, 3, 2)], {}),
        (X[..., 1:4], X[..., 1:4:2]),
    ),
    "Resize": (
        11,
        ([number([1, 1, 2, 3])], {}),
        ([None, number([1, 1, 2, 3])], {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}),
        X.repeat(2, axis=2).repeat(3, axis=3),
    ),
    "Pad": (
        11,
        ([], {"pads": [0, 0, 1, 0, 0, 0, 0, 2], "value": 0.5}),
        ([np.int64([0, 0, 1, 0, 0, 0, 0, 2]), number(0.5)], {}),
        np.pad(X, ((0, 0), (0, 0), (1, 0), (0, 2)), constant_values=0.5),
    ),
}


@pytest.mark.parametrize("op", CHANGED)
def test_an_operator_is_read_as_its_opset_writes_it(op: str, tmp_path) -> None:
    since, before, after, result = CHANGED[op]
    results = result if isinstance(result, tuple) else (result, result)
    for opset, (inputs, attributes), expected in ((since - 1, before, results[0]), (since, after, results[1])):
        model = load(Case(op, inputs, attributes, X.shape, opset).model(), tmp_path)
        np.testing.assert_array_equal(model(X), expected)


def softmax(x: np.ndarray, axis: int) -> np.ndarray:
    powers = np.exp(x - x.max(axis, keepdims=True))
    return powers / powers.sum(axis, keepdims=True)


@pytest.mark.parametrize("op", ["Softmax", "LogSoftmax"])
def test_a_softmax_is_over_all_axes_from_the_second_on_until_opset_13_then_over_the_last(op: str, tmp_path) -> None:
    """The same for vectors; of maps, the first is refused."""
    bend = np.log if op == "LogSoftmax" else np.asarray

    def read(opset: int, x: np.ndarray, **attributes: Any) -> np.ndarray:
        return load(Case(op, [], attributes, x.shape, opset).model(), tmp_path, keep_softmax=True)(x)

    for opset in (12, 13):
        np.testing.assert_allclose(read(opset, VECTORS), bend(softmax(VECTORS, 1)), rtol=1e-5)
    np.testing.assert_allclose(read(13, X), bend(softmax(X, 3)), rtol=1e-5)
    for axis in (1, 2, 3, -1):
        np.testing.assert_allclose(read(13, X, axis=axis), bend(softmax(X, axis)), rtol=1e-5)
        if axis in (3, -1):
            np.testing.assert_allclose(read(12, X, axis=axis), bend(softmax(X, axis)), rtol=1e-5)
        else:
            with pytest.raises(cnn.onnx.OnnxError, match=f"{op} 'y': axis={axis} of .* is not supported"):
                read(12, X, axis=axis)
    columns = X[..., :1]
    np.testing.assert_allclose(read(12, columns, axis=2), bend(softmax(columns, 2)), rtol=1e-5)
    for axis in (0, -4):
        with pytest.raises(cnn.onnx.OnnxError, match=f"{op} 'y': axis={axis} of .* is not supported"):
            read(13, X, axis=axis)


@pytest.mark.parametrize(("opset", "taken"), [(6, False), (7, True)])
def test_the_oldest_opset_is_7(opset: int, taken: bool, tmp_path) -> None:
    model = Case("Relu", [], {}, X.shape, opset).model()
    if taken:
        np.testing.assert_array_equal(load(model, tmp_path)(X), X.clip(0))
    else:
        with pytest.raises(cnn.onnx.OnnxError, match="expected opset 7 or later, got 6"):
            load(model, tmp_path)


@pytest.mark.parametrize("p", [0.0, 1.0, -0.01, 1.01])
def test_a_ratio_is_a_probability(p: float, tmp_path) -> None:
    for opset, inputs, attributes in ((11, [], {"ratio": p}), (12, [number(p)], {})):
        model = Case("Dropout", inputs, attributes, X.shape, opset).model()
        if 0 <= p <= 1:
            assert load(model, tmp_path)["y"].p == p
        else:
            with pytest.raises(cnn.onnx.OnnxError, match="expected ratio to be a probability"):
                load(model, tmp_path)


DEFAULTS = {  # what an attribute is that a file leaves out
    "Elu": {"alpha": 1.0},
    "LeakyRelu": {"alpha": 0.01},
    "HardSigmoid": {"alpha": 0.2, "beta": 0.5},
    "Dropout": {"ratio": 0.5},
    "LRN": {"alpha": 1e-4, "beta": 0.75, "bias": 1.0},
    "BatchNormalization": {"epsilon": 1e-5, "momentum": 0.9, "training_mode": 0, "spatial": 1},
    "MaxPool": {"strides": [1, 1], "pads": [0, 0, 0, 0], "dilations": [1, 1], "ceil_mode": 0},
    "AveragePool": {"strides": [1, 1], "pads": [0, 0, 0, 0], "dilations": [1, 1], "count_include_pad": 0},
    "Pad": {"mode": "constant", "value": 0.0},
    "Conv": {"strides": [1, 1], "pads": [0, 0, 0, 0], "dilations": [1, 1], "group": 1, "auto_pad": "NOTSET"},
    "ConvTranspose": {"strides": [1, 1], "dilations": [1, 1], "output_padding": [0, 0], "group": 1},
    "ReduceMean": {"keepdims": 1},
    "Flatten": {"axis": 1},
    "Gemm": {"alpha": 1.0, "beta": 1.0, "transA": 0, "transB": 0},
}
NEEDED: dict[str, tuple[list[Any], dict[str, Any], tuple[int, ...]]] = {  # to write one
    "LRN": ([], {"size": 3}, X.shape),
    "BatchNormalization": ([number([1, 2, 3]), number([4, 5, 6]), number([0, 1, 2]), number([7, 8, 9])], {}, X.shape),
    "MaxPool": ([], {"kernel_shape": [2, 3]}, X.shape),
    "AveragePool": ([], {"kernel_shape": [2, 3]}, X.shape),
    "Conv": ([normal(2, 3, 2, 2)], {}, X.shape),
    "ConvTranspose": ([normal(3, 2, 2, 2)], {}, X.shape),
    "ReduceMean": ([], {"axes": [2, 3]}, X.shape),
    "Pad": ([], {"pads": [0, 0, 1, 2, 0, 0, 3, 0]}, X.shape),
    "Gemm": ([normal(5, 4), normal(4)], {}, VECTORS.shape),
}


def rounded(description: Any) -> Any:
    """Its numbers as a file holds them, in single precision."""
    if isinstance(description, dict):
        return {name: rounded(value) for name, value in description.items()}
    return round(description, 7) if isinstance(description, float) else description


@pytest.mark.parametrize("op", DEFAULTS)
def test_an_attribute_that_is_left_out_has_the_standards_default(op: str, tmp_path) -> None:
    """Written out, it makes the same layer."""
    inputs, attributes, shape = NEEDED.get(op, ([], {}, X.shape))
    left_out, given = (
        load(Case(op, inputs, attributes | more, shape, opset=10).model(), tmp_path) for more in ({}, DEFAULTS[op])
    )
    assert rounded(describe(left_out)) == rounded(describe(given))
    x = VECTORS if shape == VECTORS.shape else X
    np.testing.assert_array_equal(left_out(x), given(x))
