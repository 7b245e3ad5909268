"""The common basis of all plots: figures and axes, colors, and style.

Figures are made without pyplot: no window, no backend, no global list that keeps them alive. A notebook shows the
returned Figure or Axes, because these display themselves; `figure.savefig(path)` writes it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgba_array
from matplotlib.figure import Figure

from minicnn.display import png

# Okabe and Ito's colors, which color-blind people can distinguish: https://jfly.uni-koeln.de/color
BLUE, VERMILLION, GREEN = "#0072B2", "#D55E00", "#009E73"
INK, FAINT, PAPER = "#262626", "#8c8c8c", "#ffffff"

# Paul Tol's scheme "muted" (SRON/EPS/TN/09-002, figure 4) and its pale gray, dark: ten classes that the color-blind
# tell apart.
MUTED = ["#332288", "#88CCEE", "#44AA99", "#117733", "#999933", "#DDCC77", "#CC6677", "#882255", "#AA4499", "#777777"]

SEQUENTIAL = "magma"  # perceptually uniform, also in gray; zero is black
DIVERGING = "RdBu_r"  # white is zero, blue negative, red positive

SMALL, TEXT, TITLE = 8, 9, 11  # points


def class_colors() -> np.ndarray:
    """A color for each of ten classes, red, green, blue in 0…1, (10, 3)."""
    return to_rgba_array(MUTED)[:, :3]


class Drawn:
    """A part of a figure that a notebook shows as the whole figure, even without matplotlib support."""

    figure: Any

    def _repr_png_(self) -> tuple[bytes, dict[str, int]]:
        return png(self.figure)


class DrawnFigure(Drawn, Figure):
    """A figure that shows itself."""


class DrawnAxes(Drawn, Axes):
    """Axes that show the figure they are on."""


def new_figure(width: float, height: float) -> Figure:
    """A white figure of this size in inches, with automatic layout."""
    figure = DrawnFigure(figsize=(width, height), dpi=150, layout="constrained", facecolor=PAPER)
    FigureCanvasAgg(figure)
    return figure


def axes_for(ax: Axes | None, width: float, height: float) -> Axes:
    """The caller's axes, or those of a new figure."""
    return new_figure(width, height).add_subplot(axes_class=DrawnAxes) if ax is None else ax


def tidy(ax: Axes) -> None:
    """Remove all lines without meaning: leave two spines, small ticks, and a faint grid behind the data."""
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        ax.spines[side].set_color(FAINT)
    ax.tick_params(labelsize=SMALL, color=FAINT, labelcolor=INK)
    ax.set_axisbelow(True)


def heading(ax: Axes, title: str) -> None:
    """A left-aligned title, taken literally: a dollar sign in a class name does not start a formula."""
    ax.set_title(title, loc="left", fontsize=TITLE, color=INK, parse_math=False)


def largest_magnitude(values: np.ndarray) -> float:
    """max |values| over the finite ones; 1 if all are zero, so that a constant map can be drawn."""
    finite = np.abs(values[np.isfinite(values)])
    return float(finite.max(initial=0)) or 1.0
