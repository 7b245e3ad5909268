"""Repulsion between all pairs of points: exactly, by Barnes-Hut, or interpolated with FFTs.

Each is a function of the embedding y (C, N) that returns

    force_i = Σ_j (1 + |y_i−y_j|²)⁻² (y_i − y_j)    (C, N)      and      Z = Σ_i Σ_{j≠i} (1 + |y_i−y_j|²)⁻¹
"""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np

from .barnes_hut import barnes_hut
from .exact import exact
from .interpolation import grid_around, interpolated

METHODS = ("auto", "exact", "barnes_hut", "fft")
Repulsion = Callable[[np.ndarray], tuple[np.ndarray, float]]

# What the parts cost, in units of one pair of the exact sum (0.06 ns on two cores), measured.
POINT_COST = 1200  # splines, spreading and gathering
NODE_COST = 80  # four passes of FFTs
EXACT_IN_SPACE = 16_000  # points in three dimensions up to which the exact sum is faster than the tree


def repulsion_by(method: str, dimensions: int, angle: float) -> Repulsion:
    """The repulsion function for this number of dimensions; `angle` is Barnes-Hut's.

    "auto" is the fastest with an error below 1 %. In one or two dimensions it decides at every step, because the grid
    grows with the embedding: all pairs while they cost less than the grid, then interpolation.

    Raises:
        ValueError: "fft" in three dimensions, where the grid would be too large.
    """
    if method == "fft" and dimensions == 3:
        raise ValueError("TSNE: method='fft' works in 1 or 2 dimensions, got n_components=3; choose 'auto'")
    by_tree: Repulsion = functools.partial(barnes_hut, angle=angle)
    if method == "auto":
        return functools.partial(_quickest_in_space, by_tree) if dimensions == 3 else _quickest_in_plane
    choices: dict[str, Repulsion] = {"exact": exact, "barnes_hut": by_tree, "fft": interpolated}
    return choices[method]


def _quickest_in_plane(y: np.ndarray) -> tuple[np.ndarray, float]:
    n = y.shape[1]
    rows, columns = grid_around(y).padded
    return exact(y) if n * n < POINT_COST * n + NODE_COST * rows * columns else interpolated(y)


def _quickest_in_space(by_tree: Repulsion, y: np.ndarray) -> tuple[np.ndarray, float]:
    return exact(y) if y.shape[1] <= EXACT_IN_SPACE else by_tree(y)
