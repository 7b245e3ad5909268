"""The optimizers' loops: each update of `minicnn.optim` is one pass over memory.

The arrays are one-dimensional, contiguous, of one length and one dtype, to which the scalars are rounded first, as
PyTorch rounds them. An element's new moments stay in local variables until everything is computed: reading back a value
just stored makes Adam slower if the array is not aligned.
"""

import numpy as np
from numba import prange

from ..threads import parallel

BLOCK = 1 << 15  # elements whose squares are summed one after the other
SMALL = 1 << 17  # elements: an update does so little with each that fewer are not shared among threads


@parallel(elementwise=True, small=SMALL)
def sgd(w, g, lr, weight_decay):
    """w ← w − lr · (g + weight_decay · w)."""
    lr, weight_decay = w.dtype.type(lr), w.dtype.type(weight_decay)
    for i in prange(w.size):
        w[i] -= lr * (g[i] + weight_decay * w[i])


@parallel(elementwise=True, small=SMALL)
def momentum(w, g, velocity, lr, momentum, weight_decay, nesterov):
    """velocity ← momentum · velocity + d with d = g + weight_decay · w, then w ← w − lr · velocity.

    By Nesterov's rule w ← w − lr · (d + momentum · velocity).
    """
    lr, momentum, weight_decay = w.dtype.type(lr), w.dtype.type(momentum), w.dtype.type(weight_decay)
    for i in prange(w.size):
        d = g[i] + weight_decay * w[i]
        velocity_i = momentum * velocity[i] + d
        w[i] -= lr * (d + momentum * velocity_i if nesterov else velocity_i)
        velocity[i] = velocity_i


@parallel(elementwise=True, small=SMALL)
def adam(w, g, m, v, step_size, rate1, beta2, rate2, eps, inverse_root, weight_decay, shrink):
    """w ← shrink · w, then with d = g + weight_decay · w and rates 1 − β:

    m ← m + rate1 · (d − m),    v ← beta2 · v + rate2 · d²,    w ← w − step_size · m / (√v · inverse_root + eps)
    """
    step_size, eps, inverse_root = w.dtype.type(step_size), w.dtype.type(eps), w.dtype.type(inverse_root)
    rate1, beta2, rate2 = w.dtype.type(rate1), w.dtype.type(beta2), w.dtype.type(rate2)
    weight_decay, shrink = w.dtype.type(weight_decay), w.dtype.type(shrink)
    for i in prange(w.size):
        w_i = shrink * w[i]
        d = g[i] + weight_decay * w_i
        m_i = m[i] + rate1 * (d - m[i])
        v_i = beta2 * v[i] + rate2 * d * d
        w[i] = w_i - step_size * (m_i / (np.sqrt(v_i) * inverse_root + eps))
        m[i], v[i] = m_i, v_i


@parallel(small=SMALL)
def sum_of_squares(x):
    """Summed in float64, where the square of no float32 overflows: a block at a time, then the blocks in order."""
    totals = np.empty((x.size + BLOCK - 1) // BLOCK)
    for block in prange(totals.size):
        part = x[block * BLOCK : (block + 1) * BLOCK]
        squares = 0.0
        for i in range(part.size):
            squares += np.float64(part[i]) ** 2
        totals[block] = squares
    total = 0.0  # not totals.sum(), which would be split among the threads: its rounding would depend on their number
    for block in range(totals.size):
        total += totals[block]
    return total
