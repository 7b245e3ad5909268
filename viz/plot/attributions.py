"""Explanations of one decision, side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colorbar import Colorbar
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from minicnn.deprecation import renamed

from ._canvas import DIVERGING, FAINT, INK, SEQUENTIAL, SMALL, heading, new_figure

COLUMNS = 5
SIDE = 1.9  # inches of a map


@renamed(picture="image")
def attributions(
    image: ArrayLike,
    maps: Mapping[str, ArrayLike],
    figure: Figure | None = None,
    *,
    title: str = "",
    one_unit: bool = False,
    percentile: float = 99.5,
) -> Figure:
    """The image, and the maps next to it: red speaks for the class, blue against it, white for neither.

    Maps without negative values, such as saliency, are neither for nor against: they are drawn from black up. Each
    method has its own unit, so each map is divided by its largest magnitude (a high percentile, so that a few pixels
    do not fade all others): signed scales go from −1 to 1, the others from 0 to 1.

    Args:
        image: what was explained, in 0…1: (H, W), (H, W, 3), or (1, 1 or 3, H, W), as `Transform.inverse` gives it.
        maps: by title, (H, W), or (C, H, W), of which the channels are added up; also as a batch of one image,
            (1, H, W) or (1, C, H, W).
        figure: where to draw; a new one if not given.
        title: over the image.
        one_unit: the maps have one unit, such as those of one method for several classes: divide all by one number.
        percentile: of the magnitudes, what counts as the largest.

    Raises:
        ValueError: there is no map, or an array has another shape, such as that of several images.
    """
    flat = {name: np.asarray(values, float) for name, values in maps.items()}
    if not flat:
        raise ValueError("attributions: there is no map to draw")
    for name, values in flat.items():
        if values.ndim not in (2, 3) and not (values.ndim == 4 and len(values) == 1):
            raise ValueError(
                f"attributions: expected maps of one image, (H, W) or (C, H, W), got shape {values.shape} for {name}"
            )
        flat[name] = values.sum(axis=tuple(range(values.ndim - 2)))
    sizes = {name: _size(values, percentile) for name, values in flat.items()}
    if one_unit:
        sizes = dict.fromkeys(sizes, max(sizes.values()))
    columns = min(1 + len(flat), COLUMNS)
    rows = -(-(1 + len(flat)) // columns)
    if figure is None:
        figure = new_figure(SIDE * columns + 0.8, (SIDE + 0.35) * rows + 0.1)
    signed = {name: bool((values < 0).any()) for name, values in flat.items()}
    places = list(figure.subplots(rows, columns, squeeze=False).flat)
    for ax in places:
        ax.set_axis_off()
    places[0].imshow(_shown(image), cmap="gray", vmin=0, vmax=1)
    heading(places[0], title)
    for ax, (name, values) in zip(places[1:], flat.items(), strict=False):
        ax.imshow(values / (sizes[name] or 1), **_look(signed[name]))
        heading(ax, name)
    if not all(signed.values()):
        bar = _bar(figure, places, _look(False), {0: "0", 1: "strong"})
    if any(signed.values()):
        bar = _bar(figure, places, _look(True), {-1: "against", 0: "0", 1: "for"})
    bar.set_label("all on one scale" if one_unit else "each map has its own scale", fontsize=SMALL, color=INK)
    return figure


def _look(signed: bool) -> dict[str, Any]:
    return {"cmap": DIVERGING if signed else SEQUENTIAL, "norm": Normalize(-1 if signed else 0, 1)}


def _bar(figure: Figure, places: list[Axes], look: dict[str, Any], ticks: dict[int, str]) -> Colorbar:
    bar = figure.colorbar(ScalarMappable(**look), ax=places, shrink=0.8, aspect=30, pad=0.01)
    bar.set_ticks(list(ticks), labels=list(ticks.values()))
    bar.ax.tick_params(labelsize=SMALL, color=FAINT, labelcolor=INK)
    bar.outline.set_visible(False)
    return bar


def _shown(image: ArrayLike) -> np.ndarray:
    """An image as matplotlib takes it, (H, W) or (H, W, 3)."""
    pixels = np.asarray(image)
    if pixels.ndim == 4 and len(pixels) == 1 and pixels.shape[1] in (1, 3):
        pixels = pixels[0, 0] if pixels.shape[1] == 1 else pixels[0].transpose(1, 2, 0)
    if pixels.ndim != 2 and not (pixels.ndim == 3 and pixels.shape[2] == 3):
        raise ValueError(
            f"attributions: expected an image (H, W), (H, W, 3) or (1, 1 or 3, H, W), got shape {pixels.shape}"
        )
    return pixels


def _size(values: np.ndarray, percentile: float) -> float:
    """A high percentile of the magnitudes; of a map with very few pixels above zero, the largest."""
    magnitudes = np.abs(values[np.isfinite(values)])
    if not magnitudes.size:
        return 0.0
    return float(np.percentile(magnitudes, percentile)) or float(magnitudes.max())
