"""Numerical derivatives are as exact as they claim, and report kinks."""

import contextlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minicnn.gradient_check.derivatives import (
    NondifferentiableError,
    Slope,
    _noise,
    central_difference,
    complex_step,
    difference,
    moved,
    roughness,
    size_of,
)
from minicnn.gradient_check.search import Search

ones = [np.ones(1)]
points = st.floats(0.01, 100) | st.floats(-100, -0.01)
SMOOTH = {
    "linear": (lambda x: 3 * x, lambda x: 3 + 0 * x),
    "square": (lambda x: x * x, lambda x: 2 * x),
    "exp": (lambda x: np.exp(x / 10), lambda x: np.exp(x / 10) / 10),
    "reciprocal": (lambda x: 1 / x, lambda x: -1 / x**2),
    "sigmoid": (lambda x: 1 / (1 + np.exp(-x)), lambda x: np.exp(-x) / (1 + np.exp(-x)) ** 2),
    "sine": (np.sin, np.cos),
}


def test_the_error_along_an_upstream_gradient_is_twice_that_of_the_bend_and_four_times_that_of_rounding() -> None:
    dy = np.array([3.0, 4.0])
    found = Slope(np.array([3.0, 5.0]), bend=np.array([0.5, 0.25]), rounding=0.125).along(dy)
    assert found == pytest.approx((29, 2 * np.hypot(1.5, 1) + 4 * 0.125 * 5))
    assert Slope(np.array([3.0, 5.0])).along(dy) == (29, 0)
    assert Slope(np.array([3.0, 5.0]), np.array(0.0), 2.0).along(dy) == (29, 40)


def test_the_size_of_what_moves_and_where_it_moves_to() -> None:
    x, y = np.array([1.0, -5.0, 9.0]), np.array([100.0])
    v = np.array([1.0, -2.0, 0.0])
    assert size_of([x, y], [v, None]) == 5 and size_of([x, y], [None, None]) == 0
    assert [end.tolist() for end in moved([x, y], [v, None], 0.5)] == [[1.5, -6, 9], [100]]
    assert [end.tolist() for end in moved([x, y], [v, None], 2j)] == [[1 + 2j, -5 - 4j, 9], [100]]
    assert x.tolist() == [1, -5, 9] and [end.dtype.kind for end in moved([x, y], [v, None], 2j)] == ["c", "c"]


def error_of(slope):
    """The error that it claims it may have."""
    return slope.along(np.ones(1))[1]


@pytest.mark.parametrize("name", SMOOTH)
@given(x=points)
def test_complex_steps_are_exact_to_rounding(name: str, x: float) -> None:
    f, derivative = SMOOTH[name]
    (found,) = complex_step(lambda xs: [f(xs[0])], [np.array([x])], ones)
    np.testing.assert_allclose(found.values, derivative(np.array([x])), rtol=1e-13)


@pytest.mark.parametrize("name", SMOOTH)
@given(x=points)
def test_central_differences_are_exact_to_what_they_call_rounding(name: str, x: float) -> None:
    f, derivative = SMOOTH[name]
    (found,) = central_difference(lambda xs: [f(xs[0])], [np.array([x])], ones)
    np.testing.assert_allclose(found.values, derivative(np.array([x])), rtol=1e-7, atol=error_of(found))


@pytest.mark.parametrize("factor", [2.0**-60, 2.0**60])
@pytest.mark.parametrize("name", SMOOTH)
@given(x=points)
def test_a_multiple_of_a_function_has_that_multiple_of_its_derivative(name: str, factor: float, x: float) -> None:
    """To the last digit, by powers of two: what counts as small or exact is relative to the function's own slope."""
    f, _ = SMOOTH[name]
    (found,) = central_difference(lambda xs: [f(xs[0])], [np.array([x])], ones)
    (multiple,) = central_difference(lambda xs: [factor * f(xs[0])], [np.array([x])], ones)
    assert (multiple.values, error_of(multiple)) == (factor * found.values, factor * error_of(found))


@pytest.mark.parametrize("x", [14.0, 20.0, -30.0])
def test_a_saturated_sigmoid_is_no_kink(x: float) -> None:
    f, derivative = SMOOTH["sigmoid"]
    (found,) = central_difference(lambda xs: [f(xs[0])], [np.array([x])], ones)
    np.testing.assert_allclose(found.values, derivative(np.array([x])), rtol=1e-7, atol=error_of(found))


