"""What counts as agreement, as rounding and as an error: each bound is met from both sides, by powers of two where it
can be met exactly."""

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from minicnn import NondifferentiableError, PrecisionError
from minicnn.gradient_check.derivatives import Slope
from minicnn.gradient_check.judgment import Judge
from minicnn.gradient_check.problem import Problem

EPS, TOLERANCE = 2.0**-52, 2.0**-10


class Bench(Judge):
    """A judge of two outputs by two arrays, to which a derivative and its bound are told; the gradient of the second
    output by the second array is given."""

    def __init__(self, gradient: Any, analytic: bool = False, largest: float = 0.0, max_entries: int = 0) -> None:
        gradient = np.array(gradient, float)
        other = np.full(3, 1e9)
        self.problem: Any = SimpleNamespace(
            gradients=[[other, np.zeros_like(gradient)], [other, gradient]],
            dys=[np.array([1e9]), np.array([1.0])],
            xs=[SimpleNamespace(value=np.zeros(3)), SimpleNamespace(value=np.zeros(gradient.shape), name="array 1")],
            rng=np.random.default_rng(0),
            title="op",
        )
        self.tolerance, self.max_entries, self.analytic = TOLERANCE, max_entries, [False, analytic]
        self.largest = [1e99, largest]
        self.told: Slope | None = None  # by the careful method; none: there is a kink
        self.rounded = 0.0

    def careful(self, i: int, v: Any) -> list[Slope]:
        if self.told is None:
            raise NondifferentiableError
        return [slope(0, 0), self.told]

    def _rounding(self, i: int, k: int, v: Any) -> float:
        return self.rounded


def slope(value: float, bound: float) -> Slope:
    """A derivative with a bound on its error, along an upstream gradient of one."""
    return Slope(np.array([float(value)]), bend=np.array([bound / 2]))


ALONG = np.array([1.0, 0])


@pytest.mark.parametrize(
    ("claimed", "numerical", "floor", "error"),
    [
        (1024, 1023, 0, 1 / 1024), (1024, 1022.5, 0, None), (-1023, -1024, 0, 1 / 1024), (-1022.5, -1024, 0, None),
        (0, 1, 1024, 1 / 1024), (0, 1, 1023, None), (2, 2, 0, 0), (0, 0, 0, 0), (np.nan, 1, 0, None),
    ],
)  # fmt: skip
def test_a_cheap_derivative_agrees_within_the_tolerance(claimed, numerical, floor, error) -> None:
    bench = Bench([claimed, 0])
    assert bench._agreement(1, 1, ALONG, slope(numerical, 0), floor, known=False) == error


@pytest.mark.parametrize(
    ("bound", "known", "enough"),
    [(100, False, True), (100.5, False, False), (2048, True, True), (2048, False, False), (2049, True, False)],
)
def test_it_must_be_a_hundred_times_less_precise_at_most_or_else_as_precise_as_the_steepest_entries_need(
    bound: float, known: bool, enough: bool
) -> None:
    """The steepest is 2²⁰, by a direction of length 2: the tolerance of that is 2048, and of what is compared 1."""
    bench = Bench([512, 2.0**20])
    assert bench._agreement(1, 1, 2 * ALONG, slope(1024, bound), 0, known) == (0 if enough else None)


def test_the_floor_is_a_share_of_the_largest_gradient_or_the_norm_of_a_group() -> None:
    bench = Bench([3, -2000, 4, 1e-9, 0, 0, 0])
    assert bench._floor(1, 1, None) == 2
    assert bench._floor(1, 1, np.array([0, 2])) == 5
    assert bench._floor(1, 1, np.array([3, 4, 5, 6])) == pytest.approx(1e-6 * 2000 * 2, rel=1e-12)


