"""Points of the plane, as dots in their classes' colors or as images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import AutoLocator
from numpy.typing import ArrayLike

from ._canvas import FAINT, INK, PAPER, SMALL, TEXT, axes_for, class_colors, heading, tidy

SIDE = 6.0  # inches of the longer side of a new plot
FLATTEST = 0.3  # of the longer side, the shorter one at least
MARKERS = ("o", "s", "^", "D", "v", "P", "X")


def scatter(
    points: ArrayLike,
    labels: ArrayLike | None = None,
    classes: Sequence[str] = (),
    ax: Axes | None = None,
    *,
    images: ArrayLike | None = None,
    most: int = 400,
    size: float = 0.035,
    variance: ArrayLike | None = None,
    title: str = "",
) -> Axes:
    """A map of points: distances to the right and up mean the same.

    The axes of a PCA are its first two components, in the unit of the features. Those of t-SNE have neither unit nor
    zero, and therefore no ticks.

    With `images`, as many as there is room for replace their dots, framed in the color of their class: points are tried
    in the given order, and a point whose image would overlap one already drawn stays a dot.

    Args:
        points: (N, 2).
        labels: the class of each point, (N,).
        classes: the classes' names.
        ax: where to draw; a new figure's if not given.
        images: uint8 (N, 1 or 3, H, W).
        most: images drawn.
        size: of an image, of the plot's longer side.
        variance: of a PCA the share of each axis, (2,) or more: its `explained_variance_ratio_`, which names the axes.
        title: over the plot.

    Raises:
        ValueError: the shapes do not fit together.
    """
    xy, kinds, colors = _checked("scatter", points, labels, images)
    shares = None if variance is None else np.asarray(variance, float)
    if shares is not None and (shares.ndim != 1 or len(shares) < 2):
        raise ValueError(f"scatter: expected the variance of at least two components, got shape {shares.shape}")
    span = float(np.ptp(xy, axis=0).max()) or 1.0
    edge = (0.02 if images is None else 0.01 + size / 2) * span  # from the outermost points, or their images
    sides = np.maximum(np.ptp(xy, axis=0) + 2 * edge, FLATTEST * span)
    low = (xy.min(axis=0) + xy.max(axis=0) - sides) / 2
    wide, tall = SIDE * sides / sides.max()
    named = classes if labels is not None else ()
    ax = axes_for(ax, wide + _legend_width(kinds, named) + (0.1 if shares is None else 0.6), tall + 0.7)
    drawn = np.zeros(len(xy), bool)
    if images is not None:
        drawn[_apart(xy, size * span * 1.02, most)] = True
        pixels = _pixels(images)
        for i in np.flatnonzero(drawn):
            _thumbnail(ax, pixels[i], xy[i], size * span, 0.55 if labels is None else colors[i])
    dots: dict[str, Any] = {"s": 9 if images is None else 4, "linewidths": 0, "alpha": 0.85, "zorder": 1}
    for kind in np.unique(kinds):
        mine = (kinds == kind) & ~drawn
        marker = MARKERS[kind // len(class_colors()) % len(MARKERS)]
        ax.scatter(xy[mine, 0], xy[mine, 1], c=colors[mine], marker=marker, rasterized=len(xy) > 5000, **dots)
    ax.set_xlim(low[0], low[0] + sides[0], auto=True)  # matplotlib may widen them, to fill the axes
    ax.set_ylim(low[1], low[1] + sides[1], auto=True)
    ax.set_aspect("equal", adjustable="datalim")
    _finish(ax, kinds if labels is not None else None, classes, title)
    if shares is None:
        ax.set_xlabel("the axes have no unit", fontsize=TEXT, color=FAINT)
        return ax
    tidy(ax)
    for axis, ordinal, share in zip((ax.xaxis, ax.yaxis), ("first", "second"), shares, strict=False):
        axis.set_major_locator(AutoLocator())
        gap = " " if axis is ax.xaxis else "\n"  # there is less room upwards
        axis.set_label_text(f"{ordinal} principal component{gap}({share:.0%} of variance)", fontsize=TEXT, color=INK)
    for side in ("left", "bottom"):
        ax.spines[side].set_visible(True)
    return ax


def grid_places(
    images: ArrayLike,
    places: ArrayLike,
    labels: ArrayLike | None = None,
    classes: Sequence[str] = (),
    ax: Axes | None = None,
    *,
    title: str = "",
) -> Axes:
    """Every image in its cell of a grid (see `viz.grid_places`), framed in the color of its class.

    Args:
        images: uint8 (N, 1 or 3, H, W).
        places: (row, column) of each, (N, 2).
        labels: the class of each image, (N,).
        classes: the classes' names.
        ax: where to draw; a new figure's if not given.
        title: over the plot.

    Raises:
        ValueError: the shapes do not fit together.
    """
    cells, kinds, colors = _checked("grid_places", places, labels, images)
    cells = cells.astype(int)
    pixels = _pixels(images)
    N, H, W, _ = pixels.shape
    rows, columns = cells.max(axis=0) + 1
    edge = max(1, round(min(H, W) / 14)) if labels is not None else 0  # pixels of frame
    sheet = np.ones((rows, H + 2 * edge + 1, columns, W + 2 * edge + 1, 3))
    for i in range(N):
        row, column = cells[i]
        sheet[row, : H + 2 * edge, column, : W + 2 * edge] = colors[i]
        sheet[row, edge : H + edge, column, edge : W + edge] = pixels[i]
    sheet = sheet.reshape(rows * sheet.shape[1], columns * sheet.shape[3], 3)
    ax = axes_for(ax, 7.4, 7.4 * sheet.shape[0] / sheet.shape[1])
    ax.imshow(sheet, interpolation="nearest")
    _finish(ax, kinds if labels is not None else None, classes, title)
    return ax


def _checked(
    caller: str, points: ArrayLike, labels: ArrayLike | None, images: ArrayLike | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Points (N, 2), the class of each (0 where none is known), and its color (N, 3)."""
    xy = np.asarray(points, float)
    if xy.ndim != 2 or xy.shape[1] != 2 or not len(xy):
        raise ValueError(f"{caller}: expected points (N, 2), got shape {xy.shape}")
    for name, values in (("labels", labels), ("images", images)):
        if values is not None and len(np.asarray(values)) != len(xy):
            raise ValueError(f"{caller}: {len(xy)} points, but {len(np.asarray(values))} {name}")
    kinds = np.zeros(len(xy), int) if labels is None else np.asarray(labels).astype(int)
    palette = class_colors()
    return xy, kinds, palette[kinds % len(palette)]


