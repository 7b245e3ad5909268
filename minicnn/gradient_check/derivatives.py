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
from typing import NamedTuple

import numpy as np

from .search import EPS, PARTS, Array, Search, largest

Function = Callable[[list[Array]], Sequence[Array]]  # the arrays it is given are its own
Direction = Sequence[Array | None]  # None: this argument does not move

COMPLEX_STEP = 1e-20
# Powers of two, so that x ± h rounds little.
STEPS = tuple(2.0**-e for e in range(10, 47, 4))  # 1e-3 down to 1e-14
SKIPPED = 3  # of them at most, where many entries move
LARGE_STEPS = tuple(2.0**-e for e in range(6, -12, -4))  # 0.02 up to 1024, where rounding hides what smaller ones show
TINY_STEPS = tuple(2.0**-e for e in range(30, 47, 2))  # of 1 or x: by these only rounding and jumps show


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
        return inner(dy, self.values), 2 * _norm(dy, self.bend) + 4 * _norm(dy, self.rounding)


def inner(a: Array, b: Array) -> float:
    """Σ a · b, without BLAS, whose threads would cost more than they save."""
    return float(np.einsum("i,i->", np.ravel(a), np.ravel(b)))


def _norm(dy: Array, factor: Array | float) -> float:
    """‖dy · factor‖."""
    if np.ndim(factor):
        dy, factor = dy * factor, 1.0
    return float(factor) * float(np.sqrt(inner(dy, dy))) if factor else 0.0


def moved(xs: Sequence[Array], direction: Direction, t: complex) -> list[Array]:
    """x + t·v: new arrays, all of one dtype, complex where t is."""
    ends = []
    for x, v in zip(xs, direction, strict=True):
        end = np.empty(x.shape, np.result_type(t, np.float64))
        if v is None:
            end[...] = x
        else:
            np.multiply(v, t, out=end)
            end += x
        ends.append(end)
    return ends


def size_of(xs: Sequence[Array], direction: Direction) -> float:
    """The largest argument that moves."""
    return max([0.0, *(largest(x[v != 0]) for x, v in zip(xs, direction, strict=True) if v is not None)])


def complex_step(f: Function, xs: Sequence[Array], direction: Direction) -> list[Slope]:
    """The derivative of an analytic f.

    Raises:
        TypeError: f accepted complex arrays but returned real ones.
    """
    ys = f(moved(xs, direction, 1j * COMPLEX_STEP))
    if not all(np.iscomplexobj(y) for y in ys):
        raise TypeError("complex_step: expected complex outputs for complex arguments, got a real one")
    return [Slope(y.imag / COMPLEX_STEP) for y in ys]


def difference(f: Function, xs: Sequence[Array], direction: Direction, h: float) -> list[Slope]:
    """The derivative from one step; its error is known only from rounding."""
    slopes = []
    with np.errstate(all="ignore"):
        for ahead, behind in zip(f(moved(xs, direction, h)), f(moved(xs, direction, -h)), strict=True):
            slope = np.asarray(ahead - behind)
            slope /= 2 * h
            slopes.append(Slope(slope, 0.0, 4 * EPS * largest(ahead) / h, h))
    return slopes


