"""The three matrix products of a dense layer, cut into fixed tasks.

NumPy's own product splits one call among threads, so its rounding depends on their number; here it does not.
"""

import numpy as np
from numba import prange

from ..threads import borrowing, jit, parallel
from .blocks import SLACK, clear, copy, load_first, store_first
from .panels import ceil_div
from .vector import MR, address, load, store, tile, width

MC = 64  # rows of a task's block
NC = 512  # and columns: numbers of an example, in or out
SHARES = 16  # of the outputs, each summed separately: for the gradient of few examples


@borrowing
def parts(size, most):
    """How many parts of at most `most` items there are."""
    return max(1, ceil_div(size, most))


@parallel(blas=True)
def forward(x, w, b, y):
    """y = x · wᵀ + b: a block of examples and a block of outputs at a time."""
    N, O = y.shape
    across, down = parts(O, NC), parts(N, MC)
    for task in prange(across * down):
        n0, o0 = task // across * MC, task % across * NC
        n1, o1 = min(n0 + MC, N), min(o0 + NC, O)
        block = np.dot(x[n0:n1], w[o0:o1].T)
        for n in range(n0, n1):
            add_row(block[n - n0], b[o0:o1], y[n, o0:o1])


@borrowing
def add_row(row, b, y):
    for o in range(row.shape[0]):
        y[o] = row[o] + b[o]


@jit
def multiply(a, at, row, step, rows, depth, b, first, columns, line, c, to):
    """c[r, n] = Σ_k a[at + r·row + k·step] · b[first + k·line + n] for r < rows and n < columns.

    All arrays are flat; c's rows lie `line` apart, as b's do, from `to` on.
    """
    V, NR = width(b), 2 * width(b)
    nowhere, zero = np.zeros(1, np.int64), np.zeros(NR, b.dtype)
    spare = np.empty(MR * NR + SLACK, b.dtype)
    narrow = np.zeros(depth * NR, b.dtype)  # a panel of the last columns, where they do not fill one
    for n in range(0, columns, NR):
        count = min(NR, columns - n)
        panel, apart = address(b, first + n), line
        if count < NR:
            panel, apart = address(narrow, 0), NR
            for k in range(depth):
                copy(b, first + n + k * line, narrow, k * NR, count)
        for r in range(0, rows if rows >= MR else 0, MR):
            m = min(r, rows - MR)
            source, product = address(a, at + m * row), address(spare, 0)
            here, start = address(nowhere, 0), address(zero, 0)
            tile(MR, 2, source, row, 3 * row, step, here, here, 1, panel, apart, depth, start, 0, product, NR, -np.inf)
            for i in range(MR):
                for l in range(0, count, V):
                    store_first(c, to + (m + i) * line + n + l, load(spare, i * NR + l), count - l)
    if rows < MR:  # too few for a tile: b is read once, in long rows
        for r in range(rows):
            clear(c, to + r * line, to + r * line + columns)
        for k in range(depth):
            for r in range(rows):
                factor = a[at + r * row + k * step]
                for n in range(0, columns, V):
                    place, rest = to + r * line + n, columns - n
                    sum_ = load_first(c, place, rest) + factor * load_first(b, first + k * line + n, rest)
                    store_first(c, place, sum_, rest)


@parallel
def input_gradient(dy, w, dx):
    """dx = dy · w: a block of examples and a block of inputs at a time."""
    (N, O), I = dy.shape, w.shape[1]
    across, down = parts(I, NC), parts(N, MC)
    for task in prange(across * down):
        n0, i0 = task // across * MC, task % across * NC
        rows, columns = min(MC, N - n0), min(NC, I - i0)
        multiply(
            dy.reshape(N * O), n0 * O, O, 1, rows, O, w.reshape(O * I), i0, columns, I, dx.reshape(N * I), n0 * I + i0
        )


@parallel
def input_gradient_of_few(dy, w, sums, dx):
    """dx = dy · w of a few examples: w is read once, row by row; sums (shares, N, I) holds a share of the rows each."""
    (N, O), I = dy.shape, w.shape[1]
    shares, V = len(sums), width(w)
    weights, partial, total = w.reshape(O * I), sums.reshape(shares * N * I), dx.reshape(N * I)
    whole = I // V * V
    for share in prange(shares):
        first, last = share * O // shares, (share + 1) * O // shares
        sums[share] = 0
        for o in range(first, last):
            for n in range(N):
                factor, to = dy[n, o], (share * N + n) * I
                for i in range(0, whole, V):
                    store(partial, to + i, load(partial, to + i) + factor * load(weights, o * I + i))
                for i in range(whole, I):
                    partial[to + i] += factor * weights[o * I + i]
    for task in prange(ceil_div(N * I, NC)):
        for i in range(task * NC, min((task + 1) * NC, N * I)):
            total[i] = partial[i]
            for share in range(1, shares):
                total[i] += partial[share * N * I + i]


@parallel
def weight_gradient(x, dy, dw):
    """dw = dyᵀ · x, a block of outputs and a block of inputs at a time."""
    (N, O), I = dy.shape, x.shape[1]
    across, down = parts(I, NC), parts(O, MC)
    for task in prange(across * down):
        o0, i0 = task // across * MC, task % across * NC
        rows, columns = min(MC, O - o0), min(NC, I - i0)
        multiply(dy.reshape(N * O), o0, 1, O, rows, N, x.reshape(N * I), i0, columns, I, dw.reshape(O * I), o0 * I + i0)