def test_a_direction_through_several_arguments_adds_up_their_derivatives() -> None:
    x, y = np.array([2.0]), np.array([3.0])
    for method in (complex_step, central_difference):
        (slope,) = method(lambda xs: [xs[0] * xs[1]], [x, y], [np.array([10.0]), np.array([1.0])])
        np.testing.assert_allclose(slope.values, 10 * y + x, rtol=1e-10)


def test_an_argument_without_a_direction_stays_where_it_is() -> None:
    (slope,) = central_difference(lambda xs: [xs[0] * xs[1]], [np.array([2.0]), np.array([3.0])], [None, np.ones(1)])
    np.testing.assert_allclose(slope.values, 2, rtol=1e-10)


def test_complex_steps_refuse_a_function_that_drops_the_imaginary_part() -> None:
    with pytest.raises(TypeError, match="complex output"):
        complex_step(lambda xs: [xs[0].real ** 2], [np.array([2.0])], ones)


BROKEN = {
    "a kink": np.abs,
    "a kink within a sum": lambda x: np.exp(x) + 0.01 * np.maximum(x, 0),
    "a jump": lambda x: np.where(x < 0, 0.0, 1.0),
    "an odd jump": np.sign,
    "a vertical tangent": np.cbrt,
    "the edge of the domain": np.sqrt,
}


@pytest.mark.parametrize("name", BROKEN)
def test_central_differences_notice(name: str) -> None:
    with pytest.raises(NondifferentiableError, match="abruptly"):
        central_difference(lambda xs: [BROKEN[name](xs[0])], [np.zeros(1)], ones)


@pytest.mark.parametrize("distance", [1e-1, 1e-3, 1e-5, 1e-7])
def test_beside_a_kink_a_smaller_step_is_taken(distance: float) -> None:
    (slope,) = central_difference(lambda xs: [np.abs(xs[0])], [np.array([distance])], ones)
    assert slope.values == pytest.approx(1, abs=max(error_of(slope), 1e-9))


@pytest.mark.parametrize("smooth", [lambda x: x**4, lambda x: x**3, lambda x: x**2, lambda x: 0 * x])
def test_a_flat_point_is_not_a_kink(smooth) -> None:
    (slope,) = central_difference(lambda xs: [smooth(xs[0])], [np.zeros(1)], ones)
    assert slope.values == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("count", [1, 2**10, 2**10 + 1, 2**14, 2**14 + 1])
def test_where_many_entries_move_no_step_beyond_one_in_their_number_is_tried_first(count: int) -> None:
    """One of n entries is likely to lie within 1/n of a kink; up to there, large steps are the more precise."""
    reached: list[float] = []
    central_difference(lambda xs: [reached.append(xs[0][0]) or xs[0]], [np.zeros(count)], [np.ones(count)])
    steps = [2.0**-10, 2.0**-14, 2.0**-18]
    assert next(filter(None, reached)) == max(step for step in steps if step * count <= 1)


def test_a_plain_difference_calls_four_last_digits_of_the_output_rounding() -> None:
    (slope,) = difference(lambda xs: [xs[0] - 7.5], [np.array([1.0])], ones, 0.5)
    assert (slope.values, slope.rounding, slope.step) == (1, 4 * 2.0**-52 * 6 / 0.5, 0.5)


def steps_of(f, x: float) -> list[float]:
    """All the steps that are tried, in turn."""
    moves: list[float] = []
    with contextlib.suppress(NondifferentiableError):
        central_difference(lambda xs: [moves.append(abs(xs[0][0] - x)) or f(xs[0])], [np.array([x])], ones)
    return [move for move in moves if move][::6]  # of each step, a half and a quarter on both sides


@pytest.mark.parametrize("size", [1.0, 8.0, 2.0**-4])
def test_where_rounding_limits_steps_grow_up_to_a_thousand_times_the_argument_or_one(size: float) -> None:
    exponents = [-10, -6, -2, 2, 6, 10]
    assert steps_of(lambda x: 2.0**40 + x, size) == [max(size, 1) * 2.0**e for e in exponents]


