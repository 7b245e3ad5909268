"""With which step a function is examined, whether complex steps are trusted, and how precise a derivative must be."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from minicnn import NondifferentiableError
from minicnn.gradient_check import probe
from minicnn.gradient_check.derivatives import Slope, central_difference
from minicnn.gradient_check.probe import Probe, _agree
from minicnn.gradient_check.problem import Problem


def examined(op: Any, *arrays: Any, tolerance: float = 1e-6, max_entries: int = 256) -> Probe:
    return Probe(Problem(op, arrays, {}, 0, ()), tolerance, max_entries)


def real(x: Any) -> Any:
    """A line that takes no complex arrays."""
    return 2 * np.asarray(x, float), lambda dy: (2 * dy,)


@pytest.mark.parametrize(
    ("claimed", "true", "bend", "rounding", "agree"),
    [
        ([1e5, 1e5 + 1], [1e5, 1e5], 0, 0, True), ([1e5, 1e5 + 1.1], [1e5, 1e5], 0, 0, False),  # one in 10⁵
        ([0, 1e5], [-1, 1e5], 0, 0, True), ([0, 1], [-1, 1e5], 0, 0, False), ([0, 1e5], [-1.1, 1e5], 0, 0, False),
        ([100, 4], [100, 0], 1, 0, True), ([100, 4.1], [100, 0], 1, 0, False), ([100, 0], [100, 0], 1.1, 0, False),
        ([100, 4], [100, 0], 0, 0.25, True), ([100, 0], [100, 0], 0, 0.26, False),  # what is unsure is one in 100
        ([100, 4], [100, 0], -0.5, 0.125, True), ([100, 4.1], [100, 0], -0.5, 0.125, False),
        ([0, 1e-8], [0, 0], 1e-8, 0, True), ([0, 0], [0, 0], 1.1e-8, 0, False),
    ],
)  # fmt: skip
def test_complex_steps_agree_with_differences_that_are_precise_enough(claimed, true, bend, rounding, agree) -> None:
    true = Slope(np.array(true, float), np.array([0, bend], float), rounding)
    assert _agree(np.array(claimed, float), true) == agree


def test_the_difference_to_four_times_what_is_unsure_is_exact() -> None:
    """By powers of two: the size is 0, so that only the least counts."""
    for by, agree in ((4, True), (4.01, False)):
        assert _agree(np.array([by * 2.0**-30]), Slope(np.zeros(1), np.array([2.0**-30]))) == agree


@pytest.mark.parametrize(
    ("at", "smallest", "step"),
    [(1, 2.0**-18, 2.0**-20), (8, 2.0**-18, 2.0**-23), (0.25, 2.0**-18, 2.0**-20), (1, 2.0**-10, 2.0**-17)],
)
def test_the_step_is_a_quarter_of_the_smallest_that_shows_a_smooth_function_relative_to_the_arguments_or_one(
    at: float, smallest: float, step: float, monkeypatch
) -> None:
    slopes = [Slope(np.full(3, 2.0), step=2.0**-10), Slope(np.full(3, 2.0), step=smallest)]
    monkeypatch.setattr(probe, "central_difference", lambda *args: slopes)
    op = lambda x: ((2 * np.asarray(x, float), 2 * x), lambda dy: (2 * (dy[0] + dy[1]),))  # noqa: E731
    assert examined(op, np.array([at / 2, -at, 0])).step == step


def test_it_looks_around_along_every_entry_by_a_half_to_one(monkeypatch) -> None:
    directions: list = []

    def remember(f, xs, direction, ys):
        directions.extend(direction)
        return central_difference(f, xs, direction, ys)

    monkeypatch.setattr(probe, "central_difference", remember)
    examined(real, np.linspace(1, 2, 2000).reshape(2, 1000))
    (v,) = directions
    assert v.shape == (2, 1000) and {-1.0, 1.0} == set(np.sign(v).ravel())
    assert (abs(v).min(), abs(v).max()) == pytest.approx((0.5, 1), abs=0.01)


def test_where_no_step_suits_all_each_entry_moves_by_its_own_scale(monkeypatch) -> None:
    directions: list = []

    def remember(f, xs, direction, ys):
        directions.append(direction[0])
        if len(directions) == 1:
            raise NondifferentiableError
        return [Slope(np.full(5, 2.0), step=1.0)]

    monkeypatch.setattr(probe, "central_difference", remember)
    examined(real, np.array([0.25, -0.5, 0, 1, -3]))
    np.testing.assert_allclose(directions[1], directions[0] * [0.25, 0.5, 1, 1, 1], rtol=1e-15)


def test_the_step_of_a_plain_difference_is_the_power_of_two_next_to_the_best() -> None:
    """Of f‴h²/6, by which the slope bends, and ε/h, its rounding, the sum is smallest at h³ = 3ε."""
    assert 2.0 ** round(np.log2(3 * 2.0**-52) / 3) == probe.PLAIN_STEP


def bench(*gradients: Any, max_entries: int = 0, tolerance: float = 1e-6) -> Probe:
    """A probe of several outputs by two arrays, of whose gradients nothing is examined yet."""
    found = Probe.__new__(Probe)
    rows = [[np.array(g, float) for g in row] for row in gradients]
    xs = [SimpleNamespace(value=np.zeros(g.shape)) for g in rows[0]]
    problem: Any = SimpleNamespace(gradients=rows, xs=xs, values=[x.value for x in xs], forward=None, ys=[])
    found.problem, found.max_entries, found.tolerance = problem, max_entries, tolerance
    found.largest = [max(float(abs(g).max()) for g in row) for row in rows]
    return found


def test_an_entry_is_small_if_it_is_so_in_every_output_beside_the_largest_of_all_arrays() -> None:
    two = bench([[1000], [0.99, 1.01, -0.5, -5]], [[-1], [5e-4, 0, 2e-3, 0]])
    assert two._small(1).tolist() == [True, False, False, False]
    assert two._small(0).tolist() == [False]
    assert bench([[0], [0, 0]], [[1000], [0.5, 2]])._small(1).tolist() == [True, False]  # an output without any slope


def test_the_largest_gradient_of_each_output_is_that_of_all_arrays() -> None:
    found = examined(lambda x, y: ((2 * x - 3 * y, 0.5 * x), lambda dy: (2 * dy[0] + 0.5 * dy[1], -3 * dy[0])),
                     np.ones(1), np.ones(1))  # fmt: skip
    dys = [abs(float(dy[0])) for dy in found.problem.dys]
    assert found.largest == [3 * dys[0], 0.5 * dys[1]]


@pytest.mark.parametrize(("rounding", "plain"), [(1e-5 * 64, True), (1.01e-5 * 64, False)])
def test_a_plain_difference_is_enough_if_its_rounding_is_one_in_a_hundred_thousand(
    rounding, plain, monkeypatch
) -> None:
    found = bench([[0], [1, 1]])
    cheap = [Slope(np.full(2, 1e9)), Slope(np.array([1.0, -64]), 0.0, rounding)]
    monkeypatch.setattr(found, "_difference", lambda i, v: cheap)
    monkeypatch.setattr(found, "careful", lambda i, v: [])
    assert found._plain(1, np.ones(2)) == (cheap if plain else [])


@pytest.mark.parametrize(("max_entries", "negligible"), [(4, 0), (3, 2.0**-10 * 1e-3 * 5 / 10)])
def test_in_a_large_array_an_error_is_negligible_by_the_largest_gradient_of_the_least_output(
    max_entries: int, negligible: float, monkeypatch
) -> None:
    found, given = bench([[1e9], [0, -5, 2, 0]], [[1], [9, 0, 0, 0]], max_entries=max_entries, tolerance=2.0**-10), []
    monkeypatch.setattr(probe, "central_difference", lambda *args: given.append(args))
    found.central(1, np.ones(4))
    *_, direction, _, least = given[0]
    assert direction[0] is None and direction[1].tolist() == [1] * 4
    assert least == pytest.approx(negligible, rel=1e-12)


def test_steps_are_relative_to_what_moves_or_one() -> None:
    found = bench([[1], [1, 1]])
    found.problem.values = [np.array([100.0]), np.array([-8.0, 0.5])]
    assert found.size([None, np.array([1, 0])]) == 8 and found.size([None, np.array([0, 1])]) == 1


@pytest.mark.parametrize(("h", "moved_by"), [(None, 2.0**-10 * 8), (0.25, 0.25)])
def test_a_cheap_derivative_is_by_the_step_that_suits_the_function_unless_told_otherwise(h, moved_by: float) -> None:
    found, seen = bench([[1], [1]]), []
    found.problem.values, found.step, found.analytic = [np.zeros(1), np.full(1, 8.0)], 2.0**-10, [True, False]
    found.problem.forward = lambda xs: [seen.append(xs[1][0]) or 3 * xs[1]]
    (slope,) = found.derivative(1, np.ones(1), h)
    assert slope.values == 3 and slope.step == moved_by and seen == [8 + moved_by, 8 - moved_by]


def test_a_claim_of_entries_that_rest_does_not_count_though_it_is_not_finite() -> None:
    found = bench([[1], [np.nan, 3, np.inf]], [[1], [0, 5, 1]])
    v = np.array([0.0, 2, 0])
    assert found.claimed(1, 0, v) == 6 and found.claimed(1, 1, v) == 10
    assert np.isnan(found.claimed(1, 0, np.array([1.0, 2, 0])))
