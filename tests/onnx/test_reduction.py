"""Means and maxima over whole maps, whichever axes the file names them by, are NumPy's."""

import itertools

import numpy as np
import pytest

import minicnn as cnn

pytest.importorskip("onnx", reason="the onnx package is not installed")
from tests.onnx.graphs import load, node, normal, proto

X = normal(2, 3, 4, 5, seed=7)
OPEN = ("N", 3, "H", "W")
OPS = {"ReduceMean": np.mean, "ReduceMax": np.max}
KINDS = list(itertools.product(OPS, (0, 1, None)))


def attributes(keep):
    return {} if keep is None else {"keepdims": keep}


@pytest.mark.parametrize("shape", [X.shape, OPEN], ids=["known size", "open size"])
@pytest.mark.parametrize("axes", [[2, 3], [3, 2], [-1, -2], [-2, 3]])
@pytest.mark.parametrize(("op", "keep"), KINDS)
def test_over_both_axes_of_maps(op, keep, axes, shape, tmp_path) -> None:
    """Kept unless the file says otherwise; what follows sees the shape."""
    kept = keep is None or bool(keep)
    expected = OPS[op](X, axis=(2, 3), keepdims=kept)
    nodes = [node(op, "x", "a", axes=axes, **attributes(keep)), node("Relu", "a", "b")]
    nodes += [node("Squeeze", "b", "y", axes=[2, 3])] if kept else [node("Gemm", "b w", "y")]
    y = load(proto(nodes, {"w": np.eye(3, dtype=np.float32)}, shape, opset=12), tmp_path)(X)
    np.testing.assert_allclose(y, np.maximum(expected, 0).reshape(2, 3), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("op", "keep"), KINDS)
def test_over_both_axes_of_maps_with_the_channels_last(op, keep, tmp_path) -> None:
    kept = keep is None or bool(keep)
    nodes = [
        node("Transpose", "x", "t", perm=[0, 2, 3, 1]),
        node(op, "t", "a", axes=[1, 2], **attributes(keep)),
        node("Reshape", "a s", "b"),
        node("LeakyRelu", "b", "y", alpha=1.0),
    ]
    shape = [2, 1, 1, 3] if kept else [2, 3]
    y = load(proto(nodes, {"s": np.int64(shape)}, X.shape, opset=12), tmp_path)(X)
    np.testing.assert_allclose(y.ravel(), OPS[op](X, axis=(2, 3)).ravel(), rtol=1e-5)


@pytest.mark.parametrize("axis", [2, -1])
@pytest.mark.parametrize(("op", "keep"), KINDS)
def test_over_maps_that_were_flattened(op, keep, axis, tmp_path) -> None:
    kept = keep is None or bool(keep)
    nodes = [
        node("Reshape", "x s", "f"),
        node(op, "f", "a", axes=[axis], **attributes(keep)),
        node("Squeeze", "a", "b", axes=[2]) if kept else node("Identity", "a", "b"),
        node("Gemm", "b w", "y"),
    ]
    arrays = {"s": np.int64([2, 3, 20]), "w": np.eye(3, dtype=np.float32)}
    y = load(proto(nodes, arrays, X.shape, opset=12), tmp_path)(X)
    np.testing.assert_allclose(y, OPS[op](X, axis=(2, 3)), rtol=1e-5)


@pytest.mark.parametrize("op", OPS)
def test_over_no_axis_is_nothing_where_the_file_says_so(op, tmp_path) -> None:
    nodes = [node(op, "x", "a", noop_with_empty_axes=1), node("Relu", "a", "y")]
    assert list(load(proto(nodes, {}, X.shape, opset=18), tmp_path).children) == ["y"]
    with pytest.raises(cnn.onnx.OnnxError, match=f"{op} 'a': over the axes None of"):
        load(proto([node(op, "x", "a"), node("Relu", "a", "y")], {}, X.shape, opset=18), tmp_path)


@pytest.mark.parametrize("op", OPS)
@pytest.mark.parametrize("axes", [[1], [2], [3], [1, 2], [1, 3], [1, 2, 3], [0, 2, 3], [-3, -1]])
def test_over_other_axes_is_refused(op, axes, tmp_path) -> None:
    with pytest.raises(cnn.onnx.OnnxError, match=rf"{op} 'y': over the axes \[.* is not supported"):
        load(proto([node(op, "x", "y", axes=axes)], {}, X.shape, opset=12), tmp_path)


@pytest.mark.parametrize("op", ["GlobalMaxPool", "GlobalAveragePool"])
def test_global_pooling_gives_maps_of_one_pixel(op, tmp_path) -> None:
    for shape in (X.shape, OPEN):
        nodes = [node(op, "x", "a"), node("Mul", "x a", "b"), node("Conv", "b w", "y")]
        y = load(proto(nodes, {"w": np.ones((1, 3, 1, 1), np.float32)}, shape), tmp_path)(X)
        pooled = (np.max if op == "GlobalMaxPool" else np.mean)(X, axis=(2, 3), keepdims=True)
        np.testing.assert_allclose(y, (X * pooled).sum(axis=1, keepdims=True), rtol=1e-4, atol=1e-5)
    if op == "GlobalMaxPool":
        with pytest.raises(cnn.onnx.OnnxError, match="its number of channels depends on the input's size"):
            load(proto([node(op, "x", "y")], {}, ("N", "C", 4, 5)), tmp_path)


@pytest.mark.parametrize(
    "shapes", [((2, 3, 1, 1), (2, 3, 4, 5)), ((2, 3, 4, 1), (2, 3, 1, 5)), ((2, 1, 4, 5), (2, 3, 4, 5))]
)
@pytest.mark.parametrize("turned", [False, True])
def test_the_shape_of_a_product_is_numpys(shapes, turned, tmp_path) -> None:
    """Either of them may be repeated; what reshapes the product knows how large it is."""
    first, second = (tuple(slice(n) for n in shape) for shape in (shapes[::-1] if turned else shapes))

    nodes = [node("Slice", f"x zero {name} axes", f"{name}x") for name in "ab"]
    nodes += [node("Mul", "ax bx", "c"), node("Reshape", "c s", "d"), node("Relu", "d", "y")]
    arrays = {"zero": np.int64([0] * 3), "axes": np.int64([1, 2, 3]), "s": np.int64([2, 60])}
    arrays |= {name: np.int64([axis.stop for axis in part][1:]) for name, part in (("a", first), ("b", second))}
    y = load(proto(nodes, arrays, X.shape), tmp_path)(X)
    np.testing.assert_allclose(y, np.maximum(X[first] * X[second], 0).reshape(2, 60), rtol=1e-6)


@pytest.mark.parametrize("op", ["Add", "Mul", "Sub"])
def test_what_numpy_would_not_repeat_is_refused(op, tmp_path) -> None:
    """And so are arrays of other axes, also where NumPy would add some."""
    for ends in ([3, 2, 5], [2, 4, 5]):
        arrays = {"zero": np.int64([0] * 3), "e": np.int64(ends), "axes": np.int64([1, 2, 3])}
        nodes = [node("Slice", "x zero e axes", "a"), node(op, "x a", "y")]
        with pytest.raises(cnn.onnx.OnnxError, match="do not fit together"):
            load(proto(nodes, arrays, X.shape), tmp_path)
    nodes = [node("Flatten", "x", "a"), node(op, "x a", "y")]
    with pytest.raises(cnn.onnx.OnnxError, match="do not fit together"):
        load(proto(nodes, {}, X.shape), tmp_path)
