"""Maps and a constant, on either side: what is computed, and by which layer."""

import numpy as np
import pytest

pytest.importorskip("onnx", reason="the onnx package is not installed")
from tests.onnx.graphs import load, node, normal, proto

COMPUTED = {
    "Add": lambda a, b: a + b,
    "Sub": lambda a, b: a - b,
    "Mul": lambda a, b: a * b,
    "Div": lambda a, b: a / b,
}
SIDES = [(op, left) for op in COMPUTED for left in (False, True) if (op, left) != ("Div", True)]


def calculated(op, left, x, constant):
    return COMPUTED[op](constant, x) if left else COMPUTED[op](x, constant)


@pytest.mark.parametrize("channels", [1, 2, 3])
@pytest.mark.parametrize(("op", "left"), SIDES)
def test_a_number_is_a_scale_and_one_for_each_channel_an_affine_layer(op, left, channels, tmp_path) -> None:
    x = normal(2, channels, 2, 3, seed=1)
    for shape in ((), (1,), (1, 1, 1, 1), (channels, 1, 1), (1, channels, 1, 1)):
        constant = normal(*shape, seed=2) + np.float32(3)
        model = load(proto([node(op, "c x" if left else "x c", "y")], {"c": constant}, x.shape), tmp_path)
        np.testing.assert_allclose(model(x), calculated(op, left, x, constant), rtol=1e-5, atol=1e-6)
        assert type(model["y"]).__name__ == ("Scale" if constant.size == 1 else "Affine")


@pytest.mark.parametrize("channels", [2, 3])
@pytest.mark.parametrize("first", [(), (1,)], ids=["of a number", "of one"])
def test_a_product_and_a_sum_are_one_layer_where_both_are_of_a_kind(first, channels, tmp_path) -> None:
    x = normal(2, channels, 2, 3, seed=1)
    shapes = [first, (channels, 1, 1)]
    for factor_shape in shapes:
        for shift_shape in shapes:
            factor, shift = normal(*factor_shape, seed=2) + np.float32(3), normal(*shift_shape, seed=3)
            nodes = [node("Mul", "x f", "a"), node("Add", "a s", "y")]
            model = load(proto(nodes, {"f": factor, "s": shift}, x.shape), tmp_path)
            np.testing.assert_allclose(model(x), x * factor + shift, rtol=1e-5, atol=1e-6)
            assert len(model.children) == (1 if factor.size >= shift.size else 2)


@pytest.mark.parametrize("shape", [(), (3, 1, 1)], ids=["numbers", "for each channel"])
@pytest.mark.parametrize("first", ["Mul", "Conv"])
def test_of_two_sums_the_second_is_not_lost(first, shape, tmp_path) -> None:
    x, c, d = normal(2, 3, 2, 3, seed=1), normal(*shape, seed=2), normal(*shape, seed=3)
    f = np.float32(2) if first == "Mul" else 2 * np.eye(3, dtype=np.float32)[:, :, None, None]
    nodes = [node(first, "x f", "a"), node("Add", "a c", "b"), node("Add", "d b", "y")]
    model = load(proto(nodes, {"f": f, "c": c, "d": d}, x.shape), tmp_path)
    np.testing.assert_allclose(model(x), 2 * x + c + d, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("exponent", [1, 2, 3, 4])
def test_a_small_power_is_a_product(exponent, tmp_path) -> None:
    x = normal(2, 3, 2, 2, seed=1)
    for constant in (np.float32(exponent), np.int64([exponent])):
        nodes = [node("Pow", "x e", "a"), node("LeakyRelu", "a", "y", alpha=1.0)]
        np.testing.assert_allclose(load(proto(nodes, {"e": constant}, x.shape), tmp_path)(x), x**exponent, rtol=1e-5)


@pytest.mark.parametrize("bias", [None, (), (1,), (4, 1, 1)])
@pytest.mark.parametrize("op", ["Conv", "ConvTranspose"])
def test_a_constant_behind_filters_without_biases_becomes_their_biases(op, bias, tmp_path) -> None:
    x, w = normal(2, 4, 3, 3, seed=1), np.eye(4, dtype=np.float32)[:, :, None, None]
    constant = np.float32(0) if bias is None else normal(*bias, seed=2)
    model = load(proto([node(op, "x w", "a"), node("Add", "a c", "y")], {"w": w, "c": constant}, x.shape), tmp_path)
    assert len(model.children) == 1
    np.testing.assert_allclose(model(x), x + constant, rtol=1e-5, atol=1e-6)


BETWEEN = {
    "Add": lambda x: x + np.float32(0.5),
    "Cast": lambda x: x,
    "Div": lambda x: x / np.float32(0.5),
    "Identity": lambda x: x,
    "Mul": lambda x: x * np.float32(0.5),
    "Sub": lambda x: x - np.float32(0.5),
}


@pytest.mark.parametrize("op", BETWEEN)
def test_images_with_channels_last_may_be_scaled_before_they_are_transposed(op, tmp_path) -> None:
    """As Keras writes it: our images have their channels first all the same."""
    x, w = normal(2, 3, 5, 4, seed=1), normal(2, 3, 1, 1, seed=2)
    first = node(op, "x" if op in ("Cast", "Identity") else "x c", "a", **({"to": 1} if op == "Cast" else {}))
    nodes = [first, node("Transpose", "a", "b", perm=[0, 3, 1, 2]), node("Conv", "b w", "y")]
    model = load(proto(nodes, {"c": np.float32(0.5), "w": w}, ("N", 5, 4, 3)), tmp_path)
    expected = np.einsum("nchw,oc->nohw", BETWEEN[op](x), w[:, :, 0, 0])
    np.testing.assert_allclose(model(x), expected, rtol=1e-4, atol=1e-5)
