"""Comparing a pullback with derivatives computed without it: what is rounding, and what is an error.

Cheap derivatives come first: complex steps, or plain differences with one step. If they agree with the pullback, that
is proof enough. If not, the derivative is computed again with care, and with a bound on its own error, before the
pullback is called wrong.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from .derivatives import NondifferentiableError, Slope, complex_step, inner
from .location import restricted
from .probe import HIDDEN, LEAST, PLAIN_STEP, SMALL, Probe
from .search import EPS, Array, largest

DIRECTIONS = 4  # random ones, for each group of entries of a large array
LIMIT = 3**0.5  # of their entries: the deviation is 1


class PrecisionError(ValueError):
    """Rounding hides the derivative: at this point the pullback can be neither confirmed nor refuted."""


class Finding(NamedTuple):
    """The pullback's error along a direction v of array i, for output k."""

    i: int
    k: int
    v: Array
    error: float


class Judge(Probe):
    """Compares the pullback with derivatives, for all arrays of a problem."""

    # Where it is looked

    def findings(self, i: int) -> Iterator[Finding]:
        """The pullback's error for array i, along every direction that is checked."""
        outputs = range(len(self.problem.dys))
        for entries in self._groups(i):
            floors = [self._floor(i, k, entries) for k in outputs]
            steps = [*dict.fromkeys([self.step, PLAIN_STEP])]  # the small step avoids kinks, the other rounding
            known, size, says_zero = False, 0.0, self._says_zero(i, entries)
            for v in self._directions(i, entries):
                if not known and not self.analytic[i]:
                    size = self.size(self.along(i, v))
                cheap: list[Slope] = []
                errors: list[float | None] = [None for _ in outputs]
                for step in [] if says_zero and not known else list(steps):
                    cheap = self.derivative(i, v, step * size)
                    errors = [self._agreement(i, k, v, cheap[k], floors[k], known) for k in outputs]
                    if self.analytic[i] or None not in errors:
                        steps = [step, *(other for other in steps if other != step)]  # the first to be tried next time
                        break
                for k, error in enumerate(errors):
                    yield Finding(i, k, v, self._error(i, k, v, cheap, floors[k]) if error is None else error)
                known = entries is not None  # the first direction has shown that rounding hides nothing

    def _says_zero(self, i: int, entries: Array | None) -> bool:
        """Whether the pullback returns zero for a whole group; a cheap derivative shows only rounding then."""
        if entries is None or self.analytic[i]:
            return False
        return not any(row[i].reshape(-1)[entries].any() for row in self.problem.gradients)

    def _groups(self, i: int) -> list[Array | None]:
        """Flat indices of the entries that are checked together; None: one by one."""
        if self.one_by_one(i):
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

    def _error(self, i: int, k: int, v: Array, cheap: list[Slope], floor: float) -> float:
        """The error, computed carefully."""
        analytic = self.claimed(i, k, v)
        if not math.isfinite(analytic):
            return math.inf
        if self.analytic[i]:
            numerical, _ = cheap[k].along(self.problem.dys[k])
            return self._error_of_analytic(i, k, v, analytic, numerical, floor)
        return self._error_by_differences(i, k, v, analytic, floor)

    def _error_of_analytic(self, i: int, k: int, v: Array, analytic: float, numerical: float, floor: float) -> float:
        gap, scale = abs(analytic - numerical), max(abs(analytic), abs(numerical), floor)
        if self._is_zero(k, v, analytic, numerical) or gap <= 4 * self._rounding(i, k, v):
            return 0.0
        try:
            true, bound = self.careful(i, v)[k].along(self.problem.dys[k])
        except NondifferentiableError:
            return gap / scale  # analytic as a whole: the cause is not a kink
        if abs(analytic - true) <= self.tolerance * scale + bound and bound <= gap / 4:
            return max(0.0, abs(analytic - true) - bound) / scale  # the complex step was wrong: not analytic just here
        return gap / scale

    def _error_by_differences(self, i: int, k: int, v: Array, analytic: float, floor: float) -> float:
        numerical, bound = self.careful(i, v)[k].along(self.problem.dys[k])
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

    def _rounding(self, i: int, k: int, v: Array) -> float:
        """By how much the difference between pullback and derivative changes with the last digits of all arrays.

        An error in the pullback stays the same; rounding errors do not. (Parker 1997, Monte Carlo arithmetic.)
        """
        problem = self.problem
        rng = np.random.default_rng(0)
        along = self.along(i, v)
        gaps = []
        for _ in range(4):
            near = [x * (1 + EPS * rng.integers(-2, 3, x.shape)) for x in problem.values]
            dy = 1 + EPS * rng.integers(-2, 3, problem.dys[k].shape)
            y, pullback = problem.call([x.copy() for x in near])
            analytic = inner(problem.pulled_back(y, pullback, k, dy)[i], v)
            gaps.append(analytic - inner(problem.dys[k] * dy, complex_step(problem.forward, near, along)[k].values))
        return max(gaps) - min(gaps)