def central_difference(
    f: Function,
    xs: Sequence[Array],
    direction: Direction,
    ys: Sequence[Array] | None = None,
    negligible: float = 0.0,
) -> list[Slope]:
    """The derivative, for every entry of every output with its own best step.

    Each step gives three central slopes, with h, h/2 and h/4, extrapolated to 0. The change by the last extrapolation
    estimates the error for a smooth function. A kink is visible in the second differences f(x + hv) − 2f(x) + f(x −
    hv): when h is halved, they fall to a quarter if f is smooth, to a half at a kink, and not at all at a jump. A step
    that straddles a kink *next to* x is recognized in the same way, and a smaller one is tried. If rounding limits the
    precision, larger steps are tried.

    Args:
        ys: f(xs), if it is known.
        negligible: an error of this size does not matter.

    Raises:
        NondifferentiableError: an entry of an output does not look smooth with any step.
    """
    size = size_of(xs, direction)
    found = [Search(np.asarray(y), negligible) for y in (f([x.copy() for x in xs]) if ys is None else ys)]
    small, large = _steps(size, sum(int(np.count_nonzero(v)) for v in direction if v is not None))
    for h in small:
        _look(f, found, xs, direction, h, size)
        if all(search.settled.all() for search in found):
            break
    for h in large:
        exact = [search.settle_exact() for search in found]  # of each, because steps are to grow from here
        if all(exact):
            break
        if not _look(f, found, xs, direction, h, size):
            break  # the function bends more than rounding hides; with larger steps all the more
    for search, noise in zip(found, _noise(f, found, xs, direction, size), strict=True):
        if (change := search.abrupt_change(noise, size)) is not None:
            raise NondifferentiableError(f"the slope changes abruptly, by about {change:.3g}")
    return [_slope(search) for search in found]


def roughness(f: Function, xs: Sequence[Array], direction: Direction, ys: Sequence[Array]) -> float:
    """By how much the slope of f seems to change at x, by one step so small that few kinks close by are met; ys is
    f(x)."""
    size = size_of(xs, direction)
    found = [Search(y) for y in ys]
    _look(f, found, xs, direction, STEPS[SKIPPED] * max(size, 1), size)
    return max(largest(search.error[~search.settled]) for search in found)


def _steps(size: float, moving: int) -> tuple[list[float], list[float]]:
    """Steps to try in turn, and those to try if rounding limits.

    Small ones go from 1e-3 down to 1e-14 of 1 or x, whichever is larger; then also of x, where it is smaller. But where
    n entries move, one of them is likely to lie within 1/n of a kink: larger steps would be wasted.
    """
    steps = [max(size, 1) * step for step in STEPS]
    first = sum(step * moving > 1 for step in STEPS[:SKIPPED])
    small = steps[first:] + [size * step for step in STEPS if 0 < size * step < steps[-1]]
    return small, steps[:first][::-1] + [max(size, 1) * step for step in LARGE_STEPS]


def _slope(search: Search) -> Slope:
    value, bend, rounding = (
        a.reshape(search.shape) for a in (search.value, search.error - search.rounding, search.rounding)
    )
    return Slope(value, bend, rounding, float(search.step.min(initial=np.inf)))


def _look(f: Function, found: list[Search], xs: Sequence[Array], direction: Direction, h: float, size: float) -> bool:
    """Evaluate f at x ± hv, x ± hv/2 and x ± hv/4; returns whether any derivative is known better now."""
    with np.errstate(all="ignore"):  # a large step may well leave the domain of f; a smaller one follows
        try:
            sides = [(f(moved(xs, direction, part * h)), f(moved(xs, direction, -part * h))) for part in PARTS]
        except (ValueError, ArithmeticError, IndexError):  # whatever it raises where it is not defined
            return False
        improved = [search.look([(a[k], b[k]) for a, b in sides], h, size) for k, search in enumerate(found)]
        return any(improved)


def _noise(f: Function, found: list[Search], xs: Sequence[Array], direction: Direction, size: float) -> list[float]:
    """How far rounding moves each output, by its second differences; asked only where a kink is suspected.

    Where large terms cancel each other, that is more than the size of the output tells.
    """
    noise = [0.0] * len(found)
    for step in TINY_STEPS if any(len(search.rough) for search in found) else ():
        h = step * max(size, 1)
        with np.errstate(all="ignore"):
            try:
                ahead, behind = f(moved(xs, direction, h)), f(moved(xs, direction, -h))
            except (ValueError, ArithmeticError, IndexError):  # not defined there
                continue
            for k, search in enumerate(found):
                second = np.ravel(ahead[k]) - 2 * search.y + np.ravel(behind[k])
                noise[k] = max(noise[k], largest(second[np.isfinite(second)]))
    return noise
