"""The transpose of `numpy.take`, which reads along an axis by a table of indices."""

from __future__ import annotations

import numpy as np

from .contract import Array


def scatter(dy: Array, table: Array, size: int, axis: int) -> Array:
    """Add each slice of dy onto the one it was taken from: dx[table[o]] += dy[o], along an axis.

    If y = x.take(table, axis), then dx = scatter(dy, table, x.shape[axis], axis).
    """
    dx = np.zeros((*dy.shape[:axis], size, *dy.shape[axis + 1 :]), dy.dtype)
    to, of = np.moveaxis(dx, axis, 0), np.moveaxis(dy, axis, 0)
    for o, i in enumerate(table):
        to[i] += of[o]
    return dx
