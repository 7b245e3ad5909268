"""A contact sheet of some images of a data set, or of a few images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from ._canvas import heading
from .mosaic import mosaic, shortened

if TYPE_CHECKING:
    from minicnn.data import Dataset


def images(
    images: Dataset | ArrayLike,
    ax: Axes | None = None,
    *,
    count: int = 20,
    titles: Sequence[str] = (),
    columns: int | None = None,
    title: str = "",
) -> Axes:
    """Images side by side; those of a data set under the names of their classes.

    Args:
        images: a data set, of which `count` images are drawn, evenly spread; or uint8 (n, 1 or 3, H, W), all drawn.
        ax: where to draw; a new figure's if not given.
        count: of a data set's images.
        titles: a line over each; a data set brings its own.
        columns: images in a row.
        title: over the plot.

    Raises:
        ValueError: there is no image, or the shape is another.
    """
    given: Any = images
    if hasattr(given, "labels"):
        if count < 1:
            raise ValueError(f"images: expected a count of at least 1, got {count}")
        places: Any = np.unique(np.linspace(0, len(given) - 1, count).round().astype(int)) if len(given) else []
        titles = titles or [shortened(given.classes[given.labels[place]]) for place in places]
        given = given.images[places]
    pixels = np.asarray(given)
    if pixels.ndim != 4 or pixels.shape[1] not in (1, 3):
        raise ValueError(f"images: expected a Dataset or images (n, 1 or 3, H, W), got shape {pixels.shape}")
    if not len(pixels):
        raise ValueError("images: there is no image to draw")
    pixels = pixels.transpose(0, 2, 3, 1) / 255
    gray: dict[str, Any] = {"cmap": "gray", "limits": (0.0, 1.0)} if pixels.shape[3] == 1 else {}
    ax = mosaic(pixels[..., 0] if gray else pixels, ax, titles=titles, columns=columns, **gray)
    heading(ax, title)
    return ax
