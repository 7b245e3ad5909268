"""The best step for every entry of an output: small where the function bends or has a kink close by, large where
rounding is what limits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Block = slice | Array  # some entries of an output: all that follow each other, or these

EPS = float(np.finfo(np.float64).eps)
PARTS = (1, 1 / 2, 1 / 4)  # of a step, at which f is evaluated
EXACT = 1e-9  # of the steepest slope: close enough, no other step is tried
SURE = 1e-2  # of the steepest slope: an error below this tells a small step's slope from that of a larger one
SMOOTH = 1e-7  # of the steepest slope: a kink's change of slope is larger, or cannot matter
JUMP = 2.0**-20  # of an output: what changes by more with a tiny step jumps
JUMP_FROM_ZERO = 2.0**-36  # of the arguments: the same, of an output whose terms cancel each other
BLOCK = 2**14  # entries that are judged at a time, so that what is computed on the way stays in the processor's cache


class Search:
    """The state of knowledge about the derivative of one output, after each step.

    Attributes:
        y: the output at x. All arrays are flat.
        negligible: an error of this size does not matter.
        value, error, rounding, step: of each entry, by the best step: the derivative; a bound on its error, rounding
            included; the part due to rounding; the step.
        steepest: the largest derivative of all.
        settled: entries for which no smaller step is needed: the error is small, or it is rounding.
        smooth: entries that were settled by their best step. (By a tiny one even a kink is lost in rounding.)
        falling: entries whose error has fallen with the step, up to the best one: f is smooth, though hardly (|x|³ᐟ²).
        growing: whether steps grow, because rounding limits.
    """

    def __init__(self, y: Array, negligible: float = 0.0) -> None:
        self.shape, self.y, self.negligible = y.shape, y.reshape(-1), negligible
        size = self.y.size
        self.value, self.error, self.rounding, self.step = (np.full(size, a) for a in (0.0, np.inf, 0.0, 0.0))
        self.settled, self.smooth, self.falling = (np.zeros(size, bool) for _ in range(3))
        self.largest, self.steepest, self.growing = largest(self.y), 0.0, False
        self.latest, self.earlier = self.error.copy(), self.error.copy()  # the errors of the last two steps

    def look(self, sides: Sequence[tuple[Array, Array]], h: float, size: float) -> bool:
        """Update the entries that are not settled with the results of a step; returns whether it is the best of any."""
        sides = [(ahead.reshape(-1), behind.reshape(-1)) for ahead, behind in sides]
        found = [(block, *self._estimate(block, sides, h, size)) for block in self._blocks()]
        steepest = max([self.steepest, *(largest(value[error < np.inf]) for _, value, error, _ in found)])
        improved = [self._take(block, value, error, rounding, steepest, h) for block, value, error, rounding in found]
        self.steepest = largest(self.value)
        return any(improved)

    def _blocks(self) -> Iterator[Block]:
        """The entries that are not settled."""
        if not self.settled.any():
            yield from (slice(start, start + BLOCK) for start in range(0, self.y.size, BLOCK))
            return
        left = np.flatnonzero(~self.settled)
        yield from (left[start : start + BLOCK] for start in range(0, len(left), BLOCK))

    def _estimate(
        self, block: Block, sides: Sequence[tuple[Array, Array]], h: float, size: float
    ) -> tuple[Array, Array, Array]:
        """The derivative by extrapolation, a bound on its error, and the part of the bound that is rounding."""
        y, sides = self.y[block], [(ahead[block], behind[block]) for ahead, behind in sides]
        wide, half, quarter = ((a - b) / (2 * part * h) for (a, b), part in zip(sides, PARTS, strict=True))
        once, twice = (4 * half - wide) / 3, (4 * quarter - half) / 3
        value = (16 * twice - once) / 15
        seconds = [ahead - 2 * y + behind for ahead, behind in sides]
        kink = (seconds[0] - 20 * seconds[1] + 64 * seconds[2]) / (7 * h)  # 0 for polynomials of degree 5
        rounding = EPS * (8 * np.abs(y) + 4 * size * np.abs(value)) / h
        error = np.abs(value - twice) + np.abs(kink) + rounding
        error[~np.isfinite(error)] = np.inf
        return value, error, rounding

    def _take(self, block: Block, value: Array, error: Array, rounding: Array, steepest: float, h: float) -> bool:
        """Keep what is better than what was known; returns whether anything is."""
        best, bend = self.error[block], error - rounding
        apart = np.abs(value - self.value[block]) > 4 * (error + best)
        if self.growing:  # f may vary rapidly between such distant points
            better = (error < best) & ~apart
        else:
            # If it is apart though it is precise, the larger step sampled f too coarsely.
            better = (error < 0.5 * best) | (apart & (error <= SURE * steepest))
            earlier = self.earlier[block]
            falls = (error <= 0.3 * earlier) & (earlier < np.inf)
            self.falling[block] = np.where(better, falls, self.falling[block])
            self.earlier[block], self.latest[block] = self.latest[block], error
            terms = min(24 * EPS * self.largest / h, SMOOTH * steepest)  # rounding, where large terms cancel
            self.settled[block] = settled = bend <= np.maximum(max(EXACT * steepest, terms), 3 * rounding)
            self.smooth[block] |= settled & better
        for known, now in ((self.value, value), (self.error, error), (self.rounding, rounding), (self.step, h)):
            known[block] = np.where(better, now, known[block])
        return bool(better.any())

    def settle_exact(self) -> bool:
        """Settle only exact entries, because larger steps follow; returns whether all are settled."""
        self.growing = True
        self.settled = self.error <= max(SMOOTH * self.steepest, self.negligible)
        return bool(self.settled.all())

    @property
    def rough(self) -> Array:
        """Flat indices of entries whose slope changes abruptly, unless rounding moves the output by more than its size
        tells."""
        some = np.flatnonzero(~(self.smooth | self.falling))
        with np.errstate(divide="ignore", invalid="ignore"):  # where no step has shown anything yet
            terms = 8 * EPS * self.largest / np.minimum(self.step[some], 1)
            rounding = 8 * np.maximum(self.rounding[some], terms)
        error = self.error[some]
        small = (error <= np.maximum(SMOOTH * self.steepest, rounding)) & np.isfinite(error)
        return some[~small]

    def abrupt_change(self, noise: float, size: float) -> float | None:
        """By how much the slope changes at a kink or a jump, if there is one that `noise` does not explain."""
        rough = self.rough
        if noise <= max(JUMP * self.largest, JUMP_FROM_ZERO * size):
            with np.errstate(divide="ignore", invalid="ignore"):  # a bend shows 12 times as much; more may occur
                explained = 32 * noise / np.minimum(self.step[rough], size or 1)
            error = self.error[rough]
            hidden = np.isfinite(error) & (error <= explained)
            self.rounding[rough[hidden]] = error[hidden]
            rough = rough[~hidden]
        return largest(self.error[rough]) if len(rough) else None


def largest(y: Array) -> float:
    """The largest absolute value; 0 of nothing."""
    return max(float(y.max(initial=0)), -float(y.min(initial=0)))
