"""Several named lines in one plot, distinguished by color, marker and dash."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator, StrMethodFormatter
from numpy.typing import ArrayLike

from ._canvas import BLUE, FAINT, GREEN, INK, SMALL, TEXT, VERMILLION, tidy

# The rest of Okabe and Ito's colors; after eight lines they repeat with another dash.
COLORS = (BLUE, VERMILLION, GREEN, "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#B8A800")
MARKS = "osD^vPX<"
DASHES = ("-", "--", ":")


def lines(
    ax: Axes, x: ArrayLike, ys: Mapping[str, ArrayLike], *, xlabel: str, ylabel: str, legend: bool = True
) -> None:
    """Draw each of `ys` against x, with markers if there are few points."""
    tidy(ax)
    ax.grid(color=FAINT, alpha=0.25, linewidth=0.6)
    few = np.size(x) <= 20
    for place, (name, y) in enumerate(ys.items()):
        turn, kind = divmod(place, len(COLORS))
        ax.plot(
            np.asarray(x),
            np.asarray(y),
            color=COLORS[kind],
            linestyle=DASHES[turn % len(DASHES)],
            marker=MARKS[kind] if few else "",
            markersize=4,
            linewidth=1.5,
            label=name.replace("_", " "),
        )
    ax.set_xlabel(xlabel, fontsize=TEXT, color=INK)
    ax.set_ylabel(ylabel, fontsize=TEXT, color=INK)
    if legend and ys:
        ax.legend(fontsize=SMALL, frameon=False, loc="upper left", bbox_to_anchor=(1.01, 1), borderaxespad=0)


def log_ticks(axis: Axis, values: ArrayLike) -> None:
    """Plain numbers as ticks of a logarithmic axis: 1, 2, 5, 10, …; for less than a decade, round ones."""
    values = np.asarray(values, float)
    narrow = values.size and values.max() < 6 * values.min()
    axis.set_major_locator(MaxNLocator(6, steps=[1, 2, 2.5, 5, 10]) if narrow else LogLocator(subs=(1, 2, 5)))
    axis.set_major_formatter(StrMethodFormatter("{x:,g}"))
    axis.set_minor_locator(NullLocator())
