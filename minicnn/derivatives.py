"""Derivatives found by evaluating a function, and nothing else: what a pullback is judged by.

Both methods here differentiate f(x₁, x₂, …) along a direction (v₁, v₂, …), and give the derivative of every output:

    complex_step        Im f(x + i·h·v) / h. Nothing is subtracted, so h may be 1e-20 and the result is exact to
                        rounding; but f must be analytic, and take complex arrays.
    central_difference  (f(x + h·v) − f(x − h·v)) / 2h, extrapolated, for any f that is smooth around x. It notices
                        where f is not.

Source: Squire & Trapp (1998), Using complex variables to estimate derivatives of real functions; Ridders (1982),
Accurate computation of F′(x), for the extrapolation.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Function = Callable[[list[Array]], Array]
Direction = Sequence[Array | None]  # None: this argument stays where it is

COMPLEX_STEP = 1e-20
STEPS = 2.0 ** -np.arange(7, 29, 3)  # powers of two, so that x ± h rounds little: 8e-3 down to 4e-9
EPS = float(np.finfo(np.float64).eps)


class NondifferentiableError(ValueError):
    """The function has a kink or a jump at the point where its gradient was to be checked."""


class Slope(NamedTuple):
    """The derivative of every output, and how much of each may be rounding."""

    values: Array
    noise: float


def moved(xs: Sequence[Array], direction: Direction, t: complex) -> list[Array]:
    """x + t·v; all of one dtype, complex where t is."""
    zero = t * 0
    return [x + zero if v is None else x + t * v for x, v in zip(xs, direction, strict=True)]


def complex_step(f: Function, xs: Sequence[Array], direction: Direction) -> Slope:
    """The derivative of an analytic f.

    Raises:
        TypeError: f took complex arrays, but gave real ones back.
    """
    y = f(moved(xs, direction, 1j * COMPLEX_STEP))
    if not np.iscomplexobj(y):
        raise TypeError("complex_step: expected a complex output for complex arguments, got a real one")
    return Slope(y.imag / COMPLEX_STEP, 0.0)


def central_difference(f: Function, xs: Sequence[Array], direction: Direction) -> Slope:
    """The derivative of f, by the largest step with which f looks smooth.

    Where f is smooth, its second difference f(x + hv) − 2f(x) + f(x − hv) falls to a quarter when h is halved; at a
    kink it falls to a half, at a jump not at all. A step that straddles a kink *beside* x is seen the same way, and a
    smaller one is taken.

    Raises:
        NondifferentiableError: f does not look smooth with any step, down to 4e-9 of the argument's size.
    """
    y = f(list(xs))
    size = max([1.0, *(float(np.abs(x[v != 0]).max(initial=0)) for x, v in _pairs(xs, direction))])
    change = np.inf
    for h in STEPS * size:
        with np.errstate(all="ignore"):  # a large step may well leave the domain of f; a smaller one follows
            ahead, behind = f(moved(xs, direction, h)), f(moved(xs, direction, -h))
            half_ahead, half_behind = f(moved(xs, direction, h / 2)), f(moved(xs, direction, -h / 2))
            slope, half_slope = (ahead - behind) / (2 * h), (half_ahead - half_behind) / h
            second, half_second = ahead - 2 * y + behind, half_ahead - 2 * y + half_behind
            jump = _largest(second - 4 * half_second) / h  # of the slope, at a kink
            drift = _largest(slope - half_slope)  # grows without end at a jump of f itself
            steepest, highest = _largest(half_slope), max(1.0, _largest(y))
            noise = 64 * EPS * highest / h
            smooth = jump <= 1e-7 * steepest + 1e-10 * highest + noise  # False for NaN
            settled = drift <= 1e-4 * steepest + 1e-10 * highest + noise
        if smooth and settled:
            return Slope((4 * half_slope - slope) / 3, noise)
        change = max(jump, drift)
    raise NondifferentiableError(f"the slope changes abruptly, by about {change:.3g}")


def _pairs(xs: Sequence[Array], direction: Direction) -> list[tuple[Array, Array]]:
    return [(x, v) for x, v in zip(xs, direction, strict=True) if v is not None]


def _largest(y: Array) -> float:
    return float(np.abs(y).max(initial=0))
