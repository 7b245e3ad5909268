"""The loops of batch normalization: two over the input in the forward pass, two in the backward pass.

Memory may be channels-first or channels-last. Either way a map is C-contiguous and cut into *parts*, whose sums are
added up at the end, always in the same order:

    planes  x (N, C, S)   a part is a channel of an image: S pixels
    rows    x (P, C)      a part is a block of pixels, of all channels, that stays in cache

Variances are accurate however far a channel's mean is from 0, because values are centered before they are squared: with
n values in each part,

    mean = Σ n · mean[part] / M,    M · var = Σ_i (x[i] − mean)² = Σ squares[part] + Σ n · (mean[part] − mean)²

where squares[part] is centered on its own mean, while the part is in cache. Means are summed as differences from a
first value, so that the mean of equal values is that value, and their variance exactly 0.
"""

import numpy as np
from numba import prange

from ..threads import elementwise, jit, parallel

PART = 1 << 14  # numbers in a block of rows


def moments(x):
    """Mean and (biased) variance of each channel, (C,) each, in double precision."""
    means, squares = np.empty((2, parts(x), x.shape[1]), x.dtype)
    mean, var = np.zeros((2, x.shape[1]), np.result_type(x.dtype, np.float64))
    if x.ndim == 3:
        moments_of_planes(x, means, squares)
        combine(means, squares, x.shape[2], len(x) * x.shape[2], mean, var)
    else:
        moments_of_rows(x, means, squares)
        combine(means, squares, block_rows(x.shape[1]), len(x), mean, var)
    return mean, var


def normalize(x, mean, factor, bias):
    """y = (x − mean) · factor + bias."""
    y = np.empty_like(x)
    (normalize_planes if x.ndim == 3 else normalize_rows)(x, mean, factor, bias, y)
    return y


def gradient_sums(dy, x, mean):
    """Σ dy and Σ dy · (x − mean) of each channel, (C,) each."""
    sums = np.zeros((2, parts(x), x.shape[1]), x.dtype)
    (sums_of_planes if x.ndim == 3 else sums_of_rows)(dy, x, mean, sums[0], sums[1])
    return sums.sum(axis=1, dtype=np.float64).astype(x.dtype)


def input_gradient(dy, x, mean, factor, shift, slope):
    """dx = factor · (dy − shift − (x − mean) · slope)."""
    dx = np.empty_like(x)
    (input_gradient_of_planes if x.ndim == 3 else input_gradient_of_rows)(dy, x, mean, factor, shift, slope, dx)
    return dx


