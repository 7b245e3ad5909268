"""Which images are near each other, in pixels or features, and whether they have the same label."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from minicnn.distributed import Group

from ..tsne.neighbors import nearest_neighbors as nearest_rows

METRICS = ("euclidean", "cosine")


def nearest_neighbors(
    features: np.ndarray,
    queries: np.ndarray | None = None,
    k: int = 5,
    *,
    metric: str = "euclidean",
    group: Group | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """The k nearest rows of `features`, nearest first, exactly, by blocked matrix products.

    Args:
        features: (N, …), such as features (N, D) or images (N, C, H, W), whose axes after the first are flattened.
        queries: (M, …): find their neighbors among `features`. By default the rows of `features` themselves, none of
            which is its own neighbor.
        k: how many.
        metric: "euclidean", or "cosine" (1 − the cosine of the angle between rows), which ignores the brightness of an
            image or the strength of an activation.
        group: processes that share the queries (`minicnn.distributed`); each gets all of the result.

    Returns:
        indices int32 (M, k) and distances float32 (M, k).

    Raises:
        ValueError: the rows have different lengths, a value is not finite, there are fewer than k other rows, or the
            metric is unknown.
    """
    if metric not in METRICS:
        raise ValueError(f"nearest_neighbors: expected metric to be one of {', '.join(METRICS)}, got {metric!r}")
    rows = _rows("features", features)
    asked = None if queries is None else _rows("queries", queries)
    if asked is not None and asked.shape[1] != rows.shape[1]:
        raise ValueError(f"nearest_neighbors: features have {rows.shape[1]} columns, but queries {asked.shape[1]}")
    if metric == "cosine":
        rows, asked = _directions(rows), None if asked is None else _directions(asked)
    center = rows.mean(axis=0, dtype=np.float64).astype(np.float32)  # far from the origin, the products lose digits
    indices, distances = nearest_rows(rows - center, k, None if asked is None else asked - center, group)
    return indices, np.square(distances) / 2 if metric == "cosine" else distances


def label_agreement(indices: ArrayLike, labels: ArrayLike, query_labels: ArrayLike | None = None) -> float:
    """The share of neighbors with the same label as the query; about 1/K by chance.

    Args:
        indices: of the neighbors, (M, k), as `nearest_neighbors` returns them; `indices[:, :1]` uses only the nearest.
        labels: of the rows that were searched, (N,).
        query_labels: of the queries, (M,); by default `labels`.

    Raises:
        ValueError: there are no neighbors, or there is not one label for each row of `indices`.
    """
    indices, labels = np.asarray(indices), np.asarray(labels)
    own = labels if query_labels is None else np.asarray(query_labels)
    if not indices.size:
        raise ValueError(f"label_agreement: expected at least one neighbor, got indices of shape {indices.shape}")
    if indices.ndim != 2 or own.shape != (len(indices),):
        raise ValueError(f"label_agreement: expected a label for each row of indices {indices.shape}, got {own.shape}")
    return float((labels[indices] == own[:, None]).mean())


def _rows(name: str, values: np.ndarray) -> np.ndarray:
    values = np.asarray(values)
    if values.ndim < 2 or not values.size:
        raise ValueError(f"nearest_neighbors: expected {name} (N, …), got shape {values.shape}")
    with np.errstate(over="ignore", invalid="ignore"):  # of numbers too large for float32, and of opposite infinities
        rows = values.reshape(len(values), -1).astype(np.float32, copy=False)
        total = rows.sum(dtype=np.float64)  # which finite rows cannot make infinite
    if not np.isfinite(total):
        raise ValueError(f"nearest_neighbors: {name} must be finite, but row {_first_infinite(rows)} is not")
    return rows


def _first_infinite(rows: np.ndarray) -> int:
    return int(np.flatnonzero(~np.isfinite(rows).all(axis=1))[0])


def _directions(rows: np.ndarray) -> np.ndarray:
    """Rows of length 1; a row of zeros stays zero, at a distance of ½ from all others."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(np.divide(rows, lengths, out=np.zeros_like(rows), where=lengths > 0))
