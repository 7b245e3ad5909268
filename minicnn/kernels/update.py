"""The optimisers' loops: each update is one pass over memory.

The arrays are one-dimensional, contiguous, of one length and one dtype, to which the scalars are rounded first, as
PyTorch rounds them. An element's new moments wait in local variables until all is computed: to read back from an array
what was just stored there makes Adam up to three times slower where the array is not aligned.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import prange

from minicnn.threads import jit, parallel

BLOCK = 1 << 15  # elements that a thread takes at a time
PARALLEL_SIZE = 1 << 17  # below this, waking the threads costs more than they save


@jit
def _sgd(w, g, lr, weight_decay):
    lr, weight_decay = w.dtype.type(lr), w.dtype.type(weight_decay)
    for i in range(w.size):
        w[i] -= lr * (g[i] + weight_decay * w[i])


@parallel
def _sgd_in_blocks(w, g, *options):
    for block in prange((w.size + BLOCK - 1) // BLOCK):
        part = slice(block * BLOCK, (block + 1) * BLOCK)
        _sgd(w[part], g[part], *options)


@jit
def _momentum(w, g, velocity, lr, mu, weight_decay, nesterov):
    lr, mu, weight_decay = w.dtype.type(lr), w.dtype.type(mu), w.dtype.type(weight_decay)
    for i in range(w.size):
        d = g[i] + weight_decay * w[i]
        v = mu * velocity[i] + d
        w[i] -= lr * (d + mu * v if nesterov else v)
        velocity[i] = v


@parallel
def _momentum_in_blocks(w, g, velocity, *options):
    for block in prange((w.size + BLOCK - 1) // BLOCK):
        part = slice(block * BLOCK, (block + 1) * BLOCK)
        _momentum(w[part], g[part], velocity[part], *options)


@jit
def _adam(w, g, m, v, step_size, beta1, beta2, eps, correction, weight_decay, shrink):
    rate1, rate2 = w.dtype.type(1 - beta1), w.dtype.type(1 - beta2)
    step_size, beta2, eps = w.dtype.type(step_size), w.dtype.type(beta2), w.dtype.type(eps)
    correction, weight_decay, shrink = w.dtype.type(correction), w.dtype.type(weight_decay), w.dtype.type(shrink)
    for i in range(w.size):
        w_i = shrink * w[i]
        d = g[i] + weight_decay * w_i
        m_i = m[i] + rate1 * (d - m[i])
        v_i = beta2 * v[i] + rate2 * d * d
        w[i] = w_i - step_size * (m_i / (np.sqrt(v_i) / correction + eps))
        m[i], v[i] = m_i, v_i


@parallel
def _adam_in_blocks(w, g, m, v, *options):
    for block in prange((w.size + BLOCK - 1) // BLOCK):
        part = slice(block * BLOCK, (block + 1) * BLOCK)
        _adam(w[part], g[part], m[part], v[part], *options)


@jit
def _sum_of_squares(x):
    """Summed in float64, where the square of no float32 overflows."""
    total = 0.0
    for i in range(x.size):
        total += np.float64(x[i]) ** 2
    return total


@parallel
def _sum_of_squares_in_blocks(x):
    totals = np.empty((x.size + BLOCK - 1) // BLOCK)
    for block in prange(totals.size):
        totals[block] = _sum_of_squares(x[block * BLOCK : (block + 1) * BLOCK])
    return totals.sum()


def _by_size(serial: Callable[..., Any], in_blocks: Callable[..., Any]) -> Callable[..., Any]:
    """One function of two: small arrays go to `serial`, large ones to all threads in blocks."""

    def run(x: np.ndarray, *args: Any) -> Any:
        return (serial if x.size < PARALLEL_SIZE else in_blocks)(x, *args)

    return run


sgd = _by_size(_sgd, _sgd_in_blocks)
momentum = _by_size(_momentum, _momentum_in_blocks)
adam = _by_size(_adam, _adam_in_blocks)
sum_of_squares = _by_size(_sum_of_squares, _sum_of_squares_in_blocks)
