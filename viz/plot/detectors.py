"""The responses of filters to an image, before and after ReLU."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from minicnn import ops
from minicnn.deprecation import renamed

from ._canvas import DIVERGING, INK, SEQUENTIAL, SMALL, heading, largest_magnitude, new_figure


@renamed(picture="image")
def detectors(
    filters: ArrayLike,
    image: ArrayLike,
    figure: Figure | None = None,
    *,
    names: Sequence[str] = (),
) -> Figure:
    """A row for each filter: its numbers, its map over a gray image as gray levels, and the same after ReLU.

    Before ReLU a map has as many values below zero as above: on its symmetric scale, zero is middle gray, and most of
    the map is near it. After ReLU only positive values remain, and black is zero: the contrast is high. All maps share
    one scale.

    Args:
        filters: (n, kh, kw).
        image: gray, (H, W), in 0…1.
        figure: where to draw; a new one if not given.
        names: of the filters.

    Raises:
        ValueError: an array has another number of axes, or there is not one name for each filter.
    """
    w, x = np.asarray(filters, np.float32), np.asarray(image, np.float32)
    if w.ndim != 3 or x.ndim != 2 or not len(w):
        raise ValueError(f"detectors: expected filters (n, kh, kw) and an image (H, W), got {w.shape} and {x.shape}")
    if names and len(names) != len(w):
        raise ValueError(f"detectors: {len(w)} filters, but {len(names)} names")
    maps = ops.conv2d(x[None, None], w[:, None])[0][0]
    if figure is None:
        figure = new_figure(8.4, 2.15 * len(w))
    numbers, answers = largest_magnitude(w), largest_magnitude(maps)
    axes = figure.subplots(len(w), 4, squeeze=False, gridspec_kw={"width_ratios": [1, 1.4, 1.4, 1.4]})
    for i, row in enumerate(axes):
        signed = {"vmin": -numbers, "vmax": numbers, "cmap": DIVERGING}
        row[0].imshow(w[i], **signed)
        for (y, c), value in np.ndenumerate(w[i]):
            dark = abs(value) > 0.6 * numbers
            color = "white" if dark else INK
            row[0].text(c, y, f"{value:g}", ha="center", va="center", fontsize=SMALL, color=color)
        row[1].imshow(x, cmap="gray", vmin=0, vmax=1)
        row[2].imshow(maps[i], cmap="gray", vmin=-answers, vmax=answers)
        row[3].imshow(np.maximum(maps[i], 0), cmap=SEQUENTIAL, vmin=0, vmax=answers)
        titles = (names[i] if names else f"filter {i}", "image", "map: zero is gray", "after ReLU: zero is black")
        for ax, title in zip(row, titles, strict=True):
            ax.set_axis_off()
            heading(ax, title if i == 0 or ax is row[0] else "")
    return figure
