"""Images next to their nearest neighbors in several spaces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from numpy.typing import ArrayLike

from ..features import label_agreement
from ._canvas import BLUE, INK, SMALL, TEXT, VERMILLION, axes_for, heading
from .mosaic import GAP, shortened

CELL = 0.85  # inches of an image
LABEL = 0.27  # the line below an image, of an image's width
APART = 0.45  # between two spaces, of an image's width
LEAST = 2.0  # images' widths that the words over a space need


def nearest_neighbors(
    images: ArrayLike,
    indices: Mapping[str, ArrayLike],
    labels: ArrayLike,
    classes: Sequence[str],
    ax: Axes | None = None,
    *,
    queries: ArrayLike | None = None,
    query_labels: ArrayLike | None = None,
    rows: Sequence[int] = range(6),
    title: str = "",
) -> Axes:
    """In each row an image, and its nearest neighbors in each space, nearest first, over their labels.

    A neighbor with the query's label has a blue frame, another a thicker orange one. Above each space is the share of
    neighbors that agree, over all queries, not only those drawn.

    Args:
        images: the images that were searched, uint8 (N, 1 or 3, H, W).
        indices: by the name of a space the neighbors' indices, (M, k), as `viz.nearest_neighbors` gives them.
        labels: of the images, (N,).
        classes: the labels' names.
        ax: where to draw; a new figure's if not given.
        queries: the images whose neighbors they are, (M, 1 or 3, H, W); `images` if not given, and then M = N.
        query_labels: theirs, (M,).
        rows: which queries are drawn, by their indices; those beyond the last are left out.
        title: over the plot.

    Raises:
        ValueError: there is no space or no row, only one of `queries` and `query_labels` is given, or lengths differ.
    """
    near = {name: np.asarray(found) for name, found in indices.items()}
    if (queries is None) != (query_labels is None):
        raise ValueError("nearest_neighbors: expected queries with query_labels, or neither")
    known, kinds = np.asarray(images), np.asarray(labels)
    asked, own = (known, kinds) if queries is None else (np.asarray(queries), np.asarray(query_labels))
    if len(known) != len(kinds) or len(asked) != len(own):
        raise ValueError(
            f"nearest_neighbors: {len(known)} images and {len(asked)} queries, but {len(kinds)} and {len(own)} labels"
        )
    drawn = [row for row in rows if row < len(asked)]
    if not near or not drawn:
        raise ValueError("nearest_neighbors: expected at least one space and one row, got none")
    agreement = {name: label_agreement(found, kinds, own) for name, found in near.items()}
    widths = [max(LEAST, found.shape[1] * (1 + GAP)) + APART for found in near.values()]
    starts = np.cumsum([1 + APART, *widths])
    high = known.shape[2] / known.shape[3]
    step = high + LABEL + GAP
    ax = axes_for(ax, CELL * starts[-1], CELL * len(drawn) * step + 0.9)
    for place, row in enumerate(drawn):
        _image(ax, asked[row], 0, place * step, str(classes[own[row]]), INK)
        for start, found in zip(starts, near.values(), strict=False):
            for nth, i in enumerate(found[row]):
                color = BLUE if kinds[i] == own[row] else VERMILLION
                _image(ax, known[i], start + nth * (1 + GAP), place * step, str(classes[kinds[i]]), color)
    look: dict[str, Any] = {"fontsize": TEXT, "va": "baseline", "parse_math": False}
    ax.text(0, -0.32, "query", color=INK, **look)
    for start, (name, share) in zip(starts, agreement.items(), strict=False):
        ax.text(start, -0.32, f"nearest in {name}", color=INK, **look)
        ax.text(start, -0.12, f"{share:.1%} have the query's label", color=BLUE, **look)
    ax.set_xlim(-GAP, starts[-1] - APART)
    ax.set_ylim(len(drawn) * step, -0.6)
    ax.set_aspect("equal", anchor="NW")
    ax.set_axis_off()
    heading(ax, title)
    return ax


def _image(ax: Axes, image: np.ndarray, left: float, top: float, label: str, color: str) -> None:
    """One image, framed, over its label; uint8 (1 or 3, H, W)."""
    pixels = image.transpose(1, 2, 0)
    high = pixels.shape[0] / pixels.shape[1]
    extent = (left, left + 1, top + high, top)
    ax.imshow(np.broadcast_to(pixels, (*pixels.shape[:2], 3)), extent=extent, interpolation="nearest")
    width = 3.0 if color == VERMILLION else 1.5  # for readers who cannot tell the colors apart
    ax.add_patch(Rectangle((left, top), 1, high, fill=False, edgecolor=color, linewidth=width))
    words: dict[str, Any] = {"ha": "center", "va": "top", "fontsize": SMALL, "color": color, "parse_math": False}
    ax.text(left + 0.5, top + high + 0.04, shortened(label), **words)
