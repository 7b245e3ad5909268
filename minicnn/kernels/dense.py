"""The three matrix products of a dense layer, cut into fixed tasks of one BLAS call each.

NumPy's own product would share one call among threads, and round differently with their number; here it does not.
"""

import numpy as np
from numba import prange

from ..threads import jit, parallel

ROWS = 64  # rows of one task
COLUMNS = 512  # weights are read in so many rows at a time


@jit
def parts(size, most):
    """How many parts of at most `most` items there are."""
    return max(1, -(-size // most))


@parallel
def forward(x, w, b, y):
    """y = x · wᵀ + b: a block of examples and a block of outputs at a time."""
    N, O = y.shape
    across, down = parts(O, COLUMNS), parts(N, ROWS)
    for task in prange(across * down):
        n0, o0 = task // across * ROWS, task % across * COLUMNS
        n1, o1 = min(n0 + ROWS, N), min(o0 + COLUMNS, O)
        block = np.dot(x[n0:n1], w[o0:o1].T)
        for n in range(n0, n1):
            add_row(block[n - n0], b[o0:o1], y[n, o0:o1])


@jit
def add_row(row, b, y):
    for o in range(row.shape[0]):
        y[o] = row[o] + b[o]


@jit
def add_parts(parts, total):
    """total = Σ parts, in their order."""
    for n in range(total.shape[0]):
        for i in range(total.shape[1]):
            total[n, i] = parts[0, n, i]
        for part in range(1, parts.shape[0]):
            for i in range(total.shape[1]):
                total[n, i] += parts[part, n, i]


@parallel
def input_gradient(dy, w, dx):
    """dx = dy · w: each task takes its examples, or where they are few its outputs, whose sums are added in order."""
    N, O = dy.shape
    if N >= ROWS:
        for task in prange(parts(N, ROWS)):
            n0, n1 = task * ROWS, min((task + 1) * ROWS, N)
            np.dot(dy[n0:n1], w, dx[n0:n1])
        return
    tasks = parts(O, COLUMNS)
    sums = np.empty((tasks, *dx.shape), dx.dtype)
    for task in prange(tasks):
        o0, o1 = task * COLUMNS, min((task + 1) * COLUMNS, O)
        np.dot(np.ascontiguousarray(dy[:, o0:o1]), w[o0:o1], sums[task])
    add_parts(sums, dx)


@parallel
def weight_gradient(x, dyt, dw):
    """dw = dyᵀ · x, a block of outputs at a time; dyt (O, N) is dy transposed."""
    O = dyt.shape[0]
    for task in prange(parts(O, ROWS)):
        o0, o1 = task * ROWS, min((task + 1) * ROWS, O)
        np.dot(dyt[o0:o1], x, dw[o0:o1])