def test_beside_a_kink_steps_fall_below_a_small_argument() -> None:
    steps = steps_of(lambda x: abs(x - 2.0**-20), 2.0**-20)
    assert steps[:16] == [2.0**-e for e in (*range(10, 67, 4), 6)]  # then they grow


def test_large_arguments_get_large_steps() -> None:
    x = np.array([1e6])
    (slope,) = central_difference(lambda xs: [xs[0] ** 2], [x], ones)
    assert slope.values == pytest.approx(2e6, rel=1e-9)


@pytest.mark.parametrize("x", [0.0, 8.0])
def test_where_a_kink_is_suspected_tiny_steps_tell_what_is_rounding(x: float) -> None:
    moves: list[float] = []
    with pytest.raises(NondifferentiableError):
        central_difference(lambda xs: [moves.append(xs[0][0] - x) or abs(xs[0] - x)], [np.array([x])], ones)
    tiny = [max(x, 1) * 2.0**-e for e in range(30, 47, 2)]
    assert moves[-18:] == [move for step in tiny for move in (step, -step)]
    assert abs(moves[-19]) > tiny[0] or abs(moves[-19]) < tiny[-1]  # of the search


def test_noise_is_the_largest_second_difference_of_each_output_by_any_tiny_step() -> None:
    """Of |x| twice the largest step; of the other 2 + 3, except that nothing is defined by the smallest steps."""

    def f(xs):
        (x,) = xs
        if 0 < abs(x[0]) < 2.0**-45:
            raise ValueError
        jump = np.where(x > 0, 2.0, np.where(x < 0, 3.0, 0))
        return [abs(x), np.where(abs(x) < 2.0**-41, np.where(x == 0, 7, np.inf), 7 + jump)]

    x = [np.zeros(1)]
    searches = [Search(y) for y in f(x)]
    assert _noise(f, searches, x, ones, 0.0) == [2 * 2.0**-30, 5]
    assert _noise(f, searches, x, ones, 16.0)[0] == 2 * 2.0**-26
    for search in searches:
        search.smooth[:] = True
    assert _noise(f, searches, x, ones, 0.0) == [0, 0]


@pytest.mark.parametrize("size", [0.5, 1.0, 4.0])
def test_how_rough_a_function_is_shows_by_one_small_step(size: float) -> None:
    moves: list[float] = []

    def f(xs):
        moves.append(abs(xs[0][0] - size))
        return [7 * xs[0], 3 * abs(xs[0] - size) + xs[0]]

    x = [np.full(1, size)]
    assert roughness(f, x, ones, f(x)) == pytest.approx(6, rel=1e-6)
    step = max(size, 1) * 2.0**-22
    assert sorted(set(moves)) == [0, step / 4, step / 2, step]
    assert roughness(lambda xs: [7 * xs[0]], x, ones, [7 * x[0]]) == 0


@pytest.mark.parametrize("negligible", [0.0, 1.0])
def test_larger_steps_are_not_tried_for_an_error_that_does_not_matter(negligible: float) -> None:
    """Beside 2⁴⁰ the small steps know the slope of 1 to about one part."""
    moves: list[float] = []

    def f(xs):
        moves.append(abs(xs[0][0] - 1))
        return [2.0**40 + xs[0]]

    central_difference(f, [np.ones(1)], ones, negligible=negligible)
    assert (max(moves) > 2.0**-5) == (negligible == 0)


def test_what_a_slope_tells_of_its_steps() -> None:
    """By a step of 2⁻¹⁰ of the largest argument, 2; rounding is eight last digits of the output, and four of the
    argument times the slope."""
    xs = [np.array([1.0, 2.0])]
    (slope,) = central_difference(lambda xs: [(3 * xs[0] - 2).reshape(1, 2)], xs, [np.ones(2)])
    assert slope.values.shape == (1, 2) and slope.step == 2.0**-9
    expected = 2.0**-52 * (8 * np.array([[1, 4]]) + 4 * 2 * 3) * 2.0**9
    np.testing.assert_allclose(slope.rounding, expected, rtol=1e-6)
    assert (np.asarray(slope.bend) >= 0).all() and np.max(slope.bend) < 1e-11
