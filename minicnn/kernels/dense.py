"""The matrix products of a dense layer, cut into fixed tasks.

NumPy's own product splits one call among threads, so its rounding depends on their number; here it does not.
"""

import numpy as np
from numba import prange

from ..threads import jit, parallel
from .blocks import copy
from .panels import SMALL, ceil_div
from .vector import MR, Terms, address, tile, width

MC = 64  # rows of a task's block
NC = 512  # and columns: numbers of an example, in or out
SHARES = 16  # of the outputs, each summed separately: for the gradient of few examples


@parallel(blas=True, small=SMALL)
def forward(x, w, b, y):
    """y = x · wᵀ + b: a block of examples and a block of outputs at a time."""
    N, O = y.shape
    across, down = ceil_div(O, NC), ceil_div(N, MC)
    for task in prange(across * down):
        n0, o0 = task // across * MC, task % across * NC
        n1, o1 = min(n0 + MC, N), min(o0 + NC, O)
        block = np.dot(x[n0:n1], w[o0:o1].T)
        for n in range(n0, n1):
            row, out = block[n - n0], y[n, o0:o1]
            for o in range(len(out)):
                out[o] = row[o] + b[o0 + o]


@jit
def multiply(a, at, row, step, rows, depth, b, first, columns, line, c, to):
    """c[r, n] = Σ_k a[at + r·row + k·step] · b[first + k·line + n] for r < rows and n < columns.

    All arrays are flat; c's rows lie `line` apart, as b's do, from `to` on.
    """
    NR = 2 * width(b)
    R = MR if rows >= MR else 1  # rows of a tile; the last tile begins earlier rather than end beyond the rows
    nowhere, zero = np.zeros(1, np.int64), np.zeros(NR, b.dtype)
    panel, narrow = np.zeros(depth * NR, b.dtype), np.empty(MR * NR, b.dtype)
    for n in range(0, columns, NR):
        count = min(NR, columns - n)
        for k in range(depth):
            copy(b, first + n + k * line, panel, k * NR, count)
        for r in range(0, rows, R):
            m = min(r, rows - R)
            x, p, start = address(a, at + m * row), address(panel, 0), address(zero, 0)
            terms = Terms(address(nowhere, 0), address(nowhere, 0), 1, depth)
            y, y_row = address(c, to + m * line + n), line
            if count < NR:  # a tile would write into columns of others
                y, y_row = address(narrow, 0), NR
            if R == MR:
                tile(MR, 2, x, row, 3 * row, step, terms, p, NR, start, 0, y, y_row, -np.inf)
            else:
                tile(1, 2, x, row, 3 * row, step, terms, p, NR, start, 0, y, y_row, -np.inf)
            for i in range(R if count < NR else 0):
                for l in range(count):
                    c[to + (m + i) * line + n + l] = narrow[i * NR + l]


@parallel(small=SMALL)
def product(a, row, step, b, c):
    """c[r] = Σ_k a[r·row + k·step] · b[k], with a flat: a block of rows and a block of columns at a time."""
    depth, (R, C) = len(b), c.shape
    across, down = ceil_div(C, NC), ceil_div(R, MC)
    for task in prange(across * down):
        r0, c0 = task // across * MC, task % across * NC
        rows, columns = min(MC, R - r0), min(NC, C - c0)
        multiply(a, r0 * row, row, step, rows, depth, b.reshape(b.size), c0, columns, C, c.reshape(c.size), r0 * C + c0)


@parallel(small=SMALL)
def input_gradient_of_few(dy, w, sums):
    """dy · w of a few examples, as sums (shares, N, I), each over a share of the rows of w, which are read once."""
    O, (shares, N, I) = len(w), sums.shape
    for share in prange(shares):
        sums[share] = 0
        for o in range(share * O // shares, (share + 1) * O // shares):
            for n in range(N):
                for i in range(I):
                    sums[share, n, i] += dy[n, o] * w[o, i]
