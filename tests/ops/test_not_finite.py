"""What is not finite, or nearly so: NaN, infinity, and numbers whose squares or exponentials overflow."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minicnn import ops, reference
from minicnn.testing import CASES, in_order, tie_free


@pytest.mark.parametrize("filters", [1, 33])
def test_the_gradient_passes_where_a_rectified_output_is_not_a_number(filters: int) -> None:
    """As in PyTorch's ReLU: dy at NaN."""
    x = tie_free((1, 1, 4, 4))
    x[0, 0, 1, 1] = np.nan
    for pool_size in (1, 2):
        y, pullback = ops.conv2d_relu_max_pool2d(x, np.ones((filters, 1, 1, 1)), pool_size=pool_size)
        assert np.isnan(y).any() and pullback(np.ones_like(y), (True, False))[0][0, 0, 1, 1] == filters


def test_not_a_number_goes_where_it_is_seen_and_nowhere_else() -> None:
    x = tie_free((1, 1, 4, 6))
    x[0, 0, 1, 1] = np.nan
    np.testing.assert_array_equal(np.isnan(ops.max_pool2d(x, 2)[0][0, 0]), [[True, False, False], [False] * 3])
    np.testing.assert_array_equal(np.isnan(ops.relu(x)[0]), np.isnan(x))
    assert np.isnan(ops.conv2d(x, np.ones((1, 1, 3, 3)))[0][0, 0]).sum() == 4
    fused = ops.conv2d_relu_max_pool2d(x, np.ones((1, 1, 1, 1)), pool_size=2)[0]
    np.testing.assert_array_equal(np.isnan(fused[0, 0]), [[True, False, False], [False] * 3])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_scores_of_any_size_give_a_finite_loss(dtype) -> None:
    logits = np.array([[1e4, 0, -1e4], [-1e4, 1e4, 0]], dtype)
    loss, pullback = ops.cross_entropy(logits, np.array([2, 1]), reduction="none")
    np.testing.assert_allclose(loss, [2e4, 0])
    np.testing.assert_allclose(pullback(np.ones(2, dtype))[0], [[1, 0, -1], [0, 0, 0]], atol=1e-6)


@pytest.mark.parametrize("impossible", [1, 2])
def test_a_class_that_is_held_impossible_costs_nothing_unless_it_is_the_label(impossible: int) -> None:
    logits = np.array([[0.0, 1.0, 1.0]])
    logits[0, impossible] = -np.inf
    loss, pullback = ops.cross_entropy(logits, np.array([0]))
    assert loss == pytest.approx(np.log(1 + np.e))
    share = np.e / (1 + np.e)
    expected = np.where(np.arange(3) == impossible, 0, [-share, share, share])
    np.testing.assert_allclose(pullback(1.0)[0], [expected])
    assert ops.cross_entropy(logits, np.array([impossible]))[0] == np.inf
    one_hot = np.eye(3)[[0]]
    assert ops.cross_entropy(logits, one_hot)[0] == loss


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@given(data=st.data())
def test_an_adaptive_average_is_not_finite_where_it_sees_such_a_pixel_and_nowhere_else(value, data) -> None:
    case = data.draw(CASES["adaptive_avg_pool2d"])
    (x,) = case.arrays()
    flat = data.draw(st.integers(0, x.size - 1))
    x.flat[flat] = value
    y = ops.adaptive_avg_pool2d(x, **case.options)[0]
    seen = reference.adaptive_avg_pool2d((np.arange(x.size) == flat).reshape(x.shape).astype(float), **case.options) > 0
    np.testing.assert_array_equal(~np.isfinite(y), seen)
    np.testing.assert_array_equal(y[seen], value)


@pytest.mark.parametrize("order", ["C", "channels_last"])
@pytest.mark.parametrize("side", [2, 3])
def test_of_equals_the_first_wins_and_the_last_nan_over_all(side: int, order: str) -> None:
    values = [np.nan, -1.0, 0.0, 1.0]
    windows = np.array(list(itertools.product(values, repeat=4)))
    if side == 3:
        windows = np.random.default_rng(0).choice(values, size=(4096, 9), p=[0.04, 0.32, 0.32, 0.32])
    x = in_order(windows.reshape(-1, 2, side, side), order)
    (y, indices), _ = ops.max_pool2d(x, side, return_indices=True)
    expected, places = reference.max_pool2d(x, side, return_indices=True)
    np.testing.assert_array_equal(y, expected)
    np.testing.assert_array_equal(indices, places)


def in_double(x):
    """x̂ by the formula, in double precision."""
    x = x.astype(np.float64)
    return (x - x.mean(axis=(0, 2, 3), keepdims=True)) / np.sqrt(x.var(axis=(0, 2, 3), keepdims=True) + 1e-5)


