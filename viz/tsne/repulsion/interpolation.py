"""Repulsion in O(N + M log M): a potential on a grid of M nodes, convolved by FFT, interpolated by B-splines.

The force is the gradient of a potential:

    φ(y) = Σ_j K(y − y_j),   K(d) = 1/(1 + |d|²)
    Σ_j (1 + |y_i−y_j|²)⁻² (y_i − y_j) = −½ ∇φ(y_i),   Z = Σ_i φ(y_i) − N

so one scalar convolution is enough. With β the B-spline of order 6 on nodes a spacing h apart,

    K(y − y') ≈ Σ_ab β(y/h − a) C(a − b) β(y'/h − b)

in three steps: *spread* every point over its 6×6 nodes, *convolve* the grid with C, *gather* φ and ∇φ at the points
with the same β and its derivative. C is the grid function for which the approximation is K itself at the nodes: its
spectrum is that of K there, divided by that of β in both arguments.

FFT-accelerated interpolation for t-SNE is Linderman et al., "Fast interpolation-based t-SNE" (Nature Methods 2019),
with Lagrange polynomials on 3 nodes per unit, 4 charges and 8 transforms. Splines and one potential are the method of
molecular dynamics (Essmann et al., "A smooth particle mesh Ewald method", 1995): 2 transforms, and on the same nodes a
force fifteen times as accurate. That matters late, when attraction and repulsion nearly cancel.
"""

from __future__ import annotations

import functools
from typing import NamedTuple

import numba
import numpy as np
import scipy.fft

from minicnn.threads import get_num_threads, jit, parallel

ORDER = 6  # nodes that a point touches along each axis
SPACING = 1 / 3  # of the nodes, in units of K's width; the error of the force is about 0.2 %
INTERVALS = 50  # nodes along the longer side, at least, so that a small embedding is resolved too
SMALLEST = 1e-12  # side of the box
MOST_NODES = 4_000_000  # a very spread-out embedding gets a coarser grid, which fits in memory


class Grid(NamedTuple):
    """Nodes a `spacing` apart, `rows` × `columns` of them, the first near the corner `low` of the points' box."""

    low: np.ndarray
    spacing: float
    rows: int
    columns: int

    @property
    def padded(self) -> tuple[int, int]:
        """The shape that the FFTs work on: even, twice the grid's, so that nothing wraps, and quick to transform."""
        return tuple(2 * scipy.fft.next_fast_len(nodes, real=True) for nodes in (self.rows, self.columns))


def grid_around(y: np.ndarray) -> Grid:
    """The grid for the points `y` (1 or 2, N). A line is a plane of no height."""
    low, span = np.zeros(2, np.float32), np.zeros(2)
    low[: len(y)] = y.min(axis=1)
    span[: len(y)] = y.max(axis=1) - low[: len(y)]
    spacing = SPACING
    while spacing * INTERVALS > max(span.max(), SMALLEST):
        spacing /= 2
    while (span / spacing + ORDER + 1).prod() > MOST_NODES:
        spacing *= 2
    rows, columns = (int(intervals) + ORDER + 1 for intervals in span / spacing)  # one to spare, for rounding
    return Grid(low, spacing, rows, columns)


def interpolated(y: np.ndarray) -> tuple[np.ndarray, float]:
    """Repulsive forces on the points `y` (1 or 2, N) and Z, as in `exact`."""
    dimensions, n = y.shape
    grid = grid_around(y)
    spectrum, offset = _kernel(grid.spacing, *grid.padded)

    position = np.zeros((2, n), np.float32)  # in units of the spacing, from the first node
    position[:dimensions] = (y - grid.low[:dimensions, None]) / np.float32(grid.spacing)
    order, row_start = _sort_by_row(position[0], grid.rows)
    cells = np.empty((2, n), np.int32)
    weights, slopes = np.empty((2, n, ORDER), np.float32), np.empty((2, n, ORDER), np.float32)
    _splines(position, order, cells, weights, slopes)

    charge = np.zeros((grid.rows, grid.columns), np.float32)
    _spread(cells, weights, row_start, charge)
    field = _convolve(charge, spectrum, grid.padded)
    potential, force = np.empty(n, np.float32), np.empty((2, n), np.float32)
    _gather(field, cells, weights, slopes, order, np.float32(-0.5 / grid.spacing), potential, force)
    return force[:dimensions], float(potential.sum(dtype=np.float64)) + offset * n * n - n


