"""The patches that excite channels most, and weights between channels shown with them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from ._canvas import DIVERGING, FAINT, INK, SMALL, TEXT, axes_for, heading, largest_magnitude, new_figure

if TYPE_CHECKING:
    from ..activations import ExcitingPatches
    from ..weights import ContextualizedWeights

LEAST = 36  # pixels of a patch on the sheet, at least: smaller ones are magnified, each pixel to a square
GAP, FRAME = 5, 0.6  # pixels of white between patches, and the gray of the line around each
LETTER = 0.07  # inches of a name's letter
EMPTY = "no image excites it"
FEW = 12  # channels


def exciting_patches(
    found: ExcitingPatches | ArrayLike,
    ax: Axes | None = None,
    *,
    channels: ArrayLike | None = None,
    names: Sequence[str] = (),
    title: str = "",
) -> Axes:
    """A row of patches for each channel, strongest first; masked entries are left blank.

    Args:
        found: what `viz.exciting_patches` returned; or uint8 (C, T, 1 or 3, h, w), as its `patches` gives them.
        ax: where to draw; a new figure's if not given.
        channels: which of a result's, (n,); the twelve most excited if not given.
        names: of the channels, at the left; a result brings its own.
        title: over the plot.

    Raises:
        ValueError: the shape is another, or there is not one name for each channel.
    """
    if hasattr(found, "patches"):
        result: Any = found
        if channels is None:
            channels = np.argsort(-result.scores[:, 0], kind="stable")[:FEW]  # the dead, without a score, come last
        found, names = result.patches(channels=channels), names or result.names(channels)
        title = title or f"{result.layer}: what excites its channels"
    given: np.ma.MaskedArray = np.ma.asarray(found)
    if given.ndim != 5 or 0 in given.shape or given.shape[2] not in (1, 3):
        raise ValueError(f"exciting_patches: expected images (channels, T, 1 or 3, h, w), got shape {given.shape}")
    C, T, _, h, w = given.shape
    if names and len(names) != C:
        raise ValueError(f"exciting_patches: {C} channels, but {len(names)} names")
    margin = LETTER * max(map(len, names), default=0) + 0.2
    ax = axes_for(ax, 0.62 * T + margin, 0.62 * C * h / w + 0.4)
    sheet, step = _sheet(given)
    ax.imshow(sheet, interpolation="nearest")
    _bare(ax)
    ax.set_anchor("NW")
    middles = (np.arange(C) + 0.5) * step - GAP / 2
    if names:
        ax.set_yticks(middles, names, fontsize=SMALL, color=INK, parse_math=False)
        ax.tick_params(left=False)
    for i in np.flatnonzero(_missing(given).all(axis=1)):
        ax.text(0, middles[i], EMPTY, va="center", fontsize=SMALL, color=FAINT)
    heading(ax, title)
    return ax


def contextualized_weights(found: ContextualizedWeights, figure: Figure | None = None) -> Figure:
    """A row for each input: what excites it, and the unit's weights to it; at the right, what excites the unit.

    Weights are on one scale: red wants the input there, blue wants it absent.

    Args:
        found: what `viz.contextualized_weights` gives, with uint8 images (…, 1 or 3, h, w).
        figure: where to draw; a new one if not given.
    """
    n, T = found.inputs.shape[:2]
    if figure is None:
        figure = new_figure(9.6, 0.95 * n + 0.7)
    grid = figure.add_gridspec(n, 3, width_ratios=[min(T, 6), 1.1, 4.2])
    limit = largest_magnitude(found.weights)
    drawn = None
    for i, channel in enumerate(found.channels):
        before, middle = figure.add_subplot(grid[i, 0]), figure.add_subplot(grid[i, 1])
        before.imshow(_sheet(found.inputs[i][None, :6])[0], interpolation="nearest")
        before.set_ylabel(f"input {channel}", fontsize=SMALL, color=INK, rotation=0, ha="right", va="center")
        if _missing(found.inputs[i]).all():
            before.annotate(EMPTY, (0.01, 0.5), xycoords="axes fraction", va="center", fontsize=SMALL, color=FAINT)
        drawn = middle.imshow(found.weights[i], cmap=DIVERGING, vmin=-limit, vmax=limit, interpolation="nearest")
        if i == 0:
            heading(before, "what excites the inputs")
            heading(middle, "weights")
        for ax in (before, middle):
            _bare(ax)
    after = figure.add_subplot(grid[:, 2])
    side = int(np.ceil(np.sqrt(len(found.output))))
    rows = [found.output[i : i + side] for i in range(0, len(found.output) - side + 1, side)]
    after.imshow(_sheet(np.ma.stack(rows))[0], interpolation="nearest")
    heading(after, f"what excites unit {found.unit} of {found.layer}")
    if _missing(found.output).all():
        after.annotate(EMPTY, (0.01, 0.97), xycoords="axes fraction", va="top", fontsize=SMALL, color=FAINT)
    _bare(after)
    if drawn is not None:
        bar = figure.colorbar(drawn, ax=after, shrink=0.6, location="right")
        bar.set_label("weight", fontsize=TEXT, color=INK)
        bar.ax.tick_params(labelsize=SMALL)
    return figure


def _sheet(given: np.ndarray) -> tuple[np.ndarray, int]:
    """Patches (C, T, 1 or 3, h, w) on one sheet, red, green, blue in 0…1, and the height of a row."""
    factor = -(-LEAST // min(given.shape[3:]))
    colors = (np.ma.getdata(given).transpose(0, 1, 3, 4, 2) / 255).repeat(factor, axis=2).repeat(factor, axis=3)
    C, T, h, w = colors.shape[:4]
    sheet = np.ones((C, h + 2 + GAP, T, w + 2 + GAP, 3))
    sheet[:, : h + 2, :, : w + 2] = FRAME
    sheet[:, 1 : h + 1, :, 1 : w + 1] = colors.transpose(0, 2, 1, 3, 4)
    sheet.transpose(0, 2, 1, 3, 4)[_missing(given)] = 1
    step = h + 2 + GAP
    return sheet.reshape(C * step, T * (w + 2 + GAP), 3)[:-GAP, :-GAP], step


def _missing(given: np.ndarray) -> np.ndarray:
    """Which of the patches (…, 1 or 3, h, w) are masked, bool (…)."""
    return np.ma.getmaskarray(given)[..., 0, 0, 0]


def _bare(ax: Axes) -> None:
    ax.set_xticks([])
    ax.set_yticks([])
    for spine in ax.spines.values():
        spine.set_visible(False)
