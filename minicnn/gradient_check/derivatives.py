"""Derivatives computed only by evaluating a function, to compare a pullback with.

All methods here differentiate f(x₁, x₂, …) = (y₁, y₂, …) along a direction (v₁, v₂, …), and return the derivative of
every entry of every output:

    complex_step        Im f(x + i·h·v) / h. Nothing is subtracted, so h may be 1e-20 and the result is exact to
                        rounding; but f must be analytic, and take complex arrays.
    difference          (f(x + h·v) − f(x − h·v)) / 2h with a given step: two evaluations, which do not notice kinks.
    central_difference  the same, extrapolated, with the best step for f. It bounds its own error, and notices where f
    is not smooth.

Source: Squire & Trapp (1998), Using complex variables to estimate derivatives of real functions; Ridders (1982),
Accurate computation of F′(x), for choosing the step by the error.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Function = Callable[[list[Array]], Sequence[Array]]
Direction = Sequence[Array | None]  # None: this argument does not move

EPS = float(np.finfo(np.float64).eps)
COMPLEX_STEP = 1e-20
# Powers of two, so that x ± h rounds little.
STEPS = tuple(2.0**-e for e in range(10, 47, 4))  # 1e-3 down to 1e-14
LARGE_STEPS = tuple(2.0**-e for e in range(6, -12, -4))  # 0.02 up to 1024, where rounding hides what smaller ones show
PARTS = (1, 1 / 2, 1 / 4)  # of a step, at which f is evaluated
EXACT = 1e-9  # of the steepest slope: close enough, no other step is tried
SURE = 1e-2  # of the steepest slope: an error below this tells a small step's slope from that of a larger one
SMOOTH = 1e-7  # of the steepest slope: a kink's change of slope is larger, or cannot matter


class NondifferentiableError(ValueError):
    """The function has a kink or a jump at the point where its gradient is checked."""


class Slope(NamedTuple):
    """The derivative of every entry of one output.

    Attributes:
        values: the derivatives.
        bend: a bound on the error from f's curvature.
        rounding: a bound on the error from rounding in f.
        step: the smallest step used.
    """

    values: Array
    bend: Array | float = 0.0
    rounding: Array | float = 0.0
    step: float = 0.0

    def along(self, dy: Array) -> tuple[float, float]:
        """Σ dy · values, and a bound on its error."""
        # The errors of different entries are independent, and dy has random signs.
        bend = 2 * float(np.linalg.norm(np.ravel(dy * self.bend)))
        rounding = 4 * float(np.linalg.norm(np.ravel(dy * self.rounding)))
        return float(np.vdot(dy, self.values)), bend + rounding


def moved(xs: Sequence[Array], direction: Direction, t: complex) -> list[Array]:
    """x + t·v; all of one dtype, complex where t is."""
    zero = t * 0
    return [x + zero if v is None else x + t * v for x, v in zip(xs, direction, strict=True)]


def size_of(xs: Sequence[Array], direction: Direction) -> float:
    """The largest argument that moves."""
    pairs = [(x, v) for x, v in zip(xs, direction, strict=True) if v is not None]
    return max([0.0, *(_largest(x[v != 0]) for x, v in pairs)])


def complex_step(f: Function, xs: Sequence[Array], direction: Direction) -> list[Slope]:
    """The derivative of an analytic f.

    Raises:
        TypeError: f accepted complex arrays but returned real ones.
    """
    ys = f(moved(xs, direction, 1j * COMPLEX_STEP))
    if not all(np.iscomplexobj(y) for y in ys):
        raise TypeError("complex_step: expected complex outputs for complex arguments, got a real one")
    return [Slope(y.imag / COMPLEX_STEP) for y in ys]


def difference(f: Function, xs: Sequence[Array], direction: Direction, step: float) -> list[Slope]:
    """The derivative from one step, given relative to 1 or the argument's size; its error is known only from
    rounding."""
    h = step * max(size_of(xs, direction), 1)
    with np.errstate(all="ignore"):
        pairs = zip(f(moved(xs, direction, h)), f(moved(xs, direction, -h)), strict=True)
        return [Slope((ahead - behind) / (2 * h), 0.0, 4 * EPS * _largest(ahead) / h, h) for ahead, behind in pairs]


def central_difference(f: Function, xs: Sequence[Array], direction: Direction) -> list[Slope]:
    """The derivative, for every entry of every output with its own best step.

    Each step gives three central slopes, with h, h/2 and h/4, extrapolated to 0. The change by the last extrapolation
    estimates the error for a smooth function. A kink is visible in the second differences f(x + hv) − 2f(x) + f(x −
    hv): when h is halved, they fall to a quarter if f is smooth, to a half at a kink, and not at all at a jump. A step
    that straddles a kink *next to* x is recognized in the same way, and a smaller one is tried. If rounding limits the
    precision, larger steps are tried.

    Raises:
        NondifferentiableError: an entry of an output does not look smooth with any step.
    """
    size = size_of(xs, direction)
    found = [_Search(np.asarray(y)) for y in f(list(xs))]
    for h in _small_steps(size):
        _look(f, found, xs, direction, h, size)
        if all(search.settled.all() for search in found):
            break
    exact = [search.settle_exact() for search in found]  # of each: steps are to grow from here
    if not all(exact):
        for step in LARGE_STEPS:
            _look(f, found, xs, direction, step * max(size, 1), size)
    for search in found:
        if (change := search.abrupt_change()) is not None:
            raise NondifferentiableError(f"the slope changes abruptly, by about {change:.3g}")
    return [search.slope() for search in found]


def _small_steps(size: float) -> list[float]:
    """From 1e-3 down to 1e-14 of 1 or x, whichever is larger; then also of x, where it is smaller."""
    steps = [max(size, 1) * step for step in STEPS]
    return steps + [size * step for step in STEPS if 0 < size * step < steps[-1]]


def _look(f: Function, found: list[_Search], xs: Sequence[Array], direction: Direction, h: float, size: float) -> None:
    """Evaluate f at x ± hv, x ± hv/2 and x ± hv/4."""
    with np.errstate(all="ignore"):  # a large step may well leave the domain of f; a smaller one follows
        try:
            sides = [(f(moved(xs, direction, part * h)), f(moved(xs, direction, -part * h))) for part in PARTS]
        except (ValueError, ArithmeticError, IndexError):  # whatever it raises where it is not defined
            return
        for k, search in enumerate(found):
            search.look([(ahead[k], behind[k]) for ahead, behind in sides], h, size)


class _Search:
    """The state of knowledge about the derivative of one output, after each step.

    Attributes:
        y: the output at x. All arrays are flat.
        value, error, rounding, step: of each entry, by the best step: the derivative; a bound on its error, rounding
            included; the part due to rounding; the step.
        settled: entries for which no smaller step is needed: the error is small, or it is rounding.
        smooth: entries that were settled by their best step. (By a tiny one even a kink is lost in rounding.)
        falling: entries whose error has fallen with the step, up to the best one: f is smooth, though hardly (|x|³ᐟ²).
    """

    def __init__(self, y: Array) -> None:
        self.shape, self.y = y.shape, y.reshape(-1)
        size = self.y.size
        self.value, self.error, self.rounding, self.step = (np.full(size, a) for a in (np.nan, np.inf, 0.0, 0.0))
        self.settled, self.smooth, self.falling = (np.zeros(size, bool) for _ in range(3))
        self.growing = False  # whether steps grow, because rounding limits
        self.before = [self.error.copy(), self.error.copy()]  # the errors of the last two steps

    def look(self, sides: Sequence[tuple[Array, Array]], h: float, size: float) -> None:
        """Update the entries that are not settled with the results of a step."""
        which = np.flatnonzero(~self.settled)
        part_of = (lambda a: a.reshape(-1)) if len(which) == self.y.size else (lambda a: a.reshape(-1)[which])
        y, sides = part_of(self.y), [(part_of(ahead), part_of(behind)) for ahead, behind in sides]
        wide, half, quarter = ((a - b) / (2 * part * h) for (a, b), part in zip(sides, PARTS, strict=True))
        once, twice = (4 * half - wide) / 3, (4 * quarter - half) / 3
        value = (16 * twice - once) / 15
        seconds = [ahead - 2 * y + behind for ahead, behind in sides]
        kink = (seconds[0] - 20 * seconds[1] + 64 * seconds[2]) / (7 * h)  # 0 for polynomials of degree 5
        bend, rounding = np.abs(value - twice) + np.abs(kink), EPS * (8 * np.abs(y) + 4 * size * np.abs(value)) / h
        error = np.where(np.isfinite(bend), bend + rounding, np.inf)
        best = part_of(self.error)
        steepest = max(_largest(value[error < np.inf]), self.steepest)
        apart = np.abs(value - part_of(self.value)) > 4 * (error + best)
        if self.growing:  # f may vary rapidly between such distant points
            better = (error < best) & ~apart
        else:
            better = (error < 0.5 * best) | (
                apart & (error <= SURE * steepest)
            )  # the larger step sampled f too coarsely
            earlier = part_of(self.before[0])
            falls = (error <= 0.3 * earlier) & (earlier < np.inf)
            self.falling[which] = np.where(better, falls, part_of(self.falling))
            self.before = [self.before[1], np.full(self.y.size, np.inf)]
            self.before[1][which] = error
            self.settled[which] = settled = bend <= np.maximum(EXACT * steepest, 3 * rounding)
            self.smooth[which] |= settled & better
        taken = which[better]
        self.value[taken], self.error[taken], self.rounding[taken] = value[better], error[better], rounding[better]
        self.step[taken] = h
        if self.growing:
            self.settle_exact()

    @property
    def steepest(self) -> float:
        return _largest(self.value[self.error < np.inf])

    def settle_exact(self) -> bool:
        """Settle only exact entries, because larger steps follow; returns whether all are settled."""
        self.growing = True
        self.settled = self.error <= SMOOTH * self.steepest
        return bool(self.settled.all())

    def abrupt_change(self) -> float | None:
        """By how much the slope changes at a kink or a jump, if there is one."""
        with np.errstate(divide="ignore", invalid="ignore"):  # where no step has shown anything yet
            rounding = 8 * np.maximum(self.rounding, 8 * EPS * _largest(self.y) / np.minimum(self.step, 1))
        small = (self.error <= np.maximum(SMOOTH * self.steepest, rounding)) & np.isfinite(self.error)
        rough = ~(self.smooth | self.falling | small)
        return _largest(self.error[rough]) if rough.any() else None

    def slope(self) -> Slope:
        value, bend, rounding = (a.reshape(self.shape) for a in (self.value, self.error - self.rounding, self.rounding))
        return Slope(value, bend, rounding, float(self.step.min(initial=np.inf)))


def _largest(y: Array) -> float:
    return max(float(y.max(initial=0)), -float(y.min(initial=0)))
