"""Attraction along the affinities, one term per edge:

    force_i = Σ_j p_ij (1 + |y_i−y_j|²)⁻¹ (y_i − y_j)

It is the gradient, which points away from the neighbors; the descent goes against it.
"""

from __future__ import annotations

import math

import numba
import numpy as np
import scipy.sparse

from minicnn.threads import parallel

ONE = np.float32(1)


def attraction(affinities: scipy.sparse.csr_array, y: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Forces (C, M) on the points `y` (C, M) from `others` (C, N), by the affinities (M, N). C is 1, 2 or 3."""
    dimensions = len(y)
    if dimensions == 1:  # a line is a plane of no height
        y, others = np.vstack([y, np.zeros_like(y)]), np.vstack([others, np.zeros_like(others)])
    force = np.empty_like(y)
    pull = _pull_in_plane if len(y) == 2 else _pull_in_space
    pull(affinities.indptr, affinities.indices, affinities.data, y, others, force)
    return force[:dimensions]


def mean_log_distance(affinities: scipy.sparse.csr_array, y: np.ndarray) -> float:
    """Σ_ij p_ij log(1 + |y_i−y_j|²), the attractive part of the divergence whose gradient is 4·`attraction`."""
    row_sums = np.empty(y.shape[1], np.float64)
    _log_distances(affinities.indptr, affinities.indices, affinities.data, y, row_sums)
    return float(row_sums.sum())


@parallel
def _pull_in_plane(row_start, column, p, y, others, force):
    y0, y1 = y[0], y[1]
    x0, x1 = others[0], others[1]
    for i in numba.prange(len(y0)):
        a, b = y0[i], y1[i]
        fa = fb = np.float32(0)
        neighbors, weights = column[row_start[i] : row_start[i + 1]], p[row_start[i] : row_start[i + 1]]
        for e in range(len(neighbors)):
            j = np.uint32(neighbors[e])  # unsigned, so Numba does not test for negative indices
            u, v = a - x0[j], b - x1[j]
            pq = weights[e] / (ONE + u * u + v * v)
            fa += pq * u
            fb += pq * v
        force[0, i], force[1, i] = fa, fb


@parallel
def _pull_in_space(row_start, column, p, y, others, force):
    y0, y1, y2 = y[0], y[1], y[2]
    x0, x1, x2 = others[0], others[1], others[2]
    for i in numba.prange(len(y0)):
        a, b, c = y0[i], y1[i], y2[i]
        fa = fb = fc = np.float32(0)
        neighbors, weights = column[row_start[i] : row_start[i + 1]], p[row_start[i] : row_start[i + 1]]
        for e in range(len(neighbors)):
            j = np.uint32(neighbors[e])
            u, v, w = a - x0[j], b - x1[j], c - x2[j]
            pq = weights[e] / (ONE + u * u + v * v + w * w)
            fa += pq * u
            fb += pq * v
            fc += pq * w
        force[0, i], force[1, i], force[2, i] = fa, fb, fc


@parallel
def _log_distances(row_start, column, p, y, row_sums):
    dimensions, n = y.shape
    for i in numba.prange(n):
        total = 0.0
        for e in range(row_start[i], row_start[i + 1]):
            squared = 0.0
            for c in range(dimensions):
                squared += (y[c, i] - y[c, column[e]]) ** 2
            total += p[e] * math.log1p(squared)
        row_sums[i] = total
