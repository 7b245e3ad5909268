"""Comparing a pullback with derivatives computed without it: what is rounding, and what is an error.

Cheap derivatives come first: complex steps, or plain differences with one step. If they agree with the pullback, that
is proof enough. If not, the derivative is computed again with care, and with a bound on its own error, before the
pullback is called wrong.
"""

from __future__ import annotations

import functools
import math
import warnings
from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple

import numpy as np

from .derivatives import NondifferentiableError, Slope, central_difference, complex_step, difference, inner, size_of
from .location import kink_at, restricted
from .problem import Problem
from .search import EPS, Array, largest

DIRECTIONS = 4  # random ones, for each group of entries of a large array
LIMIT = 3**0.5  # of their entries: the deviation is 1
SMALL = 1e-3  # of an array's largest gradient: entries below are a group of their own
PLAIN_STEP = 2.0**-17  # the best step for a plain difference
HIDDEN = 1e-2  # of a gradient: if rounding may be this large, nothing is known
LEAST = 1e-8  # a gradient below this that is hidden by rounding is treated as zero


class PrecisionError(ValueError):
    """Rounding hides the derivative: at this point the pullback can be neither confirmed nor refuted."""


class Finding(NamedTuple):
    """The pullback's error along a direction v of array i, for output k."""

    i: int
    k: int
    v: Array
    error: float


