"""Derivatives found by evaluating a function, and nothing else: what a pullback is judged by.

All methods here differentiate f(x₁, x₂, …) = (y₁, y₂, …) along a direction (v₁, v₂, …), and give the derivative of
every entry of every output:

    complex_step        Im f(x + i·h·v) / h. Nothing is subtracted, so h may be 1e-20 and the result is exact to
                        rounding; but f must be analytic, and take complex arrays.
    difference          (f(x + h·v) − f(x − h·v)) / 2h with a given step: two evaluations, and nothing is noticed.
    central_difference  the same, extrapolated, with the step that suits f best. It tells how wrong the result may be,
                        and notices where f is not smooth.

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
Direction = Sequence[Array | None]  # None: this argument stays where it is

EPS = float(np.finfo(np.float64).eps)
COMPLEX_STEP = 1e-20
# Powers of two, so that x ± h rounds little.
STEPS = tuple(2.0**-e for e in range(13, 50, 4))  # 1e-4 down to 2e-15
LARGE_STEPS = tuple(2.0**-e for e in range(9, -12, -4))  # 2e-3 up to 2048, where rounding hides what smaller ones show
EXACT = 1e-9  # of the steepest slope: close enough, no other step is tried
SMOOTH = 1e-7  # of the steepest slope: a kink's change of slope is larger, or cannot matter


class NondifferentiableError(ValueError):
    """The function has a kink or a jump at the point where its gradient was to be checked."""


class Slope(NamedTuple):
    """The derivative of every entry of one output.

    Attributes:
        values: the derivatives.
        bend: how much they change when the step is halved.
        rounding: how much of them may be the rounding of f.
        step: that was taken, as a share of the argument's size.
    """

    values: Array
    bend: Array | float = 0.0
    rounding: Array | float = 0.0
    step: float = 0.0

    def along(self, dy: Array) -> tuple[float, float]:
        """Σ dy · values, and how wrong it may be."""
        bend = abs(float(np.sum(dy * self.bend)))
        rounding = 4 * float(np.linalg.norm(np.ravel(dy * self.rounding)))  # rounding errors are independent
        return float(np.vdot(dy, self.values)), bend + rounding


def moved(xs: Sequence[Array], direction: Direction, t: complex) -> list[Array]:
    """x + t·v; all of one dtype, complex where t is."""
    zero = t * 0
    return [x + zero if v is None else x + t * v for x, v in zip(xs, direction, strict=True)]


def size_of(xs: Sequence[Array], direction: Direction) -> float:
    """The largest argument that moves, at least 1: steps are a share of it."""
    pairs = [(x, v) for x, v in zip(xs, direction, strict=True) if v is not None]
    return max([1.0, *(float(np.abs(x[v != 0]).max(initial=0)) for x, v in pairs)])


def complex_step(f: Function, xs: Sequence[Array], direction: Direction) -> list[Slope]:
    """The derivative of an analytic f.

    Raises:
        TypeError: f took complex arrays, but gave real ones back.
    """
    ys = f(moved(xs, direction, 1j * COMPLEX_STEP))
    if not all(np.iscomplexobj(y) for y in ys):
        raise TypeError("complex_step: expected complex outputs for complex arguments, got a real one")
    return [Slope(y.imag / COMPLEX_STEP) for y in ys]


def difference(f: Function, xs: Sequence[Array], direction: Direction, step: float) -> list[Slope]:
    """The derivative by one step, given as a share of the argument's size: only its rounding is known."""
    h = step * size_of(xs, direction)
    with np.errstate(all="ignore"):
        pairs = zip(f(moved(xs, direction, h)), f(moved(xs, direction, -h)), strict=True)
        return [Slope((ahead - behind) / (2 * h), 0.0, 4 * EPS * _largest(ahead) / h, step) for ahead, behind in pairs]


def central_difference(f: Function, xs: Sequence[Array], direction: Direction) -> list[Slope]:
    """The derivative, for each output by the step that makes the error smallest.

    The error is what halving the step changes, and rounding. Where f is smooth, the second difference
    f(x + hv) − 2f(x) + f(x − hv) falls to a quarter when h is halved; at a kink it falls to a half, at a jump not at
    all. A step that straddles a kink *beside* x is seen the same way, and a smaller one is taken. Where rounding is
    what limits, larger steps are tried too.

    Raises:
        NondifferentiableError: f does not look smooth with any step, down to 2e-15 of the argument's size.
    """
    ys = f(list(xs))
    size = size_of(xs, direction)
    best = [_Look(Slope(np.full(np.shape(y), np.nan))) for y in ys]
    history: list[list[float]] = []
    for step in STEPS:
        looks = _looks(f, ys, xs, direction, step, size)
        best = [min(pair, key=lambda look: look.error) for pair in zip(best, looks, strict=True)]
        history.append([look.error for look in looks])
        if all(
            found.error <= EXACT * found.steepest or look.is_rounding for found, look in zip(best, looks, strict=True)
        ):
            break
    if any(look.is_rounding and look.error > SMOOTH * look.steepest for look in best):
        for step in LARGE_STEPS:
            looks = _looks(f, ys, xs, direction, step, size)
            best = [min(pair, key=lambda look: look.error) for pair in zip(best, looks, strict=True)]
    for k, look in enumerate(best):
        errors = [row[k] for row in history]
        falling = len(errors) > 2 and errors[-1] == look.error <= 0.3 * errors[-3]  # smooth, and flat: x⁴ at 0
        if look.error > SMOOTH * look.steepest and not look.is_rounding and not falling:
            raise NondifferentiableError(f"the slope changes abruptly, by about {look.error:.3g}")
    return [look.slope for look in best]


class _Look(NamedTuple):
    """What one step shows of one output: the slope, the largest error in it, and how much of that is rounding."""

    slope: Slope
    error: float = np.inf
    rounding: float = 0.0
    steepest: float = 0.0

    @property
    def is_rounding(self) -> bool:
        return self.error <= 8 * self.rounding


def _looks(
    f: Function, ys: Sequence[Array], xs: Sequence[Array], direction: Direction, step: float, size: float
) -> list[_Look]:
    h = step * size
    with np.errstate(all="ignore"):  # a large step may well leave the domain of f; a smaller one follows
        try:
            wide, narrow = ([f(moved(xs, direction, t)) for t in (s, -s)] for s in (h, h / 2))
            looks = []
            for y, ahead, behind, half_ahead, half_behind in zip(ys, *wide, *narrow, strict=True):
                slope, half_slope = (ahead - behind) / (2 * h), (half_ahead - half_behind) / h
                second, half_second = ahead - 2 * y + behind, half_ahead - 2 * y + half_behind
                jump = (second - 4 * half_second) / h  # of the slope, at a kink
                rounding = 8 * EPS * (np.abs(y) + size * np.abs(half_slope)) / h
                bend = slope - half_slope  # grows without end at a jump of f itself
                error = _largest(np.abs(bend) + np.abs(jump) + rounding)
                found = Slope((4 * half_slope - slope) / 3, bend, rounding, step)
                looks.append(
                    _Look(found, error if np.isfinite(error) else np.inf, _largest(rounding), _largest(half_slope))
                )
        except (ValueError, ArithmeticError, IndexError):  # however it says that it is not defined there
            return [_Look(Slope(np.full(np.shape(y), np.nan))) for y in ys]
    return looks


def _largest(y: Array) -> float:
    return float(np.abs(y).max(initial=0))
