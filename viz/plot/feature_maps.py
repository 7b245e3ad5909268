"""What the layers of a network make of one image."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from minicnn.deprecation import renamed

from ._canvas import heading, new_figure
from .mosaic import LINE, mosaic

COLUMNS = 10


@renamed(picture="image")
def feature_maps(
    maps: Mapping[str, ArrayLike],
    image: ArrayLike | None = None,
    figure: Figure | None = None,
    *,
    title: str = "",
    most: int = 40,
    quantity: str = "activation",
    signed: bool | None = None,
) -> Figure:
    """The image, and for each layer a block of maps, one for each channel; the maps of a layer share one scale.

    Args:
        maps: by the layer's path its maps, (C, H, W).
        image: what the network was shown, (H, W) or (H, W, 3), in 0…1.
        figure: where to draw; a new one if not given.
        title: over the image.
        most: maps drawn of each layer, from the first on.
        quantity: what the maps hold, for their scales: "gradient", for example.
        signed: whether the scales are symmetric about zero; by default those of layers with a negative number.

    Raises:
        ValueError: there is no map, or an array has another number of axes.
    """
    blocks = {name: np.asarray(block) for name, block in maps.items()}
    for name, block in blocks.items():
        if block.ndim != 3:
            raise ValueError(f"feature_maps: expected maps (C, H, W), got shape {block.shape} for {name}")
    if not blocks:
        raise ValueError("feature_maps: there is no layer to draw")
    rows = [-(-min(len(block), most) // COLUMNS) for block in blocks.values()]
    left = 0.0 if image is None else 1.9  # the width of the image's column, in maps
    if figure is None:
        figure = new_figure(0.85 * (left + COLUMNS) + 0.8, (0.85 + LINE) * sum(rows) + 0.4 * len(rows))
    grid = figure.add_gridspec(
        len(blocks), 1 + bool(left), height_ratios=rows, width_ratios=[left, COLUMNS][not left :]
    )
    if image is not None:
        ax = figure.add_subplot(grid[0, 0])
        ax.imshow(image, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
        ax.set_anchor("NW")
        ax.set_axis_off()
        heading(ax, title)
    places = [figure.add_subplot(grid[row, -1]) for row in range(len(blocks))]
    for ax, (name, block) in zip(places, blocks.items(), strict=True):
        both = bool((block < 0).any()) if signed is None else signed
        count, height, width = block.shape
        numbers = [str(i) for i in range(min(count, most))]
        mosaic(block[:most], ax, titles=numbers, columns=COLUMNS, signed=both, colorbar=quantity)
        ax.set_anchor("NW")
        shown = f", the first {most}" if count > most else ""
        heading(ax, f"{name}: {count} map{'s' if count > 1 else ''} of {height}×{width}{shown}")
    return figure
