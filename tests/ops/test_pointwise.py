"""Properties specific to activations, clipping and padding."""

from functools import partial

import numpy as np
import pytest

from minicnn import ops
from minicnn.testing import tie_free


def test_sigmoid_saturates_without_overflow() -> None:
    y, pullback = ops.sigmoid(np.array([-1e4, 0.0, 1e4]))
    assert y.tolist() == [0.0, 0.5, 1.0]
    assert pullback(np.ones(3))[0].tolist() == [0.0, 0.25, 0.0]


def test_sigmoids_slope_keeps_its_digits_where_it_is_flat() -> None:
    _, pullback = ops.sigmoid(np.array([30.0, -30.0]))
    assert np.allclose(pullback(np.ones(2))[0], np.exp(-30), rtol=1e-12, atol=0)


def test_leaky_relu_lets_a_little_of_what_is_negative_through() -> None:
    y, pullback = ops.leaky_relu(np.array([-2.0, 3.0]), negative_slope=0.25)
    assert y.tolist() == [-0.5, 3.0]
    assert pullback(np.array([8.0, 8.0]))[0].tolist() == [2.0, 8.0]


def test_clip_cuts_both_ways_and_lets_no_gradient_through_where_it_does() -> None:
    y, pullback = ops.clip(np.array([-1.0, 2.0, 7.0]), 0, 6)
    assert y.tolist() == [0.0, 2.0, 6.0]
    assert pullback(np.ones(3))[0].tolist() == [0.0, 1.0, 0.0]


def test_at_a_bound_of_clip_a_complex_step_finds_no_slope_either() -> None:
    x = np.array([0, 2, 6.0])
    y, _ = ops.clip(x + 1e-30j, 0, 6)
    assert y.real.tolist() == x.tolist()
    assert (y.imag / 1e-30).tolist() == ops.clip(x, 0, 6)[1](np.ones(3))[0].tolist() == [0, 1, 0]


def test_clip_keeps_not_a_number() -> None:
    assert np.isnan(ops.clip(np.array([np.nan]), 0, 6)[0]).all()


def test_clip_refuses_bounds_in_the_wrong_order() -> None:
    with pytest.raises(ValueError, match="expected low not above high, got 6 and 0"):
        ops.clip(np.zeros(1), 6, 0)


def test_padding_counts_from_the_last_axis_on() -> None:
    y, _ = ops.pad(np.ones((1, 1, 1, 1)), (1, 0, 0, 1, 2, 0), value=5.0)
    assert y.shape == (1, 3, 2, 2)
    assert y[0, 2].tolist() == [[5.0, 1.0], [5.0, 5.0]] and (y[0, :2] == 5.0).all()


@pytest.mark.parametrize("padding", [(1, 1), (1, 1, 1, -1), (1, 1, 1, 0.5), 3])
def test_padding_that_is_no_border_is_refused(padding: object) -> None:
    with pytest.raises(ValueError, match="expected padding to be 4 or 6 ints of at least 0"):
        ops.pad(np.zeros((1, 1, 2, 2)), padding)  # type: ignore[arg-type]


def test_hard_activations_are_flat_beyond_their_corners() -> None:
    x = np.array([-4.0, -1.5, 1.5, 4.0])
    for op, values, slopes in (
        (ops.hardsigmoid, [0, 0.25, 0.75, 1], [0, 1 / 6, 1 / 6, 0]),
        (ops.hardswish, [0, -0.375, 1.125, 4], [0, 0, 1, 1]),
    ):
        y, pullback = op(x)
        np.testing.assert_allclose(y, values)
        np.testing.assert_allclose(pullback(np.ones(4))[0], slopes, atol=1e-15)


def test_hard_activations_have_the_slope_of_their_flat_side_at_a_corner() -> None:
    corners = np.array([-3.0, 3.0])
    for op, slopes in ((ops.hardsigmoid, [0, 0]), (ops.hardswish, [0, 1])):
        assert op(corners)[1](np.ones(2))[0].tolist() == slopes


ACTIVATIONS = {
    **{name: getattr(ops, name) for name in ("relu", "sigmoid", "tanh", "erf", "elu", "silu", "gelu", "hardswish")},
    "elu, 0.3": partial(ops.elu, alpha=0.3),
    "leaky_relu": partial(ops.leaky_relu, negative_slope=0.2),
    "clip": lambda x: ops.clip(x, -2, 6),
    "hardsigmoid": ops.hardsigmoid,
    "hardsigmoid, steeper": partial(ops.hardsigmoid, alpha=0.6, beta=0.2),
    "gelu, tanh": partial(ops.gelu, approximate="tanh"),
}


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_slopes_are_those_of_the_values_at_every_point(name: str) -> None:
    """From one flat end to the other, beyond every corner, and on either side of it."""
    op, h = ACTIVATIONS[name], 1e-5
    x = np.arange(-129, 130, 2) / 16
    y, pullback = op(x)
    slope, dy = (op(x + h)[0] - op(x - h)[0]) / (2 * h), tie_free(y.shape, 1)
    np.testing.assert_allclose(pullback(dy)[0], dy * slope, rtol=0, atol=1e-8)


@pytest.mark.parametrize("op", [ops.tanh, ops.erf, ops.elu, ops.silu, ops.gelu, ops.hardsigmoid, ops.hardswish])
def test_large_values_saturate_without_overflow_and_a_nan_stays_one(op) -> None:
    y, pullback = op(np.array([-1e4, 1e4, np.nan], np.float32))
    assert y[1] in (1, 1e4) and y[0] in (0, -1) and np.isnan(y[2])
    assert np.isfinite(pullback(np.ones(3, np.float32))[0][:2]).all()


def test_interpolation_between_two_pixels() -> None:
    x = np.array([0.0, 4.0]).reshape(1, 1, 1, 2)
    assert ops.interpolate2d(x, (1, 4))[0].ravel().tolist() == [0, 0, 4, 4]
    assert ops.interpolate2d(x, (1, 4), mode="bilinear")[0].ravel().tolist() == [0, 1, 3, 4]
    assert ops.interpolate2d(x, (1, 5), mode="bilinear", align_corners=True)[0].ravel().tolist() == [0, 1, 2, 3, 4]


def test_borders_of_copies() -> None:
    x = np.arange(3.0).reshape(1, 1, 1, 3)
    rows = {
        mode: ops.pad(x, (2, 2, 0, 0), mode=mode)[0].ravel().tolist() for mode in ("reflect", "replicate", "circular")
    }
    assert rows == {
        "reflect": [2, 1, 0, 1, 2, 1, 0],
        "replicate": [0, 0, 0, 1, 2, 2, 2],
        "circular": [1, 2, 0, 1, 2, 0, 1],
    }


def test_leaky_relu_has_the_slope_of_its_left_side_at_the_corner() -> None:
    y, pullback = ops.leaky_relu(np.array([0.0, -0.0]), negative_slope=0.25)
    assert y.tolist() == [0.0, 0.0]
    assert pullback(np.array([8.0, 8.0]))[0].tolist() == [2.0, 2.0]


@pytest.mark.parametrize("bounds", [(-1, 2), (-1, None), (None, 2)])
def test_clip_keeps_its_bounds_and_lets_no_gradient_through_there(bounds) -> None:
    low, high = bounds
    at = np.array([bound for bound in bounds if bound is not None], float)
    y, pullback = ops.clip(at, low, high)
    assert np.array_equal(y, at) and not pullback(np.ones_like(at))[0].any()
