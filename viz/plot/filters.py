"""The filters of a first layer."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from ._canvas import heading, largest_magnitude
from .mosaic import KEY, color_key, mosaic


def filters(weights: ArrayLike, ax: Axes | None = None, *, title: str = "filters", columns: int | None = None) -> Axes:
    """Filters by number: those over gray images as signed maps, those over color images in color, with gray for zero.

    Args:
        weights: (n, C, kh, kw) with one channel or three (red, green, blue).
        ax: where to draw; a new figure's if not given.
        title: over the plot.
        columns: filters in a row.

    Raises:
        ValueError: the number of channels or axes is another.
    """
    weights = np.asarray(weights)
    if weights.ndim != 4 or weights.shape[1] not in (1, 3):
        raise ValueError(
            f"filters: expected weights (n, 1 or 3, kh, kw), got {weights.shape}; "
            "plot.filter_table draws any number of channels, or choose one: weights[:, [c]]"
        )
    numbers = [str(i) for i in range(len(weights))]
    if weights.shape[1] == 1:
        ax = mosaic(weights[:, 0], ax, titles=numbers, columns=columns, signed=True, colorbar="weight")
    else:
        limit = largest_magnitude(weights)
        colors = 0.5 + 0.5 * weights / limit
        ax = mosaic(colors.transpose(0, 2, 3, 1), ax, titles=numbers, columns=columns, margin=KEY)
        color_key(ax, ("R", "G", "B"), limit, title="channel", label="weight")
    heading(ax, title)
    return ax