@pytest.mark.parametrize("order", ["C", "channels_last"])
@pytest.mark.parametrize("size", [1e15, 1e20, 1e38])
def test_batch_normalization_of_numbers_whose_squares_overflow(size: float, order: str) -> None:
    x = in_order((size * tie_free((2, 3, 4, 5))).astype(np.float32), order)
    weight, bias = np.array([1, 2, -3], np.float32), np.array([0, 1, 2], np.float32)
    running_var = np.ones(3, np.float32)
    y, pullback = ops.batch_norm2d(x, weight, bias, None, running_var, training=True)
    hat = in_double(x)
    np.testing.assert_allclose(y, weight[:, None, None] * hat + bias[:, None, None], atol=1e-5)
    dy = tie_free(x.shape, 1, np.float32)
    dx, dweight, dbias = pullback(dy)
    np.testing.assert_allclose(dweight, (dy * hat).sum(axis=(0, 2, 3)), rtol=1e-4)
    np.testing.assert_allclose(dbias, dy.sum(axis=(0, 2, 3)), rtol=1e-4)
    centered = dy - dy.mean(axis=(0, 2, 3), keepdims=True) - hat * (dy * hat).mean(axis=(0, 2, 3), keepdims=True)
    expected = weight[:, None, None] / x.astype(float).std(axis=(0, 2, 3), keepdims=True) * centered
    np.testing.assert_allclose(dx, expected, atol=1e-4 * abs(expected).max())
    assert np.array_equal(running_var == np.inf, x.astype(float).var(axis=(0, 2, 3)) > 1e39)


def test_an_infinite_gradient_does_not_pass_what_is_shut() -> None:
    x, dy = np.array([-1.0, 1.0, np.nan]), np.array([np.inf, -np.inf, np.inf])
    for op in (ops.relu, lambda x: ops.clip(x, 0), lambda x: ops.clip(x, 0, 6)):
        assert op(x)[1](dy)[0][:2].tolist() == [0, -np.inf]
    assert ops.relu(x)[1](dy)[0][2] == np.inf  # and at NaN ReLU is open
    assert ops.clip(x)[1](dy)[0].tolist() == dy.tolist()
    for op in (ops.hardsigmoid, ops.hardswish):
        assert op(np.array([-4.0, -np.inf]))[1](np.array([np.inf, np.nan]))[0].tolist() == [0, 0]
    assert ops.hardsigmoid(np.array([4.0, np.nan]))[1](dy[:2])[0].tolist() == [0, 0]
    assert ops.hardswish(np.array([4.0]))[1](dy[:1])[0].tolist() == [np.inf]


def test_interpolation_keeps_an_infinity_and_the_nearest_pixel_alone_is_rewarded() -> None:
    x = np.full((1, 1, 2, 2), -np.inf)
    assert ops.interpolate2d(x, 1, mode="bilinear")[0] == -np.inf
    row = np.array([np.inf, 1, np.nan, 4]).reshape(1, 1, 1, 4)
    assert np.array_equal(ops.interpolate2d(row, (1, 4), mode="bilinear")[0], row, equal_nan=True)
    finer, pullback = ops.interpolate2d(row, (1, 7), mode="bilinear", align_corners=True)
    expected = [np.inf, np.inf, 1, np.nan, np.nan, np.nan, 4]
    assert np.array_equal(finer.ravel(), expected, equal_nan=True)
    assert pullback(np.float64([[[[0, 0, np.inf, 0, 0, 0, 0]]]]))[0].ravel().tolist() == [0, np.inf, 0, 0]
    (dx,) = ops.interpolate2d(x, 3)[1](np.where(np.eye(3) > 0, np.inf, 0.0)[None, None])
    assert dx[0, 0].tolist() == [[np.inf, 0], [0, np.inf]]


def test_activations_hand_on_a_nan_backward_too() -> None:
    for op in (ops.elu, ops.hardswish, ops.silu, ops.gelu):
        assert np.isnan(op(np.array([np.nan]))[1](np.ones(1))[0]).all()
    assert ops.gelu(np.array([np.inf]))[0] == np.inf
    assert ops.hardswish(np.array([1e38], np.float32))[0] == np.float32(1e38)


def test_what_is_infinite_or_not_a_number_is_no_reason_to_warn(recwarn) -> None:
    with np.errstate(all="warn"):
        _, pullback = ops.softmax(np.array([np.inf, np.nan, 1e308]))
        pullback(np.array([np.inf, -np.inf, 1e308]))
    assert not recwarn.list
