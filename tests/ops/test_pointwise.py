"""What is particular to LeakyReLU, sigmoid, clipping and padding."""

import numpy as np
import pytest

from minicnn import ops


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
