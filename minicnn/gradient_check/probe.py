"""Derivatives of a function at a point, along any direction: cheap ones first, and others with care."""

from __future__ import annotations

import math
import warnings
from contextlib import suppress

import numpy as np

from .derivatives import NondifferentiableError, Slope, central_difference, complex_step, difference, inner, size_of
from .location import kink_at
from .problem import Problem
from .search import Array, largest

SMALL = 1e-3  # of an array's largest gradient: entries below are a group of their own
PLAIN_STEP = 2.0**-17  # the best step for a plain difference
HIDDEN = 1e-2  # of a gradient: if rounding may be this large, nothing is known
LEAST = 1e-8  # a gradient below this that is hidden by rounding is treated as zero


class Probe:
    """Derivatives of a problem, for all its arrays.

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
            self.analytic[i] = not small.any() or self._complex_agrees(self.along(i, v), self._plain(i, v))

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
        return self.careful(i, v)

    def _complex_agrees(self, along: list[Array] | list[Array | None], true: list[Slope]) -> bool:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")  # the imaginary part would be discarded
                claimed = complex_step(self.problem.forward, self.problem.values, along)
        except Exception:  # whatever it raises for complex arrays
            return False
        return all(_agree(a.values, b) for a, b in zip(claimed, true, strict=True))

    def along(self, i: int, v: Array) -> list[Array | None]:
        """The direction in which only array i moves, by v."""
        along: list[Array | None] = [None] * len(self.problem.xs)
        along[i] = v
        return along

    def derivative(self, i: int, v: Array, h: float | None = None) -> list[Slope]:
        """A cheap derivative along a direction v of array i."""
        if self.analytic[i]:
            return complex_step(self.problem.forward, self.problem.values, self.along(i, v))
        return self._difference(i, v, h)

    def _difference(self, i: int, v: Array, h: float | None = None) -> list[Slope]:
        along = self.along(i, v)
        return difference(self.problem.forward, self.problem.values, along, h or self.step * self.size(along))

    def size(self, along: list[Array | None]) -> float:
        """What steps are relative to."""
        return max(1.0, size_of(self.problem.values, along))

    def one_by_one(self, i: int) -> bool:
        """Whether array i is small enough for each of its entries to be checked alone."""
        return self.problem.xs[i].value.size <= self.max_entries

    def central(self, i: int, v: Array) -> list[Slope]:
        problem, negligible = self.problem, 0.0
        if not self.one_by_one(i):  # a tenth of what is accepted of an entry of a small array
            negligible = self.tolerance * SMALL * min(largest(row[i]) for row in problem.gradients) / 10
        return central_difference(problem.forward, problem.values, self.along(i, v), problem.ys, negligible)

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
                found = self.central(i, v)
        numerical, _ = (found or self.derivative(i, v))[k].along(self.problem.dys[k])
        return self.claimed(i, k, v), numerical

    def careful(self, i: int, v: Array) -> list[Slope]:
        try:
            return self.central(i, v)
        except NondifferentiableError as error:
            full = [v if j == i else np.zeros(x.value.shape) for j, x in enumerate(self.problem.xs)]
            raise kink_at(self.problem, full, error) from None


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
