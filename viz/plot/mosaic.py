"""Many small images on one pair of axes, the basis of the plots of filters, feature maps and mistakes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.patches import Rectangle
from numpy.typing import ArrayLike

from minicnn.deprecation import renamed

from ._canvas import DIVERGING, FAINT, INK, SEQUENTIAL, SMALL, TEXT, axes_for, largest_magnitude

GAP = 0.08  # of an image's width
LINE = 0.17  # a line of title text, of an image's width
NUMBER = 5  # letters of a title that a narrow image has room for: a channel's number
KEY = 1.1  # inches that a color key takes
STEPS = 100  # of it, from its low end to its high one


@renamed(pictures="images")
def mosaic(
    images: ArrayLike,
    ax: Axes | None = None,
    *,
    titles: Sequence[str] = (),
    columns: int | None = None,
    signed: bool = False,
    limits: tuple[float, float] | None = None,
    cmap: str | None = None,
    colorbar: str | None = None,
    margin: float = 0.0,
    cell: float | None = None,
) -> Axes:
    """Images of one size in rows, all on one scale, so that they can be compared.

    Args:
        images: numbers (n, h, w), or colors in 0…1 (n, h, w, 3).
        ax: where to draw; a new figure's if not given.
        titles: a line or more over each image.
        columns: images in a row; by default what makes the whole about twice as wide as high.
        signed: use a diverging color map, symmetric about zero.
        limits: the values at the two ends of the color map; by default 0 (or the minimum, if that is below 0) and the
            maximum.
        cmap: another color map's name.
        colorbar: a label for a color bar; without one there is none.
        margin: inches of a new figure that are left at the right, for a `color_key` (KEY).
        cell: inches of an image's width, in a new figure.

    Raises:
        ValueError: `images` has another number of axes, or there are none, or not one title for each.
    """
    images = np.asarray(images)
    if images.ndim not in (3, 4) or 0 in images.shape or images.shape[3:] not in ((), (3,)):
        raise ValueError(f"mosaic: expected images (n, h, w) or (n, h, w, 3), got shape {images.shape}")
    n, h, w = images.shape[:3]
    if titles and len(titles) != n:
        raise ValueError(f"mosaic: {n} images, but {len(titles)} titles")
    columns = min(n, columns or int(np.ceil(np.sqrt(2 * n))))
    rows = -(-n // columns)
    lines = max((title.count("\n") + 1 for title in titles), default=0)
    high, step = h / w, h / w + GAP + LINE * lines
    if cell is None:
        cell = 1.2 if any(len(title) > NUMBER for title in titles) else 0.8
    ax = axes_for(ax, cell * columns * (1 + GAP) + 0.6 * bool(colorbar) + margin, cell * rows * step + 0.35)
    look: dict[str, Any] = {}
    if images.ndim == 3:
        look["cmap"] = cmap or (DIVERGING if signed else SEQUENTIAL)
        look["norm"] = Normalize(*(limits or _limits(images, signed)))
    for place, image in enumerate(images):
        left, top = place % columns * (1 + GAP), place // columns * step + LINE * lines
        ax.imshow(image, extent=(left, left + 1, top + high, top), interpolation="nearest", **look)
        ax.add_patch(Rectangle((left, top), 1, high, fill=False, edgecolor=FAINT, linewidth=0.5))
        if titles:
            ax.text(
                left + 0.5,
                top - 0.05,
                titles[place],
                ha="center",
                va="baseline",
                fontsize=SMALL,
                color=INK,
                linespacing=1.1,
                parse_math=False,
            )
    ax.set_xlim(-GAP / 2, columns * (1 + GAP) - GAP / 2)
    ax.set_ylim(rows * step - GAP / 2, -GAP / 2)
    ax.set_aspect("equal")
    ax.set_axis_off()
    if colorbar is not None and look:
        colorbar_ax = ax.inset_axes((1 + 0.1 / columns, 0.02, 0.08 / columns, 0.96))  # as high as the images
        bar = ax.figure.colorbar(ScalarMappable(**look), cax=colorbar_ax)
        bar.set_label(colorbar, fontsize=TEXT, color=INK)
        bar.ax.tick_params(labelsize=SMALL, color=FAINT, labelcolor=INK)
        bar.outline.set_visible(False)
    return ax


def color_key(ax: Axes, names: Sequence[str], limit: float, *, title: str, label: str) -> None:
    """A key for the meaning of red, green and blue in signed colors, 0.5 + 0.5 · value / limit, next to a mosaic.

    Args:
        ax: the mosaic's.
        names: of the three quantities.
        limit: the value of full red, green or blue; its negative is none of that color, and zero is gray.
        title: what the three are.
        label: of the scale.
    """
    width = np.ptp(ax.get_xlim())  # in images
    colorbar_ax = ax.inset_axes((1 + 0.1 / width, 0.02, 0.6 / width, 0.96))
    ramps = np.full((STEPS, 3, 3), 0.5)
    ramps[:, range(3), range(3)] = np.linspace(1, 0, STEPS)[:, None]  # each quantity alone, the high end on top
    colorbar_ax.imshow(ramps, extent=(-0.5, 2.5, -limit, limit), aspect="auto", interpolation="nearest")
    colorbar_ax.set_xticks(range(3), names, fontsize=SMALL, color=INK)
    colorbar_ax.set_xlabel(title, fontsize=SMALL, color=INK)
    colorbar_ax.yaxis.tick_right()
    colorbar_ax.yaxis.set_label_position("right")
    colorbar_ax.set_ylabel(label, fontsize=TEXT, color=INK)
    colorbar_ax.tick_params(labelsize=SMALL, color=FAINT, labelcolor=INK)
    for spine in colorbar_ax.spines.values():
        spine.set_visible(False)


def shortened(name: str) -> str:
    """A class's name that fits over or under an image."""
    return name if len(name) <= 12 else f"{name[:11]}…"


def _limits(images: np.ndarray, signed: bool) -> tuple[float, float]:
    """The ends of the scale: ±the largest magnitude, or from zero (or below) to the maximum; never equal."""
    if signed:
        largest = largest_magnitude(images)
        return -largest, largest
    finite = images[np.isfinite(images)]
    low, high = min(0.0, float(finite.min(initial=0))), float(finite.max(initial=0))
    return low, high if high > low else low + 1
