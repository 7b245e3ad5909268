"""Filters of later layers, reduced to three colors: a mosaic of small images, one for each unit."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from ._canvas import INK, SMALL, axes_for, heading, largest_magnitude
from .mosaic import KEY, color_key, mosaic

MOST_UNITS = 64
ROWS, COLUMNS = 8, 12


def weight_factors(
    factors: ArrayLike, ax: Axes | None = None, *, most: int = MOST_UNITS, title: str = "", columns: int | None = None
) -> Axes:
    """An image for each unit, in which red, green and blue are three groups of its inputs; gray is zero.

    Each factor has its own scale, or the strongest would hide the others' colors; a negative weight takes its factor's
    color away from the gray. Of more than `most` units those with the largest weights are drawn.

    Args:
        factors: what `viz.weight_factors` gives, (out, kh, kw, 3).
        ax: where to draw; a new figure's if not given.
        most: units drawn.
        title: over the plot; how many of how many are drawn is added.
        columns: images in a row.

    Raises:
        ValueError: there are not three factors.
    """
    w = np.asarray(factors, float)
    if w.ndim != 4 or w.shape[3] != 3:
        raise ValueError(f"weight_factors: expected factors (out, kh, kw, 3), got shape {w.shape}")
    units = largest(w, most)
    shares = w[units] / [largest_magnitude(w[..., factor]) for factor in range(3)]
    ax = mosaic(0.5 + 0.5 * shares, ax, titles=[str(unit) for unit in units], columns=columns, margin=KEY)
    color_key(ax, ("1", "2", "3"), 1, title="factor", label="share of the factor's largest")
    heading(ax, f"{title}{_chosen(len(units), len(w), 'units')}".strip())
    return ax


def filter_table(
    weights: ArrayLike, ax: Axes | None = None, *, rows: int = ROWS, columns: int = COLUMNS, title: str = ""
) -> Axes:
    """Units by input channels: a signed map for each pair, all on one scale.

    Of more units than rows, and of more inputs than columns, those with the largest weights are drawn, the inputs by
    their weights to the units drawn.

    Args:
        weights: (out, in, kh, kw).
        ax: where to draw; a new figure's if not given.
        rows, columns: how many units, and inputs, at most.
        title: over the plot; how many of how many are drawn is added.

    Raises:
        ValueError: the shape is another.
    """
    w = np.asarray(weights, float)
    if w.ndim != 4 or 0 in w.shape:
        raise ValueError(f"filter_table: expected weights (out, in, kh, kw), got shape {w.shape}")
    units = largest(w, rows)
    inputs = largest(w[units].transpose(1, 0, 2, 3), columns)
    chosen = w[np.ix_(units, inputs)]
    kh, kw = w.shape[2:]
    ax = axes_for(ax, 0.55 * len(inputs) + 1.6, 0.55 * len(units) * kh / kw + 0.9)
    mosaic(chosen.reshape(-1, kh, kw), ax, columns=len(inputs), signed=True, colorbar="weight")
    step = kh / kw + 0.08
    for i, unit in enumerate(units):
        ax.text(-0.15, i * step + kh / kw / 2, str(unit), ha="right", va="center", fontsize=SMALL, color=INK)
    for j, channel in enumerate(inputs):
        ax.text(j * 1.08 + 0.5, -0.12, str(channel), ha="center", va="bottom", fontsize=SMALL, color=INK)
    ax.set_xlim(-0.9, ax.get_xlim()[1])
    ax.set_ylim(ax.get_ylim()[0], -0.55)
    known = f"{_chosen(len(units), len(w), 'units')}{_chosen(len(inputs), w.shape[1], 'inputs')}"
    heading(ax, f"{title}: units (rows) by inputs{known}" if title else f"units (rows) by inputs{known}")
    return ax


def largest(weights: np.ndarray, most: int) -> np.ndarray:
    """Of the first axis the `most` entries with the largest norms, in their own order."""
    norms = np.square(weights).reshape(len(weights), -1).sum(axis=1)
    return np.sort(np.argsort(-norms, kind="stable")[:most])


def _chosen(drawn: int, there: int, what: str) -> str:
    return f", the {drawn} largest of {there} {what}" if drawn < there else ""
