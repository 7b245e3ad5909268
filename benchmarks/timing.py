"""How all speeds are measured: contestants take turns in one run, and the medians are compared.

The machine's speed drifts, so a time alone means little; the ratio of two that alternate A B A B means much more. What
one leaves behind must not slow the next one down, though: caches full of its numbers, and threads that spin for some
milliseconds in case more work arrives. So each turn begins with runs that do not count.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Times:
    """Seconds of one contestant, one per round."""

    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)

    @property
    def spread(self) -> float:
        """Half the distance between the quartiles, as a share of the median."""
        low, _, high = statistics.quantiles(self.seconds, n=4)
        return (high - low) / 2 / self.median


def take_turns(
    contestants: Mapping[str, Callable[[], object]],
    rounds: int = 15,
    least: float = 0.05,
    warmup: int = 3,
    settle: float = 0.05,
) -> dict[str, Times]:
    """Time all contestants in turn, `rounds` times.

    Args:
        contestants: what to run, by name.
        rounds: how many times each is timed.
        least: the minimum seconds of one timing, by repetition.
        warmup: runs of each before anything is timed (the first compiles).
        settle: the minimum seconds that each runs at the beginning of its turn before it is timed.

    Returns:
        seconds per run, by name.
    """
    repeats = {}
    for name, run in contestants.items():
        for _ in range(warmup):
            run()
        start = time.perf_counter()
        run()
        repeats[name] = max(1, round(least / (time.perf_counter() - start)))
    seconds: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(rounds):
        for name, run in contestants.items():
            settled = time.perf_counter() + settle
            while time.perf_counter() < settled:
                run()
            start = time.perf_counter()
            for _ in range(repeats[name]):
                run()
            seconds[name].append((time.perf_counter() - start) / repeats[name])
    return {name: Times(tuple(values)) for name, values in seconds.items()}
