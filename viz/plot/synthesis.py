"""The results of gradient ascent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes

from ._canvas import heading
from .mosaic import mosaic

if TYPE_CHECKING:
    from viz import Synthesis


def synthesis(found: Synthesis, ax: Axes | None = None, *, columns: int | None = None, title: str = "") -> Axes:
    """The images side by side, as large as a page allows, with the model's black and white.

    Args:
        found: what `viz.feature_visualization` and its like return.
        ax: where to draw; a new figure's if not given.
        columns: images in a row.
        title: over the plot.

    Raises:
        ValueError: the images have another number of channels than 1 or 3.
    """
    pixels = found.shown()
    if pixels.shape[1] not in (1, 3):
        raise ValueError(f"synthesis: expected images of 1 or 3 channels, got shape {pixels.shape}")
    pixels = np.asarray(pixels.transpose(0, 2, 3, 1))
    gray: dict[str, Any] = {"cmap": "gray", "limits": (0.0, 1.0)} if pixels.shape[3] == 1 else {}
    ax = mosaic(pixels[..., 0] if gray else pixels, ax, columns=columns, cell=2.4, **gray)
    heading(ax, title)
    return ax
