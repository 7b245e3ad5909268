"""Which explanations depend on what the network has learned."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from viz.evaluation.sanity_check import quartiles

from ._canvas import FAINT, SMALL, heading, new_figure
from ._lines import lines

if TYPE_CHECKING:
    from viz import SanityCheck

MOST_NAMED = 14  # layers: of more, every second or third is named


def sanity_check(checks: SanityCheck | Mapping[str, SanityCheck], figure: Figure | None = None) -> Figure:
    """Similarity of maps to the trained network's, after each layer that was randomized; a line for each method.

    The median over the images, of the rank correlation with and without signs, and of the structural similarity. A line
    that stays high belongs to a method that hardly depends on the weights.

    Args:
        checks: what `viz.sanity_check` returned; of several methods, all for the same layers, by their names.
        figure: where to draw; a new one if not given.

    Raises:
        ValueError: there is no check, or their layers differ.
    """
    if not isinstance(checks, Mapping):
        checks = {"the method": checks}
    layers = {check.layers for check in checks.values()}
    if len(layers) != 1:
        raise ValueError(f"sanity_check: expected checks of one row of layers, got {len(layers)} different ones")
    (names,) = layers
    if figure is None:
        figure = new_figure(14, 4.2)
    places = np.arange(len(names) + 1)
    panels = (
        ("rank correlation, with signs", "signed"),
        ("rank correlation of absolute values", "spearman"),
        ("structural similarity", "ssim"),
    )
    for ax, (label, measure) in zip(figure.subplots(1, 3), panels, strict=True):
        medians = {name: [1.0, *quartiles(getattr(check, measure))[1]] for name, check in checks.items()}
        labels = {"xlabel": "randomized, layer by layer", "ylabel": "similarity to the trained network's map"}
        lines(ax, places, medians, **labels, legend=measure == "ssim")
        ax.axhline(0, color=FAINT, linewidth=0.8)
        ticks = places[:: -(-len(places) // MOST_NAMED)]
        named = [["trained", *names][place] for place in ticks]
        ax.set_xticks(ticks, named, rotation=45, ha="right", rotation_mode="anchor", fontsize=SMALL)
        ax.set_ylim(min(-0.2, *(min(values) for values in medians.values())) - 0.05, 1.05)
        heading(ax, label)
    return figure
