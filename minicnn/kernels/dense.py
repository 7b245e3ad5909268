"""The three matrix products of a dense layer, cut into fixed tasks.

NumPy's own product would share one call among threads, and round differently with their number; here it does not.
"""

import numpy as np
from numba import prange

from ..threads import jit, parallel
from .matmul import multiply

ROWS = 64  # rows of one task
COLUMNS = 512  # numbers of an example, in or out, of one task


@jit
def parts(size, most):
    """How many parts of at most `most` items there are."""
    return max(1, -(-size // most))


@parallel(blas=True)
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


@parallel
def input_gradient(dy, w, dx):
    """dx = dy · w: a block of examples and a block of inputs at a time."""
    N, I = dx.shape
    across, down = parts(I, COLUMNS), parts(N, ROWS)
    for task in prange(across * down):
        n0, i0 = task // across * ROWS, task % across * COLUMNS
        n1, i1 = min(n0 + ROWS, N), min(i0 + COLUMNS, I)
        multiply(dy[n0:n1], w[:, i0:i1], dx[n0:n1, i0:i1], False)


@parallel
def weight_gradient(x, dy, dw):
    """dw = dyᵀ · x, a block of outputs and a block of inputs at a time."""
    O, I = dw.shape
    across, down = parts(I, COLUMNS), parts(O, ROWS)
    for task in prange(across * down):
        o0, i0 = task // across * ROWS, task % across * COLUMNS
        o1, i1 = min(o0 + ROWS, O), min(i0 + COLUMNS, I)
        multiply(dy[:, o0:o1].T, x[:, i0:i1], dw[o0:o1, i0:i1], False)
