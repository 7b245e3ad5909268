"""Moving images: from one memory order to another, side by side, and apart again."""

from numba import prange

from ..threads import parallel

SIDE = 16  # of a block: a cache line of float32
BLOCK = 256  # rows that are copied in one task


@parallel
def transpose(x, y):
    """y (N, S, R) = x (N, R, S) with its last two axes exchanged, a block that stays in cache at a time."""
    N, R, S = x.shape
    across = -(-R // SIDE)
    for task in prange(N * across):
        n, r0 = task // across, task % across * SIDE
        r1 = min(r0 + SIDE, R)
        for s0 in range(0, S, SIDE):
            for s in range(s0, min(s0 + SIDE, S)):
                for r in range(r0, r1):
                    y[n, s, r] = x[n, r, s]


@parallel
def put_beside(x, y, first):
    """The columns of y from `first` on = x, a block of rows at a time."""
    rows, columns = x.shape
    for block in prange(-(-rows // BLOCK)):
        for row in range(block * BLOCK, min((block + 1) * BLOCK, rows)):
            source, target = x[row], y[row, first : first + columns]
            for c in range(columns):
                target[c] = source[c]


@parallel
def take_beside(y, first, x):
    """x = the columns of y from `first` on: the inverse of `put_beside`."""
    rows, columns = x.shape
    for block in prange(-(-rows // BLOCK)):
        for row in range(block * BLOCK, min((block + 1) * BLOCK, rows)):
            source, target = y[row, first : first + columns], x[row]
            for c in range(columns):
                target[c] = source[c]
