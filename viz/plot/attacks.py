"""Images that fool a network, and how easily it is fooled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter
from numpy.typing import ArrayLike

from minicnn.deprecation import renamed

from ._canvas import DIVERGING, FAINT, INK, SMALL, TEXT, axes_for, heading, largest_magnitude, new_figure
from ._lines import lines

SIDE = 2.2  # inches of an image


@renamed(pictures="images")
def attacks(
    images: ArrayLike,
    changed: ArrayLike,
    before: Sequence[str],
    after: Sequence[str],
    figure: Figure | None = None,
) -> Figure:
    """In each row an image, what was added to it, and what came out, with the network's verdicts.

    The change has a scale of its own, drawn next to it: red where it brightens, blue where it darkens (for color
    images, by the mean of the channels).

    Args:
        images, changed: (n, H, W) or (n, H, W, 3), in 0…1.
        before, after: the verdicts, one for each image.
        figure: where to draw; a new one if not given.

    Raises:
        ValueError: the arrays' shapes differ, there are none, or not one verdict for each.
    """
    images, changed = np.asarray(images, float), np.asarray(changed, float)
    if images.shape != changed.shape or images.ndim not in (3, 4) or not len(images):
        raise ValueError(
            f"attacks: expected as many images before as after, (n, H, W) or (n, H, W, 3), got {images.shape} "
            f"and {changed.shape}"
        )
    if not len(images) == len(before) == len(after):
        raise ValueError(f"attacks: {len(images)} images, but {len(before)} verdicts before, {len(after)} after")
    if figure is None:
        figure = new_figure(3 * SIDE + 1, (SIDE + 0.35) * len(images) + 0.1)
    for row, places in enumerate(figure.subplots(len(images), 3, squeeze=False)):
        moved = changed[row] - images[row]
        largest = float(np.abs(moved).max())
        drawn = moved.mean(axis=-1) if moved.ndim == 3 else moved
        limit = largest_magnitude(drawn)
        gray = {"cmap": "gray", "vmin": 0, "vmax": 1}
        places[0].imshow(images[row], **gray)
        change = places[1].imshow(drawn, cmap=DIVERGING, vmin=-limit, vmax=limit)
        bar = figure.colorbar(change, ax=places[1], shrink=0.8, aspect=20, pad=0.03, ticks=[-limit, 0, limit])
        bar.ax.set_yticklabels([f"{value:+.2g}".replace("-", "−") if value else "0" for value in (-limit, 0, limit)])
        bar.ax.tick_params(labelsize=SMALL, color=FAINT, labelcolor=INK)
        bar.outline.set_visible(False)
        places[2].imshow(changed[row], **gray)
        for ax, title in zip(
            places, (before[row], f"change: at most {255 * largest:.3g} of 255 levels", after[row]), strict=True
        ):
            ax.set_axis_off()
            ax.set_title(title, loc="left", fontsize=TEXT, color=INK, parse_math=False)
    return figure


def accuracy_under_attack(
    epsilons: ArrayLike,
    accuracies: Mapping[str, ArrayLike],
    ax: Axes | None = None,
    *,
    unit: str = "of the range from black to white",
    title: str = "",
) -> Axes:
    """The share of images still classified rightly against the size of the attack.

    Args:
        epsilons: the sizes, (K,).
        accuracies: by the attack's name, what `accuracy_under_attack` returned, (K,).
        ax: where to draw; a new figure's if not given.
        unit: what ε is measured in.
        title: over the plot.
    """
    ax = axes_for(ax, 6.4, 3.6)
    lines(ax, epsilons, accuracies, xlabel=f"ε, {unit}", ylabel="accuracy")
    ax.set_ylim(0, 1.02)
    ax.set_xlim(left=0)
    ax.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    heading(ax, title)
    return ax
