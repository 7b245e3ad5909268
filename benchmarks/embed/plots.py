"""Images of the results."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from viz.plot import scatter
from viz.plot._canvas import heading, new_figure
from viz.plot._lines import lines, log_ticks

from .rows import Row


def growth(rows: list[Row], path: Path) -> None:
    """t-SNE's seconds and megabytes against the number of points, a line per contestant; of repeated runs the last."""
    figure = new_figure(9.6, 3.8)
    rows = [row for row in rows if row.work.startswith("t-SNE")]
    names, points = dict.fromkeys(row.contestant for row in rows), sorted({row.points for row in rows})
    for ax, measure, label in zip(figure.subplots(1, 2), ("seconds", "megabytes"), ("seconds", "MB"), strict=True):
        found = {(row.contestant, row.points): getattr(row, measure) for row in rows}
        curves = {name: [found.get((name, count), np.nan) for count in points] for name in names}
        ax.set(xscale="log", yscale="log")
        lines(ax, points, curves, xlabel="points", ylabel=label, legend=measure == "megabytes")
        for axis, values in ((ax.xaxis, points), (ax.yaxis, [*found.values()])):
            log_ticks(axis, values)
        heading(ax, f"{rows[0].work}, MNIST")
    figure.savefig(path)


def embedding(points: np.ndarray, labels: np.ndarray, path: Path) -> None:
    """The points (N, 2), with a color for each digit."""
    ax = scatter(points, labels, [str(digit) for digit in range(10)], title=f"t-SNE of MNIST, {len(points):,} points")
    ax.figure.savefig(path)
