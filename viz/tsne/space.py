"""Coordinates in which the Euclidean distance is, up to one function, the metric asked for.

Shifting or scaling the data does not change t-SNE's affinities. The data are therefore centered and scaled to unit size
here, once, and everything after works in float32 whatever the data's units.
"""

from __future__ import annotations

import numpy as np

METRICS = ("euclidean", "cosine")
FARTHEST = 1e9  # times the size of the fitted data: beyond it, a new point's distances to all of them are equal


class Space:
    """The transformation determined from the data `X` (N, D), also applied to new data.

    - "euclidean": u = (x − mean) / largest coordinate, and the distance is |u − v|, in units of that.
    - "cosine": u = x / |x|, and the distance is 1 − cos(x, x') = ½|u − v|². A row of zeros has no direction: it gets a
      unit vector along an extra axis, so that it is at distance 1 from every other row, and at 0 from other zero rows.

    Raises:
        ValueError: the values are so large that their differences overflow.
    """

    def __init__(self, X: np.ndarray, metric: str) -> None:
        self.metric = metric
        if metric == "euclidean":
            with np.errstate(over="ignore", invalid="ignore"):
                self._mean = X.mean(axis=0, dtype=np.float64).astype(X.dtype)
                self._size = _largest(X - self._mean)
            if not np.isfinite(self._size):
                raise ValueError(f"TSNE: the values of X are too large for {X.dtype}; divide X by a constant")

    def coordinates(self, X: np.ndarray) -> np.ndarray:
        """Rows of `X` (M, D) as float32 (M, D) points, or (M, D + 1) where the metric is the cosine."""
        if self.metric == "euclidean":
            with np.errstate(over="ignore"):
                relative = (X - self._mean) / self._size
            return np.clip(relative, -FARTHEST, FARTHEST, out=relative).astype(np.float32, copy=False)
        largest = np.abs(X).max(axis=1, keepdims=True)
        zero = largest == 0
        points = np.hstack([X / np.where(zero, 1, largest), zero])
        return (points / np.linalg.norm(points, axis=1, keepdims=True)).astype(np.float32)

    def distances(self, euclidean: np.ndarray) -> np.ndarray:
        """Euclidean distances between `coordinates` as distances in the metric (up to the unit of length)."""
        return euclidean if self.metric == "euclidean" else euclidean**2 / 2


def _largest(X: np.ndarray) -> np.floating:
    """The largest absolute value of `X`; 1 if all are 0."""
    return max(X.max(), -X.min()) or X.dtype.type(1)
