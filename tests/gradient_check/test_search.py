"""The search for the best step: what one step shows of a derivative, when a smaller one is better, what is a kink."""

import numpy as np
import pytest

from minicnn.gradient_check.search import Search, largest

EPS = 2.0**-52


def sides(f, h: float, x: float = 0.0) -> list:
    return [(np.array([f(x + h * part)]), np.array([f(x - h * part)])) for part in (1, 0.5, 0.25)]


def estimate(f, h: float, x: float = 0.0, size: float = 1.0) -> tuple[float, float, float]:
    found = Search(np.array([f(x)]))._estimate(slice(0, 1), sides(f, h, x), h, size)
    value, error, rounding = (float(part[0]) for part in found)
    return value, error, rounding


@pytest.mark.parametrize("degree", range(6))
def test_polynomials_of_degree_five_are_differentiated_exactly(degree: int) -> None:
    value, error, rounding = estimate(lambda x: x**degree, 0.5, 1.0)
    assert value == pytest.approx(degree, abs=1e-12) and error <= 0.1 * max(degree - 2, 0) ** 3 + 1e-10
    assert (error - rounding < 1e-12) == (degree < 5)  # the last extrapolation changes the fifth power alone


def test_at_a_kink_the_error_is_the_change_of_the_slope_whatever_the_step() -> None:
    for h in (1.0, 2.0**-10):
        value, error, _ = estimate(lambda x: 3 * abs(x) + 2 * x, h)
        assert value == pytest.approx(2, abs=1e-12) and error == pytest.approx(6, rel=1e-9)


@pytest.mark.parametrize(("f", "x"), [(np.sin, 0.3), (np.exp, 1.0), (lambda x: abs(x) ** 1.5, 0.2), (np.tanh, 1.0)])
def test_the_error_is_bounded(f, x: float) -> None:
    exact = {np.sin: np.cos(0.3), np.exp: np.e, np.tanh: 1 / np.cosh(1.0) ** 2}.get(f, 1.5 * 0.2**0.5)
    for h in (0.5, 0.1, 0.02):
        value, error, _ = estimate(f, h, x)
        assert abs(value - exact) <= error


@pytest.mark.parametrize("h", [0.25, 2.0**-20])
def test_rounding_is_eight_last_digits_of_the_output_and_four_of_what_moves_it(h: float) -> None:
    assert estimate(lambda x: -1024.0, h, size=77.0) == (0, 8 * EPS * 1024 / h, 8 * EPS * 1024 / h)
    assert estimate(lambda x: 16.0 * x, h, size=4.0)[2] == pytest.approx(4 * EPS * 4 * 16 / h)


def test_what_is_not_finite_has_an_infinite_error() -> None:
    with np.errstate(invalid="ignore"):
        assert estimate(lambda x: np.inf if x > 0 else 0.0, 0.5)[1] == np.inf
        assert estimate(lambda x: np.nan if x > 0 else 0.0, 0.5)[1] == np.inf


def taken(error: float, best: float = 1.0, value: float = 3.0, steepest: float = 4.0, growing: bool = False) -> Search:
    """A step of a given error, after one whose value was 3."""
    search = Search(np.array([1.0]))
    search.value[:], search.error[:], search.growing = 3.0, best, growing
    search.took = search._take(slice(0, 1), np.array([value]), np.array([error]), np.array([0.0]), steepest, 0.125)
    return search


@pytest.mark.parametrize(("error", "better"), [(0.999, True), (1.001, False)])
def test_a_smaller_step_is_better_if_it_halves_the_error(error: float, better: bool) -> None:
    search = taken(error, best=2.0)
    assert search.took == better and search.error[0] == (error if better else 2.0)
    assert search.step[0] == (0.125 if better else 0)


@pytest.mark.parametrize(("value", "error", "better"), [(9.1, 0.51, True), (9.0, 0.51, False), (9.1, 0.52, False)])
def test_or_if_it_is_precise_and_far_from_what_was_found_before(value: float, error: float, better: bool) -> None:
    """Apart by four times both errors, and precise to one in a hundred of the steepest slope, here of 51.5."""
    assert taken(error, value=value, steepest=51.5).took == better


@pytest.mark.parametrize(
    ("error", "value", "better"), [(0.99, 3.0, True), (1.0, 3.0, False), (0.9, 10.5, True), (0.9, 10.7, False)]
)
def test_a_larger_step_is_better_if_it_is_more_precise_and_not_apart(error: float, value: float, better: bool) -> None:
    assert taken(error, value=value, growing=True).took == better


@pytest.mark.parametrize(("error", "falls"), [(0.59, True), (0.61, False)])
def test_an_error_falls_if_it_is_three_tenths_of_the_one_before_the_last(error: float, falls: bool) -> None:
    search = Search(np.array([1.0]))
    for seen in (2.0, 1.0, error):
        search.error[:] = 5.0  # so that each is better
        search._take(slice(0, 1), np.zeros(1), np.array([seen]), np.zeros(1), 1.0, 0.25)
    assert search.falling[0] == falls


def test_two_steps_do_not_tell_whether_an_error_falls() -> None:
    search = Search(np.array([1.0]))
    for seen in (2.0, 0.1):
        search._take(slice(0, 1), np.zeros(1), np.array([seen]), np.zeros(1), 1.0, 0.25)
    assert search.error[0] == 0.1 and not search.falling[0]


