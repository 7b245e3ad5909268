"""The loops of batch normalization: two over the input in the forward pass, two in the backward pass.

Maps are channels-last, x (P, C) for P pixels in all. For sums they are cut into *parts*, blocks of pixels that stay in
cache, whose sums are added up at the end, always in the same order.

Variances are accurate however far a channel's mean is from 0, because values are centered before they are squared: with
n pixels in each part,

    mean = Σ n · mean[part] / P,    P · var = Σ_i (x[i] − mean)² = Σ squares[part] + Σ n · (mean[part] − mean)²

where squares[part] is centered on its own mean, while the part is in cache. Means are summed as differences from a
first value, so that the mean of equal values is that value, and their variance exactly 0.
"""

import numpy as np
from numba import prange

from ..threads import jit, parallel

PART = 1 << 14  # numbers in a part


def moments(x):
    """Mean and (biased) variance of each channel, (C,) each, in double precision."""
    P, C = x.shape
    means, squares = np.zeros((2, max(1, parts_of(P, C)[1]), C), x.dtype)  # an empty shard has one part, of no pixels
    mean, var = np.zeros((2, C), np.result_type(x.dtype, np.float64))
    moments_of_parts(x, means, squares)
    combine(means, squares, P, mean, var)
    return mean, var


def gradient_sums(dy, x, mean):
    """Σ dy and Σ dy · (x − mean) of each channel, (C,) each."""
    P, C = x.shape
    sums = np.zeros((2, parts_of(P, C)[1], C), x.dtype)
    sums_of_parts(dy, x, mean, sums[0], sums[1])
    return sums.sum(axis=1, dtype=np.float64).astype(x.dtype)


@jit
def parts_of(P, C):
    """How many pixels of C channels a part has, and how many parts hold P pixels."""
    size = max(1, PART // C)
    return size, -(-P // size)


@jit
def combine(means, squares, P, mean, var):
    """Mean and variance of P pixels from those of their parts, of which the last may have fewer."""
    C = mean.size
    size, parts = parts_of(P, C)
    for c in range(C):
        mean[c] = means[0, c]
    for part in range(1, parts):
        n = min(size, P - part * size)
        for c in range(C):
            mean[c] += (means[part, c] - means[0, c]) * n / P
    for part in range(parts):
        n = min(size, P - part * size)
        for c in range(C):
            d = means[part, c] - mean[c]
            var[c] += (squares[part, c] + n * d * d) / P


@parallel
def moments_of_parts(x, means, squares):
    P, C = x.shape
    size, parts = parts_of(P, C)
    for part in prange(parts):
        first, last = part * size, min((part + 1) * size, P)
        means[part] = 0
        squares[part] = 0
        for p in range(first + 1, last):
            for c in range(C):
                means[part, c] += x[p, c] - x[first, c]
        for c in range(C):
            means[part, c] = x[first, c] + means[part, c] / x.dtype.type(last - first)
        for p in range(first, last):
            for c in range(C):
                d = x[p, c] - means[part, c]
                squares[part, c] += d * d


@parallel
def sums_of_parts(dy, x, mean, sums, products):
    P, C = x.shape
    size, parts = parts_of(P, C)
    for part in prange(parts):
        for p in range(part * size, min((part + 1) * size, P)):
            for c in range(C):
                sums[part, c] += dy[p, c]
                products[part, c] += dy[p, c] * (x[p, c] - mean[c])


@parallel(elementwise=True)
def normalize(x, mean, factor, bias, y):
    """y = (x − mean) · factor + bias."""
    P, C = x.shape
    for p in prange(P):
        for c in range(C):
            y[p, c] = (x[p, c] - mean[c]) * factor[c] + bias[c]


@parallel(elementwise=True)
def input_gradient(dy, x, mean, factor, shift, slope, dx):
    """dx = factor · (dy − shift − (x − mean) · slope)."""
    P, C = x.shape
    for p in prange(P):
        for c in range(C):
            dx[p, c] = factor[c] * (dy[p, c] - shift[c] - (x[p, c] - mean[c]) * slope[c])
