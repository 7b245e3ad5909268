"""Line charts as coordinates, which a template draws as SVG in the page's own colors and fonts."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

WIDTH, HEIGHT = 440, 260
LEFT, RIGHT, TOP, BOTTOM = 52, 96, 28, 40  # margins; the lines' names are in the right one
APART = 15  # pixels between two names

Line = Sequence[tuple[float, float]]


def chart(
    lines: Mapping[str, Line],
    *,
    x_label: str,
    y_label: str,
    x_ticks: Sequence[float],
    y_ticks: Sequence[float],
    y_format: Callable[[float], str] = "{:g}".format,
    log: bool = False,
) -> dict[str, Any]:
    """The position of every element, in pixels.

    Args:
        lines: (x, y) by name; a line's name is written at its end.
        x_label, y_label: what the axes say.
        x_ticks, y_ticks: the first and the last are the ends of the axes.
        y_format: of a tick's number.
        log: whether the vertical axis is logarithmic.
    """

    def across(value: float) -> float:
        return round(LEFT + (WIDTH - LEFT - RIGHT) * (value - x_ticks[0]) / (x_ticks[-1] - x_ticks[0]), 2)

    def down(value: float) -> float:
        low, high, here = (math.log(max(v, 1e-9)) if log else v for v in (y_ticks[0], y_ticks[-1], value))
        return round(HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * (here - low) / (high - low), 2)

    placed: list[dict[str, Any]] = [
        {"name": name, "points": [(across(x), down(y)) for x, y in line]} for name, line in lines.items() if line
    ]
    lowest = -math.inf
    for entry in sorted(placed, key=lambda entry: entry["points"][-1][1]):
        x, y = entry["points"][-1]
        lowest = max(y, lowest + APART)
        entry["label"] = (x + 8, lowest + 4)
    return {
        "width": WIDTH,
        "height": HEIGHT,
        "left": LEFT,
        "right": WIDTH - RIGHT,
        "top": TOP,
        "bottom": HEIGHT - BOTTOM,
        "lines": placed,
        "x_ticks": [(across(value), f"{value:g}") for value in x_ticks],
        "y_ticks": [(down(value), y_format(value)) for value in y_ticks],
        "x_label": x_label,
        "y_label": y_label,
    }


def percent(value: float) -> str:
    return f"{value:.0%}"


def whole_ticks(last: int, most: int = 8) -> list[float]:
    """Whole numbers from 0 to at least `last`, at most about `most` of them, at even steps."""
    steps = (m * 10**e for e in itertools.count() for m in (1, 2, 5))
    step = next(s for s in steps if last / s <= most)
    return [float(v) for v in range(0, max(last, 1) + step, step)]


def log_ticks(values: Sequence[float]) -> list[float]:
    """1, 2 and 5 times powers of ten around the values."""
    low, high = max(min(values), 1e-6), max(*values, 1e-6)
    steps = [m * 10.0**e for e in range(-7, 8) for m in (1, 2, 5)]
    first = max((s for s in steps if s <= low), default=steps[0])
    last = min((s for s in steps if s >= high and s > first), default=steps[-1])
    return [s for s in steps if first <= s <= last]