@pytest.mark.parametrize(
    ("error", "rounding", "output", "settled"),
    [
        (3.9e-9, 0, 0, True), (4.1e-9, 0, 0, False),  # one in 10⁹ of the steepest slope, 4
        (0.39, 0.1, 0, True), (0.41, 0.1, 0, False),  # beyond rounding, no more than three times as much
        (3.9e-7, 0, 1e9, True), (4.1e-7, 0, 1e9, False),  # large terms, where less than a kink's change of slope
        (1.1e-8, 0, 1e6, True), (1.2e-8, 0, 1e6, False),  # 24 last digits of 1e6, by the step
    ],
)  # fmt: skip
def test_no_smaller_step_is_tried_where_the_error_is_small_or_rounding(error, rounding, output, settled) -> None:
    search = Search(np.array([output], float))
    search._take(slice(0, 1), np.ones(1), np.array([error]), np.array([rounding], float), 4.0, 0.45)
    assert search.settled[0] == search.smooth[0] == settled


@pytest.mark.parametrize(
    ("error", "negligible", "settled"), [(3.9e-7, 0, True), (4.1e-7, 0, False), (4.1e-7, 5e-7, True)]
)
def test_larger_steps_are_tried_where_the_error_is_not_small(error: float, negligible: float, settled: bool) -> None:
    search = Search(np.array([1.0]), negligible)
    search.error[:], search.steepest = error, 4.0
    assert search.settle_exact() == settled and search.growing


@pytest.mark.parametrize(
    ("error", "rounding", "step", "rough"),
    [
        (3.9e-7, 0, 1, False), (4.1e-7, 0, 1, True), (0.79, 0.1, 1, False), (0.81, 0.1, 1, True),
        (2.8e-5, 0, 1e-9, False), (2.9e-5, 0, 1e-9, True), (4.1e-7, 0, 9.0, True),
    ],
)  # fmt: skip
def test_a_slope_changes_abruptly_if_the_error_is_more_than_rounding(error, rounding, step, rough) -> None:
    """Of the output 2, 64 last digits by the step, or eight times the known rounding."""
    search = Search(np.array([2.0]))
    search.error[:], search.rounding[:], search.step[:], search.steepest = error, rounding, step, 4.0
    assert search.rough.tolist() == ([0] if rough else [])
    assert search.abrupt_change(np.inf, 1.0) == (error if rough else None)
    search.falling[:] = True
    assert search.rough.tolist() == []


def test_rounding_counts_by_the_step_but_not_beyond_one() -> None:
    search = Search(np.array([1e10]))
    search.step[:], search.steepest = 4.0, 0.0
    for error, rough in ((1.42e-4, []), (1.43e-4, [0])):  # 64 last digits of 1e10, by 1
        search.error[:] = error
        assert search.rough.tolist() == rough


@pytest.mark.parametrize(
    ("noise", "size", "error", "found"),
    [
        (2.0**-18, 0, 128 * 2.0**-18, False),  # by the step of 1/4 explained by noise of one in 2²⁰ of the output, 4
        (2.0**-18, 0, 129 * 2.0**-18, True),
        (2.0**-17.99, 0, 128 * 2.0**-18, True),
        (2.0**-15, 2.0**21, 2.0**-8, False),  # or of one in 2³⁶ of the arguments
        (2.0**-14.9, 2.0**21, 2.0**-8, True),
        (2.0**-18, 2.0**-4, 512 * 2.0**-18, False),  # by the size of the arguments, where that is less than the step
        (2.0**-18, 2.0**-4, 513 * 2.0**-18, True),
    ],
)
def test_noise_explains_a_change_of_slope_up_to_a_size(noise: float, size: float, error: float, found: bool) -> None:
    search = Search(np.array([4.0]))
    search.error[:], search.step[:], search.steepest = error, 0.25, 1.0
    assert search.abrupt_change(noise, size) == (error if found else None)
    assert search.rounding[0] == (0 if found else error)


def test_nothing_is_known_before_the_first_step() -> None:
    search = Search(np.array([[2.0, -7.0]]))
    assert search.shape == (1, 2) and search.largest == 7 and search.steepest == 0 and not search.growing
    assert (search.value == 0).all() and (search.error == np.inf).all()
    assert (search.rounding == 0).all() and (search.step == 0).all()
    assert not (search.settled | search.smooth | search.falling).any() and search.rough.tolist() == [0, 1]


@pytest.mark.parametrize("settled", [0, 1, 20_000])
def test_all_that_is_not_settled_is_looked_at_in_blocks_that_stay_in_the_cache(settled: int) -> None:
    search = Search(np.zeros(50_000))
    search.settled[:settled] = True
    blocks = [np.arange(50_000)[block] for block in search._blocks()]
    assert all(len(block) <= 2**14 for block in blocks) and len(blocks) == -(-(50_000 - settled) // 2**14)
    np.testing.assert_array_equal(np.concatenate(blocks), np.arange(settled, 50_000))


def test_the_largest_of_nothing_is_zero() -> None:
    assert (
        largest(np.zeros(0)) == 0
        and largest(np.array([0.5])) == 0.5
        and largest(np.array([-3.0, 2])) == 3
        and largest(np.array([[1.0], [4]])) == 4
    )
