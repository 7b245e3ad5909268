"""The confusion matrix: which classes are mistaken for which."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from ._canvas import FAINT, INK, PAPER, SMALL, TEXT, axes_for, heading

if TYPE_CHECKING:
    from minicnn import Evaluation

MOST_NUMBERED = 25  # classes; with more, a number does not fit into a cell
MOST_NAMED = 60


def confusion(result: Evaluation | ArrayLike, classes: Sequence[str] | None = None, ax: Axes | None = None) -> Axes:
    """The counts of a confusion matrix, the diagonal in blue; mistakes in orange, with a scale of their own.

    The shade of a cell is its share of the row, that is, of the images of its class. Mistakes are few, and would be
    invisible on the diagonal's scale, so the darkest orange is the most frequent mistake.

    Args:
        result: what `evaluate` returned, or counts (K, K): how many images of class i were taken for class j.
        classes: the K names; an evaluation brings its own.
        ax: where to draw; a new figure's if not given.

    Raises:
        ValueError: the counts are not (K, K) for K names.
    """
    counts = np.asarray(getattr(result, "confusion", result))
    classes = getattr(result, "classes", None) if classes is None else classes
    if classes is None:
        raise ValueError("confusion: expected the class names with the counts, or what evaluate returned")
    K = len(classes)
    if counts.shape != (K, K):
        raise ValueError(f"confusion: expected {(K, K)} counts for {K} classes, got {counts.shape}")
    numbered = K <= MOST_NUMBERED
    side = 2.2 + (0.42 * K if numbered else min(0.14 * K, 9))
    ax = axes_for(ax, side, side)
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    cells = _colors(share)
    ax.imshow(cells, interpolation="nearest")
    if numbered:
        for i, j in np.argwhere(counts > 0):
            dark = cells[i, j] @ (0.299, 0.587, 0.114) < 0.55
            text = f"{counts[i, j]:,}"
            ax.text(j, i, text, ha="center", va="center", fontsize=SMALL, color=PAPER if dark else INK)
    _labels(ax, classes)
    if total := counts.sum():
        heading(ax, f"{counts.trace() / total:.2%} of {total:,} right")
    return ax


def _colors(share: np.ndarray) -> np.ndarray:
    """The color of each cell, (K, K, 3): blues on the diagonal, oranges elsewhere."""
    right = np.eye(len(share), dtype=bool)
    worst = share[~right].max(initial=0) or 1.0
    blue, orange = colormaps["Blues"](0.85 * share), colormaps["Oranges"](0.75 * share / worst)
    cells = np.where(right[..., None], blue, orange)[..., :3]
    return np.where(share[..., None] > 0, cells, 1.0)


def _labels(ax: Axes, classes: Sequence[str]) -> None:
    """Class names on both axes if there is room, otherwise some indices; a faint grid between cells."""
    K = len(classes)
    if K <= MOST_NAMED:
        ax.set_xticks(range(K), classes, rotation=45, ha="right", rotation_mode="anchor", parse_math=False)
        ax.set_yticks(range(K), classes, parse_math=False)
    ax.tick_params(length=0, labelsize=SMALL if K <= MOST_NUMBERED else 5, labelcolor=INK)
    ax.set_xticks(np.arange(K + 1) - 0.5, minor=True)
    ax.set_yticks(np.arange(K + 1) - 0.5, minor=True)
    ax.grid(which="minor", color=FAINT, alpha=0.25, linewidth=0.5 if K <= MOST_NUMBERED else 0.1)
    ax.tick_params(which="minor", length=0)
    for spine in ax.spines.values():
        spine.set_visible(False)
    ax.set_xlabel("taken for", fontsize=TEXT, color=INK)
    ax.set_ylabel("class", fontsize=TEXT, color=INK)
