"""From one memory order to another: blocks that are read and written while they are in cache."""

from numba import prange

from ..threads import parallel

SIDE = 16  # of a block: a cache line of float32


@parallel
def transpose(x, y):
    """y (N, S, R) = x (N, R, S) with its last two axes exchanged."""
    N, R, S = x.shape
    across = -(-R // SIDE)
    for task in prange(N * across):
        n, r0 = task // across, task % across * SIDE
        r1 = min(r0 + SIDE, R)
        for s0 in range(0, S, SIDE):
            for s in range(s0, min(s0 + SIDE, S)):
                for r in range(r0, r1):
                    y[n, s, r] = x[n, r, s]
