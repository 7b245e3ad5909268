"""The accuracy of each class."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter
from numpy.typing import ArrayLike

from ._canvas import BLUE, FAINT, INK, SMALL, VERMILLION, axes_for, heading, tidy

if TYPE_CHECKING:
    from minicnn import Evaluation


def per_class(
    result: Evaluation | ArrayLike,
    classes: Sequence[str] | None = None,
    ax: Axes | None = None,
    *,
    overall: float | None = None,
) -> Axes:
    """A bar for each class, the highest accuracy on top.

    Args:
        result: what `evaluate` returned, or the accuracy of each class, (K,); NaN where there is no image of it.
        classes: the K names; an evaluation brings its own.
        ax: where to draw; a new figure's if not given.
        overall: the accuracy over all images, drawn as a line; an evaluation brings its own.

    Raises:
        ValueError: there is not one number for each name.
    """
    values = np.asarray(getattr(result, "per_class", result), float)
    classes = getattr(result, "classes", None) if classes is None else classes
    overall = getattr(result, "accuracy", None) if overall is None else overall
    if classes is None:
        raise ValueError("per_class: expected the class names with the numbers, or what evaluate returned")
    K = len(classes)
    if values.shape != (K,):
        raise ValueError(f"per_class: expected {K} numbers for {K} classes, got shape {values.shape}")
    ax = axes_for(ax, 6.4, 1.2 + 0.28 * K)
    order = np.argsort(np.nan_to_num(values, nan=-1), kind="stable")
    ax.barh(range(K), np.nan_to_num(values[order]), color=BLUE, height=0.72)
    for place, value in enumerate(values[order]):
        text = "no images" if np.isnan(value) else f"{value:.1%}"
        ax.text(1.02, place, text, va="center", fontsize=SMALL, color=INK)
    tidy(ax)
    ax.set_yticks(range(K), [classes[i] for i in order], parse_math=False)
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    ax.set_xlim(0, 1.1)
    ax.set_xticks(np.linspace(0, 1, 6))
    ax.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    ax.grid(axis="x", color=FAINT, alpha=0.25, linewidth=0.6)
    ax.set_ylim(-0.6, K - 0.4)
    title = "accuracy, class by class"
    if overall is not None:
        ax.axvline(overall, color=VERMILLION, linewidth=1.2, linestyle="--")
        title += f" (all images: {overall:.2%})"
    heading(ax, title)
    return ax