def _pixels(images: ArrayLike) -> np.ndarray:
    """uint8 (N, C, H, W) to colors in 0…1, (N, H, W, 3)."""
    pixels = np.asarray(images).transpose(0, 2, 3, 1) / 255
    return np.broadcast_to(pixels, (*pixels.shape[:3], 3))


def _apart(xy: np.ndarray, distance: float, most: int) -> np.ndarray:
    """Indices of at most `most` points, no two nearer than `distance` along both axes; first come first."""
    taken: dict[tuple[int, int], list[int]] = {}  # by squares of this size: only neighbors can collide
    kept: list[int] = []
    for i, cell in enumerate(map(tuple, np.floor(xy / distance).astype(int))):
        near = [j for dx in (-1, 0, 1) for dy in (-1, 0, 1) for j in taken.get((cell[0] + dx, cell[1] + dy), [])]
        if all(np.abs(xy[i] - xy[j]).max() >= distance for j in near):
            taken.setdefault(cell, []).append(i)
            kept.append(i)
            if len(kept) >= most:
                break
    return np.array(kept, int)


def _thumbnail(ax: Axes, pixels: np.ndarray, at: np.ndarray, side: float, color: Any) -> None:
    edge = max(1, round(min(pixels.shape[:2]) / 14))
    framed = np.empty((pixels.shape[0] + 2 * edge, pixels.shape[1] + 2 * edge, 3))
    framed[:] = color
    framed[edge:-edge, edge:-edge] = pixels
    (x, y), half = at, side / 2
    extent = (x - half, x + half, y - half, y + half)
    ax.imshow(framed, extent=extent, interpolation="nearest", aspect="auto", zorder=2)


def _legend_width(kinds: np.ndarray, classes: Sequence[str]) -> float:
    """Inches, about."""
    return 0.7 + 0.075 * max(len(classes[kind]) for kind in np.unique(kinds)) if len(classes) else 0.0


def _finish(ax: Axes, kinds: np.ndarray | None, classes: Sequence[str], title: str) -> None:
    """No ticks; a legend of the classes that occur, to the right of the plot."""
    ax.set_xticks([])
    ax.set_yticks([])
    for spine in ax.spines.values():
        spine.set_visible(False)
    heading(ax, title)
    if kinds is None or not len(classes):
        return
    palette = class_colors()
    handles = []
    for kind in np.unique(kinds):
        look: dict[str, Any] = {"marker": MARKERS[kind // len(palette) % len(MARKERS)], "markersize": 7, "ls": "none"}
        handles.append(Line2D([], [], color=palette[kind % len(palette)], label=classes[kind], **look))
    legend = ax.legend(
        handles=handles,
        loc="upper left",
        bbox_to_anchor=(1.01, 1),
        fontsize=SMALL,
        frameon=False,
        labelcolor=INK,
        facecolor=PAPER,
    )
    for text in legend.get_texts():
        text.set_parse_math(False)
