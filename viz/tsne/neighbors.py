"""The k nearest neighbors of every point, exactly, by blocked matrix products.

With  s_ij = x_i·x_j − ½|x_j|²  the squared distance is  d²_ij = |x_i|² − 2 s_ij,  so the nearest neighbors of i are
the largest scores in row i of one matrix product  [x, 1] @ [x, −½|x|²]ᵀ.  It is computed tile by tile, and each tile
is scanned while it is in the cache: the N×N matrix never exists.

The product form loses digits where a neighborhood is much smaller than its distance from the origin (d² is the small
difference of large numbers). Rows where that could change the result are computed again by plain differences.
"""

from __future__ import annotations

import math

import numba
import numpy as np

from minicnn.distributed import Group
from minicnn.threads import jit, parallel
from minicnn.training import digest

QUERIES = 128  # rows and columns of a tile: 256 KB of float32 scores, which stay in the second-level cache
REFERENCES = 512
NOBODY = -(2**62)  # queries that are not references need not be excluded from their own neighbors
CHUNK = 64  # scores tested at once against a row's threshold
REFERENCES = 1024  # references measured at once by differences
PRODUCT_ERROR = 4 * np.finfo(np.float32).eps  # of d², relative to |x|²
TOLERANCE = 1e-4  # of d²: neighbors this close to a tie may be swapped


