"""What it costs to check the gradient of a large array: `python -m benchmarks gradients --cost`.

A function is called many times for one check, so the cost is given in calls, and in processor time as a multiple of
what one call takes by itself. That time is less than what calls cost within a check, which moves a dozen arrays of this
size through the caches. PyTorch's fast mode checks the same function: once along one random direction, without looking
for kinks.
"""

from __future__ import annotations

import contextlib
import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

import minicnn as cnn
from minicnn.testing import tie_free

from .checkers import CHECKERS

Op = Callable[..., Any]
CALLS, ROUNDS = 10, 5  # of a function by itself, and of each check


class Row(NamedTuple):
    """A check's calls of the function, and seconds of processor time: of one call by itself, and of each checker."""

    calls: int
    alone: float
    ours: float
    pytorch: float | None


def huber(x: np.ndarray) -> tuple[np.ndarray, Op]:
    """Huber's loss of every entry."""
    return np.where(np.abs(x) <= 1, x * x / 2, np.abs(x) - 0.5), lambda dy: (np.clip(x, -1, 1) * dy,)


def one_wrong(x: np.ndarray) -> tuple[np.ndarray, Op]:
    """The same, with one entry's gradient wrong."""
    y, pullback = huber(x)

    def wrong(dy: np.ndarray) -> tuple[np.ndarray]:
        (dx,) = pullback(dy)
        dx[len(dx) // 3] += 0.5
        return (dx,)

    return y, wrong


def total(x: np.ndarray) -> tuple[np.ndarray, Op]:
    """Σ |x|."""
    return np.abs(x).sum(), lambda dy: (np.sign(x) * dy,)


def energy(x: np.ndarray) -> tuple[np.ndarray, Op]:
    """x · x̄ of every entry: smooth and takes complex numbers, but is not analytic."""
    return x * np.conj(x), lambda dy: (2 * x * dy,)


def real(op: Op) -> Op:
    """The op, which takes no complex numbers."""

    def strict(x: np.ndarray) -> tuple[np.ndarray, Op]:
        if np.iscomplexobj(x):
            raise TypeError("expected real numbers")
        return op(x)

    return strict


WORKS: dict[str, Op] = {
    "Huber's loss": real(huber),
    "ReLU": real(cnn.ops.relu),
    "2×2 max pooling": real(lambda x: cnn.ops.max_pool2d(x, 2)),
    "the sum of absolute values": real(total),
    "x · x̄": energy,
    "Huber's loss, one entry wrong": real(one_wrong),
    "ReLU, one entry 0": real(cnn.ops.relu),
    "tanh, which is analytic": lambda x: (np.tanh(x), lambda dy: ((1 - np.tanh(x) ** 2) * dy,)),
}


def point(name: str, entries: int) -> np.ndarray:
    """Where a function is checked."""
    x = tie_free((entries // 4096, 1, 64, 64) if "pooling" in name else entries)
    if "one entry 0" in name:
        x[entries // 3] = 0
    return x


def processor_seconds(run: Callable[[], object], rounds: int) -> float:
    """The median of some runs; whatever a run raises is its result."""
    seconds = []
    for _ in range(rounds):
        start = time.process_time()
        with contextlib.suppress(cnn.GradientError, cnn.NondifferentiableError, RuntimeError):
            run()
        seconds.append(time.process_time() - start)
    return statistics.median(seconds)


def measure(name: str, entries: int) -> Row:
    """One function at one point."""
    op, x, calls = WORKS[name], point(name, entries), 0

    def counted(x: np.ndarray) -> tuple[Any, Op]:
        nonlocal calls
        calls += 1
        return op(x)

    processor_seconds(lambda: cnn.gradcheck(counted, x), 1)
    pytorch = CHECKERS.get("PyTorch")
    return Row(
        calls,
        processor_seconds(lambda: [op(x) for _ in range(CALLS)], ROUNDS) / CALLS,
        processor_seconds(lambda: cnn.gradcheck(op, x), ROUNDS),
        processor_seconds(lambda: pytorch(op, [x], {}), ROUNDS) if pytorch else None,
    )


def markdown(rows: dict[str, Row]) -> str:
    """The table."""
    lines = ["| function | calls | one call | gradcheck | in calls | PyTorch, fast mode |", "|---" * 6 + "|"]
    for name, row in rows.items():
        peer = f"{row.pytorch:.2f} s" if row.pytorch else "–"
        lines.append(
            f"| {name} | {row.calls} | {1e3 * row.alone:.1f} ms | {row.ours:.2f} s | "
            f"{row.ours / row.alone:.0f} | {peer} |"
        )
    return "\n".join(lines)


def section(entries: int, names: Sequence[str] = tuple(WORKS)) -> str:
    """The table, and what it says."""
    rows = {name: measure(name, entries) for name in names}
    return f"""\
`python -m benchmarks gradients --cost {entries}`: {entries:,} entries, processor time, medians of {ROUNDS}. *Calls*
counts how often the function is evaluated for one check; *in calls* is a check's time as a multiple of that of one call
by itself.

{markdown(rows)}"""