@functools.lru_cache(maxsize=1)  # the grid keeps its shape for many iterations
def _kernel(spacing: float, rows: int, columns: int) -> tuple[np.ndarray, float]:
    """The spectrum of C + const on a periodic grid, and the constant by which K was lowered, its value at the corner.

    Only differences of the potential matter to the force. Lowered, float32 resolves them however small the embedding.
    K is even along both axes, so that a cosine transform of a quarter of the grid gives its spectrum.
    """
    distances = [np.arange(m // 2 + 1) * spacing for m in (rows, columns)]
    squared = distances[0][:, None] ** 2 + distances[1] ** 2
    corner = squared[-1, -1]
    lowered = (corner - squared) / ((1 + squared) * (1 + corner))  # 1/(1+d²) − 1/(1+corner), without cancellation
    spectrum = scipy.fft.dctn(lowered, type=1, workers=get_num_threads())
    for axis, nodes in enumerate(spectrum.shape):
        angle = np.linspace(0, np.pi, nodes)
        transfer = (66 + 52 * np.cos(angle) + 2 * np.cos(2 * angle)) / 120  # β is 66, 26 and 1 over 120 at 0, ±1, ±2
        spectrum /= np.expand_dims(transfer, 1 - axis) ** 2
    spectrum = spectrum.astype(np.float32)
    return np.concatenate([spectrum, spectrum[-2:0:-1]]), 1 / (1 + corner)  # rfft2 has negative waves along axis 0


def _convolve(charge, spectrum, shape):
    """Periodic convolution, padded to `shape` so that nothing wraps around; rows of padding are not transformed."""
    workers = get_num_threads()
    waves = scipy.fft.rfft(charge, n=shape[1], axis=1, workers=workers)
    waves = scipy.fft.fft(waves, n=shape[0], axis=0, workers=workers)
    waves *= spectrum
    waves = scipy.fft.ifft(waves, axis=0, workers=workers, overwrite_x=True)[: len(charge)]
    return scipy.fft.irfft(waves, n=shape[1], axis=1, workers=workers)


@jit
def _sort_by_row(position, rows):
    """Counting sort: the points in order of the first grid row they touch, and where each row's points start."""
    start = np.zeros(rows + 1, np.int64)
    for i in range(len(position)):
        start[int(position[i]) + 1] += 1
    for r in range(rows):
        start[r + 1] += start[r]
    free = start.copy()
    order = np.empty(len(position), np.int32)
    for i in range(len(position)):
        r = int(position[i])
        order[free[r]] = i
        free[r] += 1
    return order, start


@jit
def _spline(t, weights, slopes):
    """B-splines of order 6 and their derivatives at the six nodes around a point `t` ∈ [0, 1) after the third.

    The recursion β_p(x) = (x β_{p−1}(x) + (p − x) β_{p−1}(x − 1)) / (p − 1) and β'_p(x) = β_{p−1}(x) − β_{p−1}(x − 1).
    """
    weights[0], weights[1] = np.float32(1) - t, t
    for p in range(3, ORDER + 1):
        if p == ORDER:
            slopes[0] = -weights[0]
            for m in range(1, ORDER - 1):
                slopes[m] = weights[m - 1] - weights[m]
            slopes[ORDER - 1] = weights[ORDER - 2]
        scale = np.float32(1 / (p - 1))
        weights[p - 1] = scale * t * weights[p - 2]
        for m in range(p - 2, 0, -1):
            weights[m] = scale * ((t + np.float32(p - 1 - m)) * weights[m - 1] + (np.float32(m + 1) - t) * weights[m])
        weights[0] *= scale * (np.float32(1) - t)


@parallel
def _splines(position, order, cells, weights, slopes):
    """First node touched along each axis, and the splines there, of every point in sorted order."""
    for s in numba.prange(len(order)):
        for axis in range(2):
            x = position[axis, order[s]]
            cell = np.int32(x)
            cells[axis, s] = cell
            _spline(x - np.float32(cell), weights[axis, s], slopes[axis, s])


@parallel
def _spread(cells, weights, row_start, charge):
    """charge[a, b] = Σ_i β(x_i − a) β(y_i − b).

    A task owns a row of the grid, so its sums have one order, whichever thread does them. The row's points are those
    that start on it or on one of the five rows before.
    """
    for task in numba.prange(len(charge)):
        row = np.int64(task)
        line = charge[row]
        for first in range(max(row - (ORDER - 1), np.int64(0)), row + 1):
            for s in range(row_start[first], row_start[first + 1]):
                w = weights[0, s, row - first]
                cell = cells[1, s]
                for m in range(ORDER):
                    line[cell + m] += w * weights[1, s, m]


@parallel
def _gather(field, cells, weights, slopes, order, scale, potential, force):
    """φ = Σ_ab β β field[a, b] and force = scale · (Σ_ab β' β field, Σ_ab β β' field)."""
    for s in numba.prange(len(order)):
        value = slope_x = slope_y = np.float32(0)
        for m in range(ORDER):
            line = field[cells[0, s] + m]
            along = along_slope = np.float32(0)
            for p in range(ORDER):
                node = line[cells[1, s] + p]
                along += node * weights[1, s, p]
                along_slope += node * slopes[1, s, p]
            value += weights[0, s, m] * along
            slope_x += slopes[0, s, m] * along
            slope_y += weights[0, s, m] * along_slope
        i = order[s]
        potential[i] = value
        force[0, i] = scale * slope_x
        force[1, i] = scale * slope_y
