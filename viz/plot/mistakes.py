"""Pictures with what a network takes them for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from .canvas import heading
from .mosaic import mosaic, shortened


def mistakes(
    images: ArrayLike,
    labels: ArrayLike,
    predictions: ArrayLike,
    probabilities: ArrayLike,
    classes: Sequence[str],
    ax: Axes | None = None,
    *,
    columns: int | None = None,
    title: str = "",
) -> Axes:
    """Each picture under the class it was taken for, with the probability given to it, and its true class.

    Args:
        images: uint8 (n, 1 or 3, H, W).
        labels, predictions: the true class and the class found, (n,).
        probabilities: of all classes, (n, K).
        classes: the K names.
        ax: where to draw; a new figure's if not given.
        columns: pictures in a row.
        title: over the plot.

    Raises:
        ValueError: there is no picture, or the arrays' lengths differ.
    """
    images, labels, predictions = np.asarray(images), np.asarray(labels), np.asarray(predictions)
    chances = np.asarray(probabilities)
    if not len(images) == len(labels) == len(predictions) == len(chances):
        raise ValueError(
            f"mistakes: {len(images)} images, but {len(labels)} labels, {len(predictions)} predictions "
            f"and {len(chances)} rows of probabilities"
        )
    pixels = images.transpose(0, 2, 3, 1) / 255
    titles = [
        f"{shortened(classes[found])} {chances[i, found]:.0%}\nis {shortened(classes[true])} {chances[i, true]:.0%}"
        for i, (true, found) in enumerate(zip(labels, predictions, strict=True))
    ]
    grey: dict[str, Any] = {"cmap": "gray", "limits": (0.0, 1.0)} if pixels.shape[3] == 1 else {}
    ax = mosaic(pixels[..., 0] if grey else pixels, ax, titles=titles, columns=columns, **grey)
    heading(ax, title)
    return ax
