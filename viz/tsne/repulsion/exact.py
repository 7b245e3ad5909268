"""Repulsion by all pairs: the definition, and the fastest method for a few thousand points.

The inner loops are vectorized, at about a fifteenth of a nanosecond per pair. (This depends on `y0 = y[0]`: with `y0,
y1 = y`, Numba treats the rows as strided, and the loop is ten times slower.)
"""

from __future__ import annotations

import numba
import numpy as np

from minicnn.threads import parallel

ONE = np.float32(1)


def exact(y: np.ndarray) -> tuple[np.ndarray, float]:
    """Repulsive forces and their normalization.

        force_i = Σ_j (1 + |y_i−y_j|²)⁻² (y_i − y_j),   Z = Σ_i Σ_{j≠i} (1 + |y_i−y_j|²)⁻¹

    Args:
        y: points, float32 (C, N), C = 1, 2 or 3: coordinates first, so that the loop over points is contiguous.

    Returns:
        force (C, N) and Z.
    """
    force, row_sums = exact_from(y, y)
    return force, float(row_sums.sum(dtype=np.float64)) - y.shape[1]


def exact_from(y: np.ndarray, others: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The forces (C, M) on `y` (C, M) from `others` (C, N), and each row's Σ_j (1 + |y_i−y_j|²)⁻¹ (M,)."""
    dimensions = len(y)
    if dimensions == 1:  # a line is a plane of no height
        y, others = np.vstack([y, np.zeros_like(y)]), np.vstack([others, np.zeros_like(others)])
    force = np.empty_like(y)
    row_sums = np.empty(y.shape[1], y.dtype)
    (_push_in_plane if len(y) == 2 else _push_in_space)(y, others, force, row_sums)
    return force[:dimensions], row_sums


@parallel
def _push_in_plane(y, others, force, row_sums):
    y0, y1 = y[0], y[1]
    x0, x1 = others[0], others[1]
    for i in numba.prange(len(y0)):
        a, b = y0[i], y1[i]
        fa = fb = total = np.float32(0)
        for j in range(len(x0)):
            u, v = a - x0[j], b - x1[j]
            q = ONE / (ONE + u * u + v * v)
            total += q
            fa += q * q * u
            fb += q * q * v
        force[0, i], force[1, i], row_sums[i] = fa, fb, total


@parallel
def _push_in_space(y, others, force, row_sums):
    y0, y1, y2 = y[0], y[1], y[2]
    x0, x1, x2 = others[0], others[1], others[2]
    for i in numba.prange(len(y0)):
        a, b, c = y0[i], y1[i], y2[i]
        fa = fb = fc = total = np.float32(0)
        for j in range(len(x0)):
            u, v, w = a - x0[j], b - x1[j], c - x2[j]
            q = ONE / (ONE + u * u + v * v + w * w)
            total += q
            fa += q * q * u
            fb += q * q * v
            fc += q * q * w
        force[0, i], force[1, i], force[2, i], row_sums[i] = fa, fb, fc, total
