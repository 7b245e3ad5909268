"""Repulsion in O(N log N) by a tree of cells: Barnes & Hut (Nature 1986), for t-SNE van der Maaten (JMLR 2014).

A distant cell of m points with center of mass c acts on y_i nearly as m points at c would:

    Σ_{j ∈ cell} (1 + |y_i−y_j|²)⁻² (y_i − y_j) ≈ m (1 + |y_i−c|²)⁻² (y_i − c)    where  size < angle · |y_i−c|

with the diagonal of a cube for the cell's size, √3 times its side: so the force is within 1 % at the usual angle of
0.5. (With the side, as in most programs, the error is 2 %.)

The square (cube) around all points is repeatedly halved along every axis until a cell holds one point, or points too
close to separate. Cells are numbered depth first, so a walk over the tree is a loop: `cell + 1` goes down into a cell,
`skip[cell]` goes past it.
"""

from __future__ import annotations

import numba
import numpy as np

from minicnn.threads import jit, parallel

DEEPEST = 24  # halvings: the resolution of float32


def barnes_hut(y: np.ndarray, angle: float = 0.5) -> tuple[np.ndarray, float]:
    """Repulsive forces on the points `y` (C, N) and Z, as in `exact`.

    Args:
        angle: a cell acts as one point where its size over its distance is below this. 0 opens every cell.
    """
    n = y.shape[1]
    low = y.min(axis=1)
    width = np.float32((y.max(axis=1) - low).max())
    order, mass, center, side, skip = _tree(y, low, width)
    reach = 3 * (side / angle) ** 2 if angle else np.full_like(side, np.inf)
    force = np.empty_like(y)
    row_sums = np.empty(n, np.float32)
    _walk(y, order, mass, center, reach, skip, force, row_sums)
    return force, float(row_sums.sum(dtype=np.float64)) - n


@jit
def _tree(y, low, width):
    """The points in the order of the tree, and its cells depth first.

    Of each cell: how many points, their center of mass, the cell's side, and the number of the first cell after it. A
    cell whose points all lie in one child is replaced by that child, so every inner cell has two children or more,
    and there are fewer than 2N cells.
    """
    dimensions, n = y.shape
    children = 1 << dimensions
    order, scratch = np.arange(n), np.empty((2, n), np.int64)
    mass, side = np.empty(2 * n, np.float32), np.empty(2 * n, np.float32)
    center, parent = np.empty((2 * n, dimensions), np.float32), np.empty(2 * n, np.int64)
    cells = 0

    # The cells still to be numbered: their points order[begin:end], lowest corner, depth and parent.
    most = (children - 1) * DEEPEST + 2
    begin, end = np.zeros(most, np.int64), np.zeros(most, np.int64)
    depth, above = np.zeros(most, np.int64), np.full(most, -1)
    corner = np.empty((most, dimensions), np.float32)
    end[0], corner[0], waiting = n, low, 1
    while waiting:
        waiting -= 1
        first, last, level, up = begin[waiting], end[waiting], depth[waiting], above[waiting]
        origin = corner[waiting].copy()
        half = width / np.float32(2 << level)
        counts = _sort_into_children(y, order, first, last, origin + half, scratch)

        is_leaf = last - first == 1 or level == DEEPEST
        if is_leaf or counts.max() < last - first:
            mass[cells], side[cells], parent[cells] = last - first, 2 * half, up
            for c in range(dimensions):
                total = 0.0
                for s in range(first, last):
                    total += y[c, order[s]]
                center[cells, c] = total / (last - first)
            up = cells
            cells += 1
        if not is_leaf:
            for child in range(children):
                if counts[child]:
                    begin[waiting], end[waiting] = first, first + counts[child]
                    depth[waiting], above[waiting] = level + 1, up
                    for c in range(dimensions):
                        corner[waiting, c] = origin[c] + half * np.float32((child >> c) & 1)
                    waiting += 1
                first += counts[child]

    # A subtree's cells are numbered in a row, so its end is its root's number plus its size.
    size = np.ones(cells, np.int64)
    for cell in range(cells - 1, 0, -1):
        size[parent[cell]] += size[cell]
    return order, mass[:cells], center[:cells], side[:cells], np.arange(cells) + size


@jit
def _sort_into_children(y, order, first, last, middle, scratch):
    """Counting sort of order[first:last] by the child that each point lies in; returns how many lie in each.

    Bit c of a child's number says on which side of the cell's middle it lies along axis c.
    """
    child_of, sorted_order = scratch[0], scratch[1]
    counts = np.zeros(1 << len(middle), np.int64)
    for s in range(first, last):
        child = np.int64(0)
        for c in range(len(middle)):
            child |= np.int64(y[c, order[s]] >= middle[c]) << c
        child_of[s] = child
        counts[child] += 1
    free = first + np.cumsum(counts) - counts
    for s in range(first, last):
        sorted_order[free[child_of[s]]] = order[s]
        free[child_of[s]] += 1
    order[first:last] = sorted_order[first:last]
    return counts


@parallel
def _walk(y, order, mass, center, reach, skip, force, row_sums):
    dimensions, n = y.shape
    for s in numba.prange(n):
        i = order[s]  # neighbors take similar walks, so their cells are in the cache
        total = np.float32(0)
        point = y[:, i].copy()
        sums = np.zeros(dimensions, np.float32)
        cell = 0
        while cell < len(mass):
            squared = np.float32(0)
            for c in range(dimensions):
                squared += (point[c] - center[cell, c]) ** 2
            if squared > reach[cell] or skip[cell] == cell + 1:  # far enough away, or a leaf
                q = np.float32(1) / (np.float32(1) + squared)
                total += mass[cell] * q
                for c in range(dimensions):
                    sums[c] += mass[cell] * q * q * (point[c] - center[cell, c])
                cell = skip[cell]
            else:
                cell += 1
        row_sums[i] = total
        force[:, i] = sums
