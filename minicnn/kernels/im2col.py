"""Convolution as one matrix product: the pixels under a filter at each position are copied into a row.

    rows(X)  (Q, K)   the K = kh · kw · C numbers under the filter, for each of Q output pixels
    W        (K, O)   the filters
    Y        (Q, O)   = rows(X) · W,    dW = rows(X)ᵀ · dY,    dX = rows*(dY · Wᵀ)

where rows* (col2im) adds every row's numbers back to where they were read: the literal transpose of im2col. A walk
over the image copies nothing (see `direct`), but the rows of many small images fill a register tile that a single one
would leave empty.
"""

import numpy as np
from numba import prange

from ..threads import borrowing, parallel
from .blocks import SLACK, Lattice, load_block, store_block
from .direct import TASKS, add_columns, add_products, products_scratch
from .panels import ceil_div, share_of, sweep
from .vector import MR_NARROW, address

PIXELS = 192  # outputs of a block, approximately


@borrowing
def im2col(image, window, rows, columns, H, W, C, cols, to):
    """cols[to + (oy, ox), (i, j, c)] = image[oy·stride + i·dilation − pad, …, c], and 0 outside of it."""
    K = window.kh * window.kw * C
    for q in range(rows * columns):
        top, left = q // columns * window.stride_h - window.pad_h, q % columns * window.stride_w - window.pad_w
        for i in range(window.kh):
            for j in range(window.kw):
                iy, ix = top + i * window.dilation_h, left + j * window.dilation_w
                at = (to + q) * K + (i * window.kw + j) * C
                for c in range(C):
                    cols[at + c] = image[iy, ix, c] if 0 <= iy < H and 0 <= ix < W else 0


@borrowing
def col2im(cols, to, window, rows, columns, H, W, C, image):
    """image[oy·stride + i·dilation − pad, …, c] += cols[to + (oy, ox), (i, j, c)]: im2col, transposed."""
    K = window.kh * window.kw * C
    for q in range(rows * columns):
        top, left = q // columns * window.stride_h - window.pad_h, q % columns * window.stride_w - window.pad_w
        for i in range(window.kh):
            for j in range(window.kw):
                iy, ix = top + i * window.dilation_h, left + j * window.dilation_w
                if 0 <= iy < H and 0 <= ix < W:
                    for c in range(C):
                        image[iy, ix, c] += cols[(to + q) * K + (i * window.kw + j) * C + c]


@borrowing
def images_of_block(N, pixels):
    """How many images make a block of rows."""
    return max(1, min(share_of(N, TASKS), PIXELS // max(1, pixels)))


@parallel
def forward(x, panels, bias, window, rows, columns, target):
    """target = rows(x) · W + b: the rows of a few images at a time; panels (P, K, NR)."""
    N, H, W, C = x.shape
    P, K, NR = panels.shape
    PH, PW, O = target.y.shape[1:]
    pixels = rows * columns
    count = images_of_block(N, pixels)
    weights = panels.reshape(panels.size)
    for task in prange(ceil_div(N, count)):
        n0, n1 = task * count, min((task + 1) * count, N)
        size = (n1 - n0) * pixels
        nowhere = np.zeros(1, np.int64)
        cols = np.empty((size + MR_NARROW) * K + SLACK, x.dtype)
        cols[size * K :] = 0
        y = np.empty((size + MR_NARROW) * NR + SLACK, x.dtype)
        for n in range(n0, n1):
            im2col(x[n], window, rows, columns, H, W, C, cols, (n - n0) * pixels)
        for p in range(P):
            number = min(NR, O - p * NR)
            here, panel, begin = address(nowhere, 0), address(weights, p * K * NR), address(bias, p * NR)
            sweep(
                address(cols, 0), K, 1, here, here, 1, panel, K, begin, 1, 0, size,
                address(y, 0), NR, size, -np.inf, number <= NR // 2, x.itemsize,
            )  # fmt: skip
            for n in range(n0, n1):
                at = (n - n0) * pixels * NR
                store_block(y, at, columns, NR, target, n, Lattice(0, 0, 1, 1), 0, PH, PW, p * NR, number)


@parallel
def input_gradient(source, panels, window, rows, columns, dx):
    """dx = rows*(dy · Wᵀ): the rows of a few images at a time; panels (⌈K / NR⌉, O, NR)."""
    N, H, W, C = dx.shape
    P, O, NR = panels.shape
    K = window.kh * window.kw * C
    pixels = rows * columns
    count = images_of_block(N, pixels)
    weights = panels.reshape(panels.size)
    for task in prange(ceil_div(N, count)):
        n0, n1 = task * count, min((task + 1) * count, N)
        size = (n1 - n0) * pixels
        nowhere, zero = np.zeros(1, np.int64), np.zeros(NR, dx.dtype)
        dy = np.zeros((size + MR_NARROW) * O + SLACK, dx.dtype)
        part = np.empty((size + MR_NARROW) * NR + SLACK, dx.dtype)
        cols = np.empty(size * K, dx.dtype)
        for n in range(n0, n1):
            load_block(source, n, 0, 0, 0, O, rows, dy[(n - n0) * pixels * O :], columns, O)
        for p in range(P):
            here, panel, begin = address(nowhere, 0), address(weights, p * O * NR), address(zero, 0)
            sweep(
                address(dy, 0), O, 1, here, here, 1, panel, O, begin, 1, 0, size,
                address(part, 0), NR, size, -np.inf, False, dx.itemsize,
            )  # fmt: skip
            for q in range(size):
                for l in range(min(NR, K - p * NR)):
                    cols[q * K + p * NR + l] = part[q * NR + l]
        for n in range(n0, n1):
            dx[n] = 0
            col2im(cols, (n - n0) * pixels, window, rows, columns, H, W, C, dx[n])


@parallel
def weight_gradient(x, source, window, rows, columns, sums, biases):
    """sums[task, p, k, l] = rows(x)ᵀ · dy of a task's images, biases[task, p, l] = Σ dy; see `direct.gather`."""
    N, H, W, C = x.shape
    shares, P, K, NR = sums.shape
    O = source.values.shape[3]
    share, pixels = ceil_div(N, shares), rows * columns
    total = sums.reshape(sums.size)
    for task in prange(shares):
        n0, n1 = min(task * share, N), min((task + 1) * share, N)
        size = (n1 - n0) * pixels
        products = products_scratch(x)
        cols = np.empty(size * K + MR_NARROW + SLACK, x.dtype)
        block = np.zeros(size * NR + SLACK, x.dtype)
        for n in range(n0, n1):
            im2col(x[n], window, rows, columns, H, W, C, cols, (n - n0) * pixels)
        for p in range(P):
            number = min(NR, O - p * NR)
            sums[task, p] = 0
            biases[task, p] = 0
            for n in range(n0, n1):
                load_block(source, n, 0, 0, p * NR, number, rows, block[(n - n0) * pixels * NR :], columns, NR)
            add_columns(block, 0, NR, size, biases[task, p])
            add_products(
                cols, 0, K, size, block, 0, NR, K, 3, number <= NR // 2, products, total, (task * P + p) * K * NR
            )
