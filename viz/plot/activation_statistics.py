"""How often each channel of a layer is on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator, PercentFormatter

from ._canvas import BLUE, FAINT, INK, TEXT, VERMILLION, axes_for, heading, tidy

if TYPE_CHECKING:
    from viz import ActivationStatistics


def activation_statistics(found: ActivationStatistics, ax: Axes | None = None) -> Axes:
    """A bar for each channel, the most active first: the share of values above 0; a dot marks the share of images.

    A channel with a high dot and a low bar is selective: most images excite it, but in few places.

    Args:
        found: what `viz.activation_statistics` gives for a layer.
        ax: where to draw; a new figure's if not given.

    Raises:
        ValueError: the statistics of several layers are given.
    """
    if isinstance(found, Mapping):
        raise ValueError(f"activation_statistics: expected those of one layer, such as found[{next(iter(found))!r}]")
    ax = axes_for(ax, 7.2, 2.6)
    order = np.argsort(-found.active, kind="stable")
    places = np.arange(len(order))
    tidy(ax)
    ax.bar(places, found.active[order], color=BLUE, width=0.85, label="of values")
    ax.plot(places, found.active_images[order], "o", color=VERMILLION, markersize=2.5, label="of images")
    ax.set_xlim(-0.6, len(order) - 0.4)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set_ylim(0, 1.04)
    ax.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    ax.grid(axis="y", color=FAINT, alpha=0.25, linewidth=0.6)
    ax.set_xlabel("channels, the busiest first", fontsize=TEXT, color=INK)
    ax.set_ylabel("share above 0", fontsize=TEXT, color=INK)
    ax.legend(fontsize=TEXT, frameon=False, loc="upper left", bbox_to_anchor=(1.01, 1), borderaxespad=0)
    dead = int(found.dead.sum())
    heading(ax, f"{found.layer}: {len(order)} channels, {dead} dead")
    return ax