@pytest.mark.parametrize("factor", [1, 2.0**-30])
def test_entries_below_a_thousandth_of_the_largest_are_a_group_of_their_own(factor: float) -> None:
    gradient = factor * np.array([1000, 0.999, 1, -1000, 0, -0.5])
    assert [group.tolist() for group in Bench(gradient)._groups(1)] == [[0, 2, 3], [1, 4, 5]]
    assert [group.tolist() for group in Bench(gradient[[0, 2]])._groups(1)] == [[0, 1]]
    assert [group.tolist() for group in Bench([0, 0])._groups(1)] == [[0, 1]]
    assert Bench(gradient, max_entries=5)._groups(1) != [None] == Bench(gradient, max_entries=6)._groups(1)


def test_an_entry_is_large_if_it_is_in_the_gradient_of_any_output() -> None:
    bench = Bench([1000, 0, 0])
    bench.problem.gradients[0][1] = np.array([0, -1.0, 0.5])
    assert [group.tolist() for group in bench._groups(1)] == [[0, 1], [2]]


def test_a_group_is_moved_along_four_random_directions_of_deviation_one() -> None:
    bench, entries = Bench(np.zeros((2, 3000))), np.arange(1, 6000, 2)
    found = list(bench._directions(1, entries))
    assert len(found) == 4 and {v.shape for v in found} == {(2, 3000)}
    for v in found:
        assert not v.ravel()[::2].any()
        moved = v.ravel()[entries]
        assert (moved.min(), moved.max()) == pytest.approx((-math.sqrt(3), math.sqrt(3)), rel=0.01)
        assert moved.std() == pytest.approx(1, rel=0.05)
    assert not np.array_equal(found[0], found[1])


def test_one_by_one_each_entry_is_moved_by_one() -> None:
    found = np.array(list(Bench(np.zeros((2, 2)))._directions(1, None)))
    np.testing.assert_array_equal(found.reshape(4, 4), np.eye(4))


def test_a_group_says_zero_if_it_does_so_for_every_output() -> None:
    entries = np.array([0, 2])
    assert Bench([0, 5, 0])._says_zero(1, entries)
    assert not Bench([0, 5, 0], analytic=True)._says_zero(1, entries) and not Bench([0, 0, 0])._says_zero(1, None)
    assert not Bench([0, 0, 5])._says_zero(1, entries)
    bench = Bench([0, 5, 0])
    bench.problem.gradients[0][1] = np.array([0, 0, -1.0])
    assert not bench._says_zero(1, entries)


# With care


@pytest.mark.parametrize(
    ("careful", "rounded", "error"),
    [
        (None, 0, 1 / 2),  # a kink, though analytic as a whole
        (slope(512, 0), 128, 0), (slope(512, 0), 127, 1 / 2),  # four times the rounding is the gap, 512
        (slope(1024 - 129, 128), 0, 1 / 1024), (slope(1024 - 129.5, 128), 0, 1 / 2),  # beyond the bound the tolerance
        (slope(1024 + 129, 128), 0, 1 / 1024), (slope(1024 - 100, 128), 0, 0),
        (slope(1024 - 100, 129), 0, 1 / 2),  # a bound of more than a quarter of the gap decides nothing
    ],
)  # fmt: skip
def test_complex_steps_are_wrong_only_if_rounding_does_not_explain_it_and_careful_differences_say_so(
    careful, rounded: float, error: float
) -> None:
    bench = Bench([1024, 0], analytic=True)
    bench.told, bench.rounded = careful, rounded
    assert bench._error(1, 1, ALONG, [slope(0, 0), slope(512, 0)], floor=0) == error


@pytest.mark.parametrize(
    ("claimed", "numerical", "floor", "error"), [(0, 8, 16, 1 / 2), (-4, -8, 0, 1 / 2), (8, 4, 2, 1 / 2)]
)
def test_the_error_of_complex_steps_is_relative_to_the_larger_or_the_floor(claimed, numerical, floor, error) -> None:
    bench = Bench([claimed, 0], analytic=True)
    assert bench._error(1, 1, ALONG, [slope(0, 0), slope(numerical, 0)], floor) == error


@pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan])
def test_what_is_not_finite_is_wrong_by_infinity(value: float) -> None:
    assert Bench([value, 0])._error(1, 1, ALONG, [], floor=0) == np.inf


@pytest.mark.parametrize(
    ("claimed", "numerical", "steepest", "largest", "bound"),
    [
        (100, 0, 0, 0, 1), (0, -100, 0, 0, 1), (0, 0, -50, 0, 1),  # one in a hundred; the direction is of length 2
        (0, 0, 0, 2.0**52, 64), (0, 0, 0, 0, 1e-8),  # 64 last digits of the largest gradient of all, or 1e-8
    ],
)  # fmt: skip
def test_where_rounding_may_be_larger_nothing_is_said(claimed, numerical, steepest, largest, bound) -> None:
    bench = Bench([claimed / 2, steepest], largest=largest)
    for times in (1, 1.01):
        bench.told = slope(numerical, times * bound)
        if times == 1:
            assert 0 <= bench._error(1, 1, 2 * ALONG, [], floor=1.0) < 1
        else:
            with pytest.raises(PrecisionError, match="rounding hides the derivative of op by array 1"):
                bench._error(1, 1, 2 * ALONG, [], floor=1.0)


@pytest.mark.parametrize(
    ("claimed", "numerical", "bound", "floor", "error"),
    [
        (128, 96, 0, 0, 1 / 4), (96, 128, 0, 0, 1 / 4), (-96, -128, 1, 0, 31 / 128), (128, 127, 1, 0, 0),
        (16, 8, 0, 32, 1 / 4),
    ],
)  # fmt: skip
def test_an_error_is_what_is_beyond_the_bound_of_the_careful_derivative(
    claimed, numerical, bound, floor, error
) -> None:
    bench = Bench([claimed, 0])
    bench.told = slope(numerical, bound)
    assert bench._error(1, 1, ALONG, [], floor) == error


@pytest.mark.parametrize("analytic", [True, False])
@pytest.mark.parametrize(("claimed", "numerical"), [(2, 0), (0, 2), (-2, 1)])
def test_both_are_zero_within_64_last_digits_of_the_largest_gradient_times_the_length_of_the_direction(
    claimed: float, numerical: float, analytic: bool
) -> None:
    for times, zero in ((1, True), (1.01, False)):
        bench = Bench([times * claimed / 2, 0], analytic, largest=2.0**52 / 64)
        bench.told = slope(times * numerical, 0)
        assert (bench._error(1, 1, 2 * ALONG, [slope(0, 0), bench.told], floor=4) == 0) == zero


# What rounding does


@pytest.mark.parametrize("of", ["x", "dy"])
def test_rounding_shows_by_moves_of_up_to_two_last_digits_of_the_arrays_and_the_upstream_gradient(of: str) -> None:
    """A pullback of (x − 1) · 2³² · dy, or of 2³² · dy, of a function whose derivative is 0."""
    factor, count = 2.0**32, 40

    def op(x: Any) -> Any:
        return 0 * x, lambda dy: (factor * (dy * (x.real - 1) if of == "x" else dy) + 5,)

    problem = Problem(op, (np.ones(count),), {}, 0, ())
    problem.dys = [np.ones(count)]
    judge = Judge(problem, 1e-6, 256)
    digits = [judge._rounding(0, 0, v) / (factor * EPS) for v in np.eye(count)]
    assert max(digits) == pytest.approx(4, abs=0.01) and min(digits) >= 0


