"""Moving images: from one memory order to another, and channels from one array to another."""

from numba import prange

from ..threads import parallel

SIDE = 16  # of a block: a cache line of float32


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
def copy_columns(x, x_first, y, y_first, columns):
    """Some columns of y from `y_first` on = those of x from `x_first` on."""
    for row in prange(len(x)):
        source, target = x[row, x_first : x_first + columns], y[row, y_first : y_first + columns]
        for c in range(columns):
            target[c] = source[c]
