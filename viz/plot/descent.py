"""Paths of optimizers down a loss surface over two weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from ._canvas import BLUE, GREEN, INK, SMALL, TEXT, VERMILLION, axes_for, heading, tidy

STYLES = ((VERMILLION, "o"), (BLUE, "s"), (GREEN, "^"))


def descent(
    loss: Callable[[np.ndarray, np.ndarray], np.ndarray],
    paths: Mapping[str, ArrayLike],
    ax: Axes | None = None,
    *,
    title: str = "",
) -> Axes:
    """The contours of a loss over two weights, and the steps that optimizers took across it.

    Contours are at equal ratios of the loss, so that a long flat valley shows as well as its steep sides. A minimum
    within twice the width of the paths is included in the view.

    Args:
        loss: of arrays of first and of second weights, element by element.
        paths: by the optimizer's name the weights after each of its steps, (steps, 2).
        ax: where to draw; a new figure's if not given.
        title: over the plot.

    Raises:
        ValueError: a path is not (steps, 2), or there are none.
    """
    ways = {name: np.asarray(path, float) for name, path in paths.items()}
    for name, path in ways.items():
        if path.ndim != 2 or path.shape[1] != 2 or not len(path):
            raise ValueError(f"descent: expected a path (steps, 2), got shape {path.shape} for {name}")
    if not ways:
        raise ValueError("descent: there is no path to draw")
    ax = axes_for(ax, 6.8, 4.4)
    tidy(ax)
    points = np.concatenate(list(ways.values()))
    margin = 0.12 * (np.ptp(points, axis=0) + 1e-12)
    low, high = _with_minimum(loss, points.min(axis=0) - margin, points.max(axis=0) + margin, margin)
    first, second = np.meshgrid(np.linspace(low[0], high[0], 200), np.linspace(low[1], high[1], 200))
    height = np.asarray(loss(first, second), float)
    above = height - height.min()
    if above.max() > 0:
        levels = height.min() + above.max() * np.geomspace(1e-4, 1, 14)
        ax.contourf(first, second, height, levels=[height.min() - 1e-9, *levels], cmap="Grays", alpha=0.35)
        ax.contour(first, second, height, levels=levels, colors=[INK], linewidths=0.4, alpha=0.4)
    for i, (name, path) in enumerate(ways.items()):
        color, marker = STYLES[i % len(STYLES)]
        reached = float(np.asarray(loss(path[-1:, 0], path[-1:, 1])).item())
        label = f"{name}: loss {reached:.2g} after {len(path) - 1} steps"
        ax.plot(path[:, 0], path[:, 1], color=color, marker=marker, markersize=2.8, linewidth=1, label=label)
    ax.set_xlabel("first weight", fontsize=TEXT, color=INK)
    ax.set_ylabel("second weight", fontsize=TEXT, color=INK)
    ax.legend(fontsize=SMALL, framealpha=0.9)
    heading(ax, title)
    return ax


def _with_minimum(
    loss: Callable[[np.ndarray, np.ndarray], np.ndarray], low: np.ndarray, high: np.ndarray, margin: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The corners of a window, widened to the lowest point of three or five times its sides, if it lies inside."""
    for wider in (0, 1, 2):
        sides = [np.linspace(a - wider * (b - a), b + wider * (b - a), 201) for a, b in zip(low, high, strict=True)]
        height = np.asarray(loss(*np.meshgrid(*sides)), float)
        if not np.isfinite(height).all():
            break
        row, column = np.unravel_index(height.argmin(), height.shape)
        if 0 < row < 200 and 0 < column < 200:
            least = np.array([sides[0][column], sides[1][row]])
            return (np.minimum(low, least - margin), np.maximum(high, least + margin)) if wider else (low, high)
    return low, high