def parts(x):
    return len(x) if x.ndim == 3 else -(-len(x) // block_rows(x.shape[1]))


@jit
def block_rows(C):
    return max(1, PART // C)


@jit
def combine(means, squares, size, M, mean, var):
    """Mean and variance of M values from those of parts of `size`, of which the last may have fewer."""
    P, C = means.shape
    for c in range(C):
        mean[c] = means[0, c]
    for part in range(1, P):
        n = min(size, M - part * size)
        for c in range(C):
            mean[c] += (means[part, c] - means[0, c]) * n / M
    for part in range(P):
        n = min(size, M - part * size)
        for c in range(C):
            d = means[part, c] - mean[c]
            var[c] += (squares[part, c] + n * d * d) / M


# Planes: one channel of one image


@jit
def sum_of(x):
    total = x.dtype.type(0)
    for i in range(x.size):
        total += x[i]
    return total


@jit
def mean_of(x):
    first, total = x[0], x.dtype.type(0)
    for i in range(x.size):
        total += x[i] - first
    return first + total / x.dtype.type(x.size)


@jit
def centered_squares(x, mean):
    total = x.dtype.type(0)
    for i in range(x.size):
        d = x[i] - mean
        total += d * d
    return total


@parallel
def moments_of_planes(x, means, squares):
    N, C, _ = x.shape
    for plane in prange(N * C):
        n, c = plane // C, plane % C
        mean = mean_of(x[n, c])
        means[n, c] = mean
        squares[n, c] = centered_squares(x[n, c], mean)


@elementwise
def normalize_plane(x, mean, factor, bias, y):
    for i in range(x.size):
        y[i] = (x[i] - mean) * factor + bias


@parallel
def normalize_planes(x, mean, factor, bias, y):
    N, C, _ = x.shape
    for plane in prange(N * C):
        n, c = plane // C, plane % C
        normalize_plane(x[n, c], mean[c], factor[c], bias[c], y[n, c])


@jit
def centered_product(dy, x, mean):
    total = x.dtype.type(0)
    for i in range(x.size):
        total += dy[i] * (x[i] - mean)
    return total


@parallel
def sums_of_planes(dy, x, mean, sums, products):
    N, C, _ = x.shape
    for plane in prange(N * C):
        n, c = plane // C, plane % C
        sums[n, c] = sum_of(dy[n, c])
        products[n, c] = centered_product(dy[n, c], x[n, c], mean[c])


@elementwise
def input_gradient_of_plane(dy, x, mean, factor, shift, slope, dx):
    for i in range(x.size):
        dx[i] = factor * (dy[i] - shift - (x[i] - mean) * slope)


@parallel
def input_gradient_of_planes(dy, x, mean, factor, shift, slope, dx):
    N, C, _ = x.shape
    for plane in prange(N * C):
        n, c = plane // C, plane % C
        input_gradient_of_plane(dy[n, c], x[n, c], mean[c], factor[c], shift[c], slope[c], dx[n, c])


# Rows: all channels of one pixel


@jit
def add_difference(x, first, sums):
    for c in range(x.size):
        sums[c] += x[c] - first[c]


@jit
def add_centered_squares(x, mean, sums):
    for c in range(x.size):
        d = x[c] - mean[c]
        sums[c] += d * d


@parallel
def moments_of_rows(x, means, squares):
    P, C = x.shape
    size = block_rows(C)
    for part in prange(len(means)):
        first, last = part * size, min((part + 1) * size, P)
        means[part] = 0
        squares[part] = 0
        for p in range(first + 1, last):
            add_difference(x[p], x[first], means[part])
        for c in range(C):
            means[part, c] = x[first, c] + means[part, c] / x.dtype.type(last - first)
        for p in range(first, last):
            add_centered_squares(x[p], means[part], squares[part])


@elementwise
def normalize_row(x, mean, factor, bias, y):
    for c in range(x.size):
        y[c] = (x[c] - mean[c]) * factor[c] + bias[c]


@parallel
def normalize_rows(x, mean, factor, bias, y):
    P, C = x.shape
    size = block_rows(C)
    for part in prange(-(-P // size)):
        for p in range(part * size, min((part + 1) * size, P)):
            normalize_row(x[p], mean, factor, bias, y[p])


@jit
def add_products(dy, x, mean, sums, products):
    for c in range(x.size):
        sums[c] += dy[c]
        products[c] += dy[c] * (x[c] - mean[c])


@parallel
def sums_of_rows(dy, x, mean, sums, products):
    P, C = x.shape
    size = block_rows(C)
    for part in prange(len(sums)):
        for p in range(part * size, min((part + 1) * size, P)):
            add_products(dy[p], x[p], mean, sums[part], products[part])


@elementwise
def input_gradient_of_row(dy, x, mean, factor, shift, slope, dx):
    for c in range(x.size):
        dx[c] = factor[c] * (dy[c] - shift[c] - (x[c] - mean[c]) * slope[c])


@parallel
def input_gradient_of_rows(dy, x, mean, factor, shift, slope, dx):
    P, C = x.shape
    size = block_rows(C)
    for part in prange(-(-P // size)):
        for p in range(part * size, min((part + 1) * size, P)):
            input_gradient_of_row(dy[p], x[p], mean, factor, shift, slope, dx[p])
