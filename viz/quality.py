"""The quality of a low-dimensional embedding: measures that need no labels.

They compare neighborhoods, in blocks of rows, so that no matrix of all distances is held.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .blocks import row_blocks, unit_scale
from .estimator import as_count, as_matrix

ROUNDING = 1e-12


def trustworthiness(X: Any, embedding: Any, *, n_neighbors: int = 5) -> float:
    """Are neighbors in the embedding neighbors in the data? 1 if all are, about ½ for a random embedding.

        T = 1 − 2 / (n k (2n − 3k − 1)) Σ_i Σ_{j ∈ N_i} max(0, r_ij − k)

    where N_i are the k points nearest to i in the embedding and r_ij is j's rank among all points by distance from i in
    the data, 1 for the nearest (Venna and Kaski 2001). Points at the same distance, up to rounding, share the best
    rank.

    Args:
        X: the data (samples, features).
        embedding: the same points, in any number of dimensions.
        n_neighbors: k, below half the number of samples.

    Raises:
        TypeError: an argument is sparse, or holds objects that are not numbers.
        ValueError: k is out of range, the lengths differ, or a value is not finite.
    """
    name = "trustworthiness"
    X, embedding, k = _points(X, embedding, n_neighbors, name)
    n = len(X)
    if 2 * k >= n:
        raise ValueError(f"{name}: n_neighbors must be below half the number of samples, {n} / 2; got {k}")

    def excess(distance: np.ndarray, embedded: np.ndarray) -> int:
        own = np.take_along_axis(distance, _nearest(embedded, k), axis=1) * (1 - ROUNDING)
        rank = np.stack([np.count_nonzero(distance < own[:, j, None], axis=1) for j in range(k)]) + 1
        return int(np.maximum(rank - k, 0).sum())

    return 1 - 2 / (n * k * (2 * n - 3 * k - 1)) * _sum_over_points(X, embedding, excess)


def knn_preservation(X: Any, embedding: Any, *, n_neighbors: int = 10) -> float:
    """The share of each point's k nearest neighbors in the data that are also its k nearest in the embedding.

    1 if all are; k / (n − 1) on average for a random embedding of n points.

    Args:
        X: the data (samples, features).
        embedding: the same points, in any number of dimensions.
        n_neighbors: k, below the number of samples.

    Raises:
        TypeError: an argument is sparse, or holds objects that are not numbers.
        ValueError: k is out of range, the lengths differ, or a value is not finite.
    """
    name = "knn_preservation"
    X, embedding, k = _points(X, embedding, n_neighbors, name)
    if k >= len(X):
        raise ValueError(f"{name}: n_neighbors must be below the number of samples, {len(X)}; got {k}")

    def shared(distance: np.ndarray, embedded: np.ndarray) -> int:
        return int(np.count_nonzero(_nearest(distance, k)[:, :, None] == _nearest(embedded, k)[:, None, :]))

    return _sum_over_points(X, embedding, shared) / (len(X) * k)


def reconstruction_error(X: Any, reconstruction: Any, *, relative: bool = False) -> float:
    """‖X − reconstruction‖, the root of the sum of squared differences; with `relative`, as a share of ‖X‖.

    Args:
        X: the data (samples, features).
        reconstruction: a model's approximation, of the same shape.
        relative: divide by ‖X‖. Data of zeros has error 0 if reproduced and infinity if not.

    Raises:
        TypeError: an argument is sparse, or holds objects that are not numbers.
        ValueError: the shapes differ, or a value is not finite.
    """
    name = "reconstruction_error"
    X, reconstruction = as_matrix(X, name), as_matrix(reconstruction, name)
    if X.shape != reconstruction.shape:
        raise ValueError(f"{name}: X has shape {X.shape}, but its reconstruction has {reconstruction.shape}")
    scale = unit_scale(float(max(np.abs(X).max(), np.abs(reconstruction).max())))

    def squares(rows: slice) -> np.ndarray:
        original = X[rows].astype(np.float64) / scale
        difference = original - reconstruction[rows] / scale
        return np.array([np.vdot(difference, difference), np.vdot(original, original)])

    with row_blocks(X) as blocks:
        error, size = np.sqrt(blocks.sum(squares)).tolist()
    if relative:
        return error / size if size > 0 else 0.0 if error == 0 else np.inf
    return error * scale


def _points(X: Any, embedding: Any, n_neighbors: int, name: str) -> tuple[np.ndarray, np.ndarray, int]:
    """Both point sets in float64, centered and of ordinary size, which changes no neighborhood."""
    k = as_count(n_neighbors, "n_neighbors", name)
    X, embedding = as_matrix(X, name), as_matrix(embedding, name)
    if len(X) != len(embedding):
        raise ValueError(f"{name}: X has {len(X)} points, but the embedding has {len(embedding)}")
    return _near_origin(X), _near_origin(embedding), k


def _near_origin(points: np.ndarray) -> np.ndarray:
    points = points / unit_scale(float(np.abs(points).max()))
    return points.astype(np.float64) - points.mean(axis=0, dtype=np.float64)


def _sum_over_points(X: np.ndarray, embedding: np.ndarray, measure: Callable[[np.ndarray, np.ndarray], int]) -> float:
    """Σ measure(squared distances in the data, and in the embedding) over blocks of points, from each to all."""

    def of_block(rows: slice) -> np.ndarray:
        return np.array([measure(_squared_distances(X, rows), _squared_distances(embedding, rows))], np.float64)

    with row_blocks(X, width=len(X)) as blocks:
        return float(blocks.sum(of_block)[0])


def _squared_distances(points: np.ndarray, rows: slice) -> np.ndarray:
    """‖x_i − x_j‖² = ‖x_i‖² − 2 x_i·x_j + ‖x_j‖²  from the points in `rows` to all; infinity from each to itself."""
    norms = np.einsum("ij,ij->i", points, points)
    distance = norms[rows, None] - 2 * (points[rows] @ points.T) + norms
    own = np.arange(rows.stop - rows.start)
    distance[own, own + rows.start] = np.inf
    return distance


def _nearest(distance: np.ndarray, k: int) -> np.ndarray:
    """The columns of each row's k least distances, in no order."""
    return np.argpartition(distance, k - 1, axis=1)[:, :k]
