"""Moving points of the plane to the cells of a grid, so that their images do not overlap."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

EXACT = 1600  # points up to which the assignment is optimal: a second of work, 20 MB of costs


def grid_places(points: ArrayLike, columns: int | None = None) -> np.ndarray:
    """A separate grid cell (row, column) for each of N points, near its original position: int (N, 2).

        minimize Σ |points_i − cell_i|²,  both scaled to the unit square

    Row 0 is on top, where y is largest. Up to 1,600 points the assignment is optimal. For more, the grid and the points
    are repeatedly halved across the longer side, each half of the points going to its half of the cells: neighbors stay
    close, but the sum is larger.

    Args:
        points: (N, 2): x and y.
        columns: of the grid, which determine its rows; by default the grid is nearly square.

    Raises:
        ValueError: the points are not (N, 2) or not finite, or `columns` is below 1.

    Source: after Karpathy (2014), t-SNE visualization of CNN codes, where images are moved to a grid one by one.
    """
    xy = np.asarray(points, float)
    if xy.ndim != 2 or xy.shape[1] != 2 or not len(xy) or not np.isfinite(xy).all():
        raise ValueError(f"grid_places: expected finite points (N, 2), got shape {xy.shape}")
    columns = int(np.ceil(np.sqrt(len(xy)))) if columns is None else columns
    if columns < 1:
        raise ValueError(f"grid_places: columns must be at least 1, got {columns}")
    rows = -(-len(xy) // columns)
    span = np.ptp(xy, axis=0)
    unit = (xy - xy.min(axis=0)) / np.where(span > 0, span, 1)
    wished = np.stack([1 - unit[:, 1], unit[:, 0]], axis=1)  # (row, column), both in 0…1
    if len(xy) <= EXACT:
        return _optimal(wished, rows, columns)
    cells = np.empty((len(xy), 2), np.int64)
    _halve(wished, np.arange(len(xy)), (0, 0, rows, columns), cells)
    return cells


def _optimal(wished: np.ndarray, rows: int, columns: int) -> np.ndarray:
    from scipy.optimize import linear_sum_assignment
    from scipy.spatial.distance import cdist

    cells = np.stack(np.divmod(np.arange(rows * columns), columns), axis=1)
    centers = (cells + 0.5) / (rows, columns)
    _, chosen = linear_sum_assignment(cdist(wished, centers, "sqeuclidean"))
    return cells[chosen]


def _halve(wished: np.ndarray, points: np.ndarray, box: tuple[int, int, int, int], cells: np.ndarray) -> None:
    """Assign the points (indices) to cells of the box (top, left, bottom, right), which has at least as many cells."""
    top, left, bottom, right = box
    height, width = bottom - top, right - left
    if len(points) <= 1 or height * width == 1:
        cells[points] = top, left
        return
    if height >= width:
        axis, first, second = 0, (top, left, top + height // 2, right), (top + height // 2, left, bottom, right)
        share = height // 2 / height
    else:
        axis, first, second = 1, (top, left, bottom, left + width // 2), (top, left + width // 2, bottom, right)
        share = width // 2 / width
    room = height * width
    capacity = round(room * share)
    count = min(capacity, max(round(len(points) * share), len(points) - (room - capacity)))
    order = points[np.argsort(wished[points, axis], kind="stable")]
    _halve(wished, order[:count], first, cells)
    _halve(wished, order[count:], second, cells)
