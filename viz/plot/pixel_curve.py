"""How soon a class is lost, or found, when the pixels change that a map calls important."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from ._canvas import axes_for, heading
from ._lines import lines

if TYPE_CHECKING:
    from viz import PixelCurve


def pixel_curve(curves: PixelCurve | Mapping[str, PixelCurve], ax: Axes | None = None, *, title: str = "") -> Axes:
    """The class's probability against the share of pixels exchanged, the mean over the images.

    Args:
        curves: what `deletion_curve` or `insertion_curve` returned; of several methods, by their names.
        ax: where to draw; a new figure's if not given.
        title: over the plot.

    Raises:
        ValueError: there is no curve.
    """
    if not isinstance(curves, Mapping):
        curves = {"the map": curves}
    if not curves:
        raise ValueError("pixel_curve: there is no curve to draw")
    ax = axes_for(ax, 6.8, 3.8)
    for_all = {
        f"{name} (area {curve.areas.mean():.2f})": curve.probabilities.mean(axis=0) for name, curve in curves.items()
    }
    first = next(iter(curves.values()))
    done = first.done if {curve.done for curve in curves.values()} == {first.done} else "exchanged"
    lines(
        ax,
        first.shares,
        for_all,
        xlabel=f"share of the pixels {done}, the most important first",
        ylabel="probability of the class",
    )
    ax.set_xlim(0, 1)
    ax.set_ylim(0, 1.02)
    ax.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    heading(ax, title)
    return ax