class Counting(Bench):
    """A judge that is told by which steps a cheap derivative is precise, and remembers which it has tried."""

    step = 2.0**-20

    def __init__(self, gradient: Any, precise: Any, analytic: bool = False, max_entries: int = 0) -> None:
        super().__init__(gradient, analytic, 0.0, max_entries)
        self.precise, self.tried, self.cared = precise, [], 0

    def size(self, along: Any) -> float:
        assert along[0] is None
        return 8.0

    def derivative(self, i: int, v: Any, h: float | None = None) -> list[Slope]:
        assert h is not None
        self.tried.append(h if self.analytic[i] else h / 8)
        right = [self.claimed(i, k, v) for k in range(2)]
        return [slope(1e-9 * right[0], 0), slope(right[1], 0 if self.tried[-1] in self.precise else np.inf)]

    def careful(self, i: int, v: Any) -> list[Slope]:
        self.cared += 1
        return [slope(self.claimed(i, k, v) * 3 / 4, 0) for k in range(2)]

    def found(self) -> list[Any]:
        self.problem.gradients[0][1] = 0 * self.problem.gradients[0][1]
        return list(self.findings(1))


SMALL_STEP, PLAIN = 2.0**-20, 2.0**-17


@pytest.mark.parametrize(
    ("precise", "tried", "errors"),
    [
        ([SMALL_STEP, PLAIN], [SMALL_STEP] * 4, 0), ([PLAIN], [SMALL_STEP, *[PLAIN] * 4], 0),
        ([SMALL_STEP], [SMALL_STEP] * 4, 0), ([], [SMALL_STEP, PLAIN] * 4, 1 / 4),
    ],
)  # fmt: skip
def test_the_step_that_was_precise_enough_is_tried_first_next_time(precise, tried, errors) -> None:
    """If none is, the derivative is computed with care."""
    bench = Counting([1.0, -2], precise)
    found = bench.found()
    assert bench.tried == tried and bench.cared == (0 if precise else 4)
    assert [(finding.i, finding.k) for finding in found] == [(1, 0), (1, 1)] * 4
    assert all(finding.error == 0 for finding in found[::2])
    for finding in found[1::2]:  # of what a direction shows, and no less than the norm of the gradient
        shown = abs(finding.v @ [1, -2])
        assert finding.error == pytest.approx(errors * shown / max(shown, math.sqrt(5)), rel=1e-12)


def test_one_by_one_the_step_that_was_precise_enough_is_kept_too() -> None:
    bench = Counting([1.0, -2, 3], [PLAIN], max_entries=3)
    assert len(bench.found()) == 6 and bench.tried == [SMALL_STEP, *[PLAIN] * 3] and bench.cared == 0


def test_the_other_step_is_tried_after_it_all_the_same() -> None:
    class Changing(Counting):
        def derivative(self, i: int, v: Any, h: float | None = None) -> list[Slope]:
            self.precise = [PLAIN] if len(self.tried) < 2 else [SMALL_STEP]
            return super().derivative(i, v, h)

    bench = Changing([1.0, -2], [])
    bench.found()
    assert bench.tried == [SMALL_STEP, PLAIN, PLAIN, SMALL_STEP, SMALL_STEP, SMALL_STEP] and bench.cared == 0


def test_where_a_whole_group_is_said_to_be_zero_the_first_direction_is_looked_at_with_care_alone() -> None:
    bench = Counting([0.0, 0], [SMALL_STEP, PLAIN])
    assert len(bench.found()) == 8
    assert bench.cared == 2 and bench.tried == [SMALL_STEP] * 3  # once for each output


def test_of_an_analytic_array_complex_steps_are_tried_once_whatever_they_say() -> None:
    bench = Counting([1.0, -2], [], analytic=True)
    assert len(bench.found()) == 8 and len(bench.tried) == 4


def test_after_a_first_direction_the_others_may_be_as_imprecise_as_the_steepest_entries_need() -> None:
    """By a bound of 1 on the second group's slopes of 2⁻¹¹, where the first group's are 2¹¹: its tolerance is 2 and
    more."""

    class Rounded(Counting):
        def derivative(self, i: int, v: Any, h: float | None = None) -> list[Slope]:
            self.tried.append(h)
            return [slope(0, 0), slope(self.claimed(i, 1, v), 1.0)]

    bench = Rounded([2.0**11] * 64 + [2.0**-11] * 64, [])
    bench.found()
    assert bench.cared == 1 and len(bench.tried) == 9  # the first direction of the second group, by both steps
