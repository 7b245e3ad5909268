"""The optimizers' loops: each update of `minicnn.optim` is one pass over memory.

The arrays are one-dimensional, contiguous, of one length and one dtype, to which the scalars are rounded first, as
PyTorch rounds them. An element's new moments stay in local variables until everything is computed: reading back a value
just stored makes Adam up to three times slower if the array is not aligned.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import prange

from minicnn.threads import elementwise, jit, parallel

BLOCK = 1 << 15  # elements that a thread takes at a time
PARALLEL_SIZE = 1 << 17  # for fewer elements, waking the threads costs more than it saves


@elementwise
def _sgd(w, g, lr, weight_decay):
    lr, weight_decay = w.dtype.type(lr), w.dtype.type(weight_decay)
    for i in range(w.size):
        w[i] -= lr * (g[i] + weight_decay * w[i])


@parallel
def _sgd_in_blocks(w, g, *options):
    for block in prange((w.size + BLOCK - 1) // BLOCK):
        part = slice(block * BLOCK, (block + 1) * BLOCK)
        _sgd(w[part], g[part], *options)


@elementwise
def _momentum(w, g, velocity, lr, momentum, weight_decay, nesterov):
    lr, momentum, weight_decay = w.dtype.type(lr), w.dtype.type(momentum), w.dtype.type(weight_decay)
    for i in range(w.size):
        d = g[i] + weight_decay * w[i]
        velocity_i = momentum * velocity[i] + d
        w[i] -= lr * (d + momentum * velocity_i if nesterov else velocity_i)
        velocity[i] = velocity_i


@parallel
def _momentum_in_blocks(w, g, velocity, *options):
    for block in prange((w.size + BLOCK - 1) // BLOCK):
        part = slice(block * BLOCK, (block + 1) * BLOCK)
        _momentum(w[part], g[part], velocity[part], *options)


@elementwise
def _adam(w, g, m, v, step_size, rate1, beta2, rate2, eps, inverse_root, weight_decay, shrink):
    step_size, eps, inverse_root = w.dtype.type(step_size), w.dtype.type(eps), w.dtype.type(inverse_root)
    rate1, beta2, rate2 = w.dtype.type(rate1), w.dtype.type(beta2), w.dtype.type(rate2)
    weight_decay, shrink = w.dtype.type(weight_decay), w.dtype.type(shrink)
    for i in range(w.size):
        w_i = shrink * w[i]
        d = g[i] + weight_decay * w_i
        m_i = m[i] + rate1 * (d - m[i])
        v_i = beta2 * v[i] + rate2 * d * d
        w[i] = w_i - step_size * (m_i / (np.sqrt(v_i) * inverse_root + eps))
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
    total = 0.0  # not totals.sum(), which would be split among the threads: its rounding would depend on their number
    for block in range(totals.size):
        total += totals[block]
    return total


def _by_size(serial: Callable[..., Any], in_blocks: Callable[..., Any]) -> Callable[..., Any]:
    """One function made of two: `serial` for small arrays, `in_blocks` on all threads for large ones."""

    def run(x: np.ndarray, *args: Any) -> Any:
        return (serial if x.size < PARALLEL_SIZE else in_blocks)(x, *args)

    return run


sgd = _by_size(_sgd, _sgd_in_blocks)
momentum = _by_size(_momentum, _momentum_in_blocks)
adam = _by_size(_adam, _adam_in_blocks)
sum_of_squares = _by_size(_sum_of_squares, _sum_of_squares_in_blocks)