class Judge:
    """Compares the pullback with derivatives, for all arrays of a problem.

    Attributes:
        step: with which the function appears smooth around the point.
        analytic: for each array whether complex steps can be trusted.
    """

    def __init__(self, problem: Problem, tolerance: float, max_entries: int) -> None:
        self.problem, self.tolerance, self.max_entries = problem, tolerance, max_entries
        self.largest = [max([0.0, *(largest(g) for g in row)]) for row in problem.gradients]
        self.step = PLAIN_STEP
        self.analytic = [False] * len(problem.xs)
        self._look_around()

    # How derivatives are found

    def _look_around(self) -> None:
        """Find kinks, a good step, and whether complex steps agree, along one direction through every entry."""
        problem = self.problem
        direction = [
            problem.rng.choice([-1.0, 1.0], x.value.shape) * problem.rng.uniform(0.5, 1.0, x.value.shape)
            for x in problem.xs
        ]
        try:
            true = central_difference(problem.forward, problem.values, direction, problem.ys)
        except NondifferentiableError as error:
            try:  # log at 1e-15: no step suits both this entry and one that is 1
                direction = [v * _own_scale(x) for v, x in zip(direction, problem.values, strict=True)]
                true = central_difference(problem.forward, problem.values, direction, problem.ys)
            except NondifferentiableError:
                raise kink_at(problem, direction, error) from None
        size = max([1.0, *(largest(x) for x in problem.values)])
        # A random direction is up to √3 in an entry, where this one is at least 1/2.
        self.step = min([PLAIN_STEP, *(slope.step / size / 4 for slope in true)])
        if not self._complex_agrees(direction, true):
            return
        for i, x in enumerate(problem.xs):
            small = self._small(i)
            if not x.value.size:
                continue
            # Moved separately: otherwise the others could hide that the function is not analytic in these.
            v = np.where(small, direction[i], 0)
            self.analytic[i] = not small.any() or self._complex_agrees(self._along(i, v), self._plain(i, v))

    def _small(self, i: int) -> Array:
        """Which entries' gradients are small compared with the largest."""
        small = np.ones(self.problem.xs[i].value.shape, bool)
        for row, steepest in zip(self.problem.gradients, self.largest, strict=True):
            if steepest:
                small &= np.abs(row[i]) < SMALL * steepest
        return small

    def _plain(self, i: int, v: Array) -> list[Slope]:
        found = self._difference(i, v)
        if all(np.all(slope.rounding <= 1e-5 * largest(slope.values)) for slope in found):
            return found
        return self._careful(i, v)

    def _complex_agrees(self, along: list[Array] | list[Array | None], true: list[Slope]) -> bool:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")  # the imaginary part would be discarded
                claimed = complex_step(self.problem.forward, self.problem.values, along)
        except Exception:  # whatever it raises for complex arrays
            return False
        return all(_agree(a.values, b) for a, b in zip(claimed, true, strict=True))

    def _along(self, i: int, v: Array) -> list[Array | None]:
        """The direction in which only array i moves, by v."""
        along: list[Array | None] = [None] * len(self.problem.xs)
        along[i] = v
        return along

    def derivative(self, i: int, v: Array, h: float | None = None) -> list[Slope]:
        """A cheap derivative along a direction v of array i."""
        if self.analytic[i]:
            return complex_step(self.problem.forward, self.problem.values, self._along(i, v))
        return self._difference(i, v, h)

    def _difference(self, i: int, v: Array, h: float | None = None) -> list[Slope]:
        along = self._along(i, v)
        return difference(self.problem.forward, self.problem.values, along, h or self.step * self._size(along))

    def _size(self, along: list[Array | None]) -> float:
        """What steps are relative to."""
        return max(1.0, size_of(self.problem.values, along))

    def _central(self, i: int, v: Array) -> list[Slope]:
        problem, negligible = self.problem, 0.0
        if v.size > self.max_entries:  # as little as is accepted of an entry of a small array
            negligible = self.tolerance * SMALL * min(largest(row[i]) for row in problem.gradients)
        return central_difference(problem.forward, problem.values, self._along(i, v), problem.ys, negligible)

    def claimed(self, i: int, k: int, v: Array) -> float:
        """The derivative of Σ dyₖ · yₖ along v, according to the pullback."""
        gradient = self.problem.gradients[k][i]
        along = inner(gradient, v)
        return along if math.isfinite(along) else inner(np.where(v != 0, gradient, 0), v)  # 0 · NaN is not 0

    def pair(self, i: int, k: int, v: Array, cheap: bool) -> tuple[float, float]:
        """The derivative of Σ dyₖ · yₖ along v: according to the pullback, and actual."""
        found = None
        if not (cheap or self.analytic[i]):
            with suppress(NondifferentiableError):
                found = self._central(i, v)
        numerical, _ = (found or self.derivative(i, v))[k].along(self.problem.dys[k])
        return self.claimed(i, k, v), numerical

    # Where it is looked

    def findings(self, i: int) -> Iterator[Finding]:
        """The pullback's error for array i, along every direction that is checked."""
        outputs = range(len(self.problem.dys))
        for entries in self._groups(i):
            floors = [self._floor(i, k, entries) for k in outputs]
            steps = [*dict.fromkeys([self.step, PLAIN_STEP])]  # the small step avoids kinks, the other rounding
            known, size = False, 0.0
            for v in self._directions(i, entries):
                if not known and not self.analytic[i]:
                    size = self._size(self._along(i, v))
                for step in list(steps):
                    cheap = self.derivative(i, v, step * size)
                    errors = [self._agreement(i, k, v, cheap[k], floors[k], known) for k in outputs]
                    if self.analytic[i] or None not in errors:
                        steps = [step, *(other for other in steps if other != step)]  # the first to be tried next time
                        break
                for k, error in enumerate(errors):
                    yield Finding(i, k, v, self._error(i, k, v, cheap[k], floors[k]) if error is None else error)
                known = entries is not None  # the first direction has shown that rounding hides nothing

    def _groups(self, i: int) -> list[Array | None]:
        """Flat indices of the entries that are checked together; None: one by one."""
        if self.problem.xs[i].value.size <= self.max_entries:
            return [None]
        claimed = functools.reduce(np.maximum, (np.abs(row[i]) for row in self.problem.gradients))
        small = claimed < SMALL * claimed.max(initial=0)
        return [found for found in (np.flatnonzero(~small), np.flatnonzero(small)) if len(found)]

    def _directions(self, i: int, entries: Array | None) -> Iterator[Array]:
        shape = self.problem.xs[i].value.shape
        if entries is None:
            ones = np.ones(shape)
            yield from (restricted(ones, [j]) for j in range(ones.size))
            return
        for _ in range(DIRECTIONS):
            v = np.zeros(shape)
            v.reshape(-1)[entries] = self.problem.rng.uniform(-LIMIT, LIMIT, len(entries))
            yield v

    def _floor(self, i: int, k: int, entries: Array | None) -> float:
        """The floor of the relative error: a share of the array's gradient, or the norm of the group's."""
        gradient = self.problem.gradients[k][i]
        if entries is None:
            return SMALL * largest(gradient)
        part, least = gradient.reshape(-1)[entries], SMALL**2 * largest(gradient) * math.sqrt(len(entries))
        return max(math.sqrt(inner(part, part)), least)

    # The verdict

    def _agreement(self, i: int, k: int, v: Array, cheap: Slope, floor: float, known: bool) -> float | None:
        """The error, if a cheap derivative is precise enough to show that it is small.

        `known`: whether these entries have been examined along another direction.
        """
        analytic = self.claimed(i, k, v)
        numerical, bound = cheap.along(self.problem.dys[k])
        scale = max(abs(analytic), abs(numerical), floor)
        gap = abs(analytic - numerical)
        if not gap <= self.tolerance * scale:  # NaN is not
            return None
        if bound <= 100 * self.tolerance * scale or (known and bound <= self.tolerance * self._steepest(i, k, v)):
            return gap / scale if gap else 0.0
        return None

    def _steepest(self, i: int, k: int, v: Array) -> float:
        """The derivative along v, if all gradients were as large as the array's largest."""
        return largest(self.problem.gradients[k][i]) * math.sqrt(inner(v, v))

    def _error(self, i: int, k: int, v: Array, cheap: Slope, floor: float) -> float:
        """The error, computed carefully."""
        analytic = self.claimed(i, k, v)
        numerical, _ = cheap.along(self.problem.dys[k])
        if self.analytic[i]:
            return self._error_of_analytic(i, k, v, analytic, numerical, floor)
        return self._error_by_differences(i, k, v, analytic, floor)

    def _error_of_analytic(self, i: int, k: int, v: Array, analytic: float, numerical: float, floor: float) -> float:
        gap, scale = abs(analytic - numerical), max(abs(analytic), abs(numerical), floor)
        if self._is_zero(k, v, analytic, numerical) or gap <= 4 * self._rounding(i, k, v):
            return 0.0
        try:
            true, bound = self._careful(i, v)[k].along(self.problem.dys[k])
        except NondifferentiableError:
            return gap / scale  # analytic as a whole: the cause is not a kink
        if abs(analytic - true) <= self.tolerance * scale + bound and bound <= gap / 4:
            return max(0.0, abs(analytic - true) - bound) / scale  # the complex step was wrong: not analytic just here
        return gap / scale

    def _error_by_differences(self, i: int, k: int, v: Array, analytic: float, floor: float) -> float:
        numerical, bound = self._careful(i, v)[k].along(self.problem.dys[k])
        size = max(abs(analytic), abs(numerical), self._steepest(i, k, v))
        if bound > max(HIDDEN * size, 64 * EPS * self.largest[k], LEAST):
            x = self.problem.xs[i]
            raise PrecisionError(
                f"gradcheck: rounding hides the derivative of {self.problem.title} by {x.name}: it is about "
                f"{size:.2g}, and the output is rounded so coarsely that this may be wrong by {bound:.2g}; choose "
                "another point, take a large constant out of the function, or let it take complex arrays"
            )
        gap = max(0.0, abs(analytic - numerical) - bound)
        if not gap or self._is_zero(k, v, analytic, numerical):
            return 0.0
        return gap / max(abs(analytic), abs(numerical), floor)

    def _is_zero(self, k: int, v: Array, *derivatives: float) -> bool:
        """Whether derivatives along v are zero, compared with the terms they are the sum of."""
        return max(map(abs, derivatives)) <= 64 * EPS * self.largest[k] * float(np.linalg.norm(v))

    def _careful(self, i: int, v: Array) -> list[Slope]:
        try:
            return self._central(i, v)
        except NondifferentiableError as error:
            full = [v if j == i else np.zeros(x.value.shape) for j, x in enumerate(self.problem.xs)]
            raise kink_at(self.problem, full, error) from None

    def _rounding(self, i: int, k: int, v: Array) -> float:
        """By how much the difference between pullback and derivative changes with the last digits of all arrays.

        An error in the pullback stays the same; rounding errors do not. (Parker 1997, Monte Carlo arithmetic.)
        """
        problem = self.problem
        rng = np.random.default_rng(0)
        along = self._along(i, v)
        gaps = []
        for _ in range(4):
            near = [x * (1 + EPS * rng.integers(-2, 3, x.shape)) for x in problem.values]
            dy = 1 + EPS * rng.integers(-2, 3, problem.dys[k].shape)
            y, pullback = problem.call([x.copy() for x in near])
            analytic = inner(problem.pulled_back(y, pullback, k, dy)[i], v)
            gaps.append(analytic - inner(problem.dys[k] * dy, complex_step(problem.forward, near, along)[k].values))
        return max(gaps) - min(gaps)


def _agree(claimed: Array, true: Slope) -> bool:
    """Whether complex steps agree with differences, if differences are precise enough to decide."""
    size = max(largest(claimed), largest(true.values))
    unsure = np.abs(true.bend) + 4 * np.asarray(true.rounding)
    if unsure.max(initial=0) > max(HIDDEN * size, LEAST):
        return False
    return bool(np.all(np.abs(claimed - true.values) <= 1e-5 * size + 4 * unsure))


def _own_scale(x: Array) -> Array:
    """How far each entry may be moved: as far as it is from 0, if that is less than 1."""
    return np.where(x == 0, 1, np.minimum(np.abs(x), 1))
