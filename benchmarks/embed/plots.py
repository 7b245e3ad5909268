"""Images of the results."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib import colormaps
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from .rows import Row


def growth(rows: list[Row], path: Path) -> None:
    """t-SNE's seconds and megabytes against the number of points, a line a contestant; of repeated runs the last."""
    figure = Figure(figsize=(9, 4), layout="constrained")
    rows = [row for row in rows if row.work.startswith("t-SNE")]
    for axes, measure, label in zip(figure.subplots(1, 2), ("seconds", "megabytes"), ("seconds", "MB"), strict=True):
        for name in dict.fromkeys(row.contestant for row in rows):
            curve = dict(sorted({row.points: getattr(row, measure) for row in rows if row.contestant == name}.items()))
            axes.loglog(list(curve), list(curve.values()), "o-", markersize=4, label=name)
        axes.set(xlabel="points", ylabel=label)
        axes.grid(alpha=0.3)
        axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)
    figure.suptitle(f"{rows[0].work}, MNIST")
    figure.savefig(path, dpi=120)


def embedding(points: np.ndarray, labels: np.ndarray, path: Path) -> None:
    """The points (N, 2), a color a digit."""
    figure = Figure(figsize=(8, 7), layout="constrained")
    axes = figure.subplots()
    colors = colormaps["tab10"](np.arange(10))
    size = min(12.0, 5e4 / len(points))
    axes.scatter(points[:, 0], points[:, 1], c=colors[labels], s=size, linewidths=0)
    handles = [Line2D([], [], marker="o", linestyle="", color=tuple(colors[c]), label=str(c)) for c in range(10)]
    axes.legend(handles=handles, title="digit", frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    axes.set(aspect="equal", xticks=[], yticks=[], title=f"t-SNE of MNIST, {len(points):,} points")
    axes.spines[:].set_visible(False)
    figure.savefig(path, dpi=120)