def nearest_neighbors(
    x: np.ndarray, k: int, queries: np.ndarray | None = None, group: Group | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Indices and Euclidean distances of the `k` nearest rows of `x`, nearest first.

    Args:
        x: float32 (N, D), finite, best centered on the origin.
        k: how many, at most N − 1 (N with `queries`).
        queries: float32 (M, D) whose neighbors among `x` are wanted. By default the rows of `x` themselves, without
            each point itself.
        group: processes that share the queries (`minicnn.distributed`); each gets all of the result.

    Returns:
        indices int32 (M, k) and distances float32 (M, k).

    Raises:
        ValueError: there are not `k` other points.
    """
    others = len(x) - (queries is None)
    if not 1 <= k <= others:
        raise ValueError(f"nearest_neighbors: k must lie in 1…{others}, the number of other points; got {k}")
    x = np.ascontiguousarray(x, np.float32)
    rows = x if queries is None else np.ascontiguousarray(queries, np.float32)
    group = group or Group()
    if group.size > 1:
        group.agree({"points": digest(x), "queries": digest(rows), "number of neighbors": k})
    mine = group.part(-(-len(rows) // QUERIES))  # whole tiles, so that the division is the same as for one process
    first, rows = mine.start * QUERIES, rows[mine.start * QUERIES : mine.stop * QUERIES]
    own = first if queries is None else NOBODY
    half_norms = -0.5 * np.einsum("ij,ij->i", x, x)
    references = np.column_stack([x, half_norms]).astype(np.float32)
    extended = np.column_stack([rows, np.ones(len(rows), np.float32)])

    indices = np.empty((len(rows), k), np.int32)
    distances = np.empty((len(rows), k), np.float32)
    _by_products(extended, references, own, indices)
    _measure(rows, x, indices, distances)
    norms = np.einsum("ij,ij->i", rows, rows)
    doubtful = np.flatnonzero(PRODUCT_ERROR * norms > TOLERANCE * distances.max(axis=1) ** 2)
    if len(doubtful):
        _by_differences(rows, np.ascontiguousarray(x.T), doubtful, own, indices)
        _measure(rows, x, indices, distances)
    order = np.argsort(distances, axis=1)
    found = np.take_along_axis(indices, order, axis=1), np.take_along_axis(distances, order, axis=1)
    return group.gather(found[0]), group.gather(found[1])


@parallel(blas=True)
def _by_products(queries, references, own, indices):
    """Write into row i of `indices` the references with the largest products with query i, without number own + i."""
    n, k = indices.shape
    capacity = 2 * k + REFERENCES
    for tile in numba.prange((n + QUERIES - 1) // QUERIES):
        first = np.int64(tile) * QUERIES
        block = queries[first : first + QUERIES]
        kept = np.empty((len(block), capacity), np.float32)
        kept_index = np.empty((len(block), capacity), np.int32)
        count = np.zeros(len(block), np.int64)
        threshold = np.full(len(block), -np.inf, np.float32)
        for start in range(0, len(references), REFERENCES):
            scores = np.dot(block, references[start : start + REFERENCES].T)
            for i in range(len(block)):
                excluded = own + first + i - start
                if 0 <= excluded < scores.shape[1]:
                    scores[i, excluded] = -np.inf
                count[i] = _collect(scores[i], start, threshold[i], kept[i], kept_index[i], count[i])
                if count[i] > capacity - REFERENCES:
                    threshold[i] = _keep_largest(kept[i], kept_index[i], count[i], k)
                    count[i] = k
        for i in range(len(block)):
            _keep_largest(kept[i], kept_index[i], count[i], k)
            for m in range(k):
                indices[first + i, m] = kept_index[i, m]


@parallel
def _by_differences(queries, columns, rows, own, indices):
    """As `_by_products`, for the given rows only, with scores −Σ_f (x_jf − x_if)²; `columns` is x transposed."""
    k = indices.shape[1]
    features, n = columns.shape
    capacity = 2 * k + REFERENCES
    for r in numba.prange(len(rows)):
        i = rows[r]
        kept = np.empty(capacity, np.float32)
        kept_index = np.empty(capacity, np.int32)
        count = 0
        threshold = np.float32(-np.inf)
        for start in range(0, n, REFERENCES):
            scores = np.zeros(min(REFERENCES, n - start), np.float32)
            for f in range(features):
                column = columns[f, start : start + REFERENCES]
                value = queries[i, f]
                for j in range(len(scores)):
                    scores[j] -= (column[j] - value) ** 2
            if 0 <= own + i - start < len(scores):
                scores[own + i - start] = -np.inf
            count = _collect(scores, start, threshold, kept, kept_index, count)
            if count > capacity - REFERENCES:
                threshold = _keep_largest(kept, kept_index, count, k)
                count = k
        _keep_largest(kept, kept_index, count, k)
        for m in range(k):
            indices[i, m] = kept_index[m]


@jit
def _collect(scores, start, threshold, kept, kept_index, count):
    """Append the scores above `threshold`, and their indices (from `start`), to `kept`; returns the new count."""
    for first in range(0, len(scores), CHUNK):
        chunk = scores[first : first + CHUNK]
        # Few chunks hold a candidate: this test is vectorized, the loop after it is not.
        found = np.int32(0)
        for j in range(len(chunk)):
            found |= np.int32(chunk[j] > threshold)
        if found:
            for j in range(len(chunk)):
                if chunk[j] > threshold:
                    kept[count] = chunk[j]
                    kept_index[count] = start + first + j
                    count += 1
    return count


@jit
def _keep_largest(value, index, count, k):
    """Quickselect: bring the `k` largest of the first `count` values to the front; returns the smallest of them."""
    low, high = 0, count - 1
    while low < high:
        pivot = value[(low + high) // 2]
        left, right = low, high
        while left <= right:
            while value[left] > pivot:
                left += 1
            while value[right] < pivot:
                right -= 1
            if left <= right:
                value[left], value[right] = value[right], value[left]
                index[left], index[right] = index[right], index[left]
                left += 1
                right -= 1
        if k - 1 <= right:
            high = right
        elif k - 1 >= left:
            low = left
        else:
            break
    smallest = value[0]
    for m in range(1, k):
        smallest = min(smallest, value[m])
    return smallest


@parallel
def _measure(queries, x, indices, distances):
    """Distances of the neighbors found, by differences."""
    n, k = indices.shape
    for i in numba.prange(n):
        for m in range(k):
            squared = np.float32(0)
            other = x[indices[i, m]]
            for f in range(x.shape[1]):
                squared += (queries[i, f] - other[f]) ** 2
            distances[i, m] = math.sqrt(squared)
