"""Convolution as one matrix product: the pixels under a filter at each position are copied into a row.

    rows(X)  (Q, K)   the K = kh · kw · C numbers under the filter, for each of Q output pixels
    W        (K, O)   the filters
    Y        (Q, O)   = rows(X) · W,    dW = rows(X)ᵀ · dY,    dX = rows*(dY · Wᵀ)

where rows* (col2im) adds every row's numbers back to where they were read: the literal transpose of im2col. A walk
over the image copies nothing (see `direct`), but the rows of many small images fill a register tile that a single one
would leave empty; and where images have few channels, dY · Wᵀ fills its lanes with taps as well as channels.
"""

import numpy as np
from numba import prange

from ..threads import borrowing, parallel
from .blocks import SLACK, Lattice, clear, load_block, load_first, store_block, store_first, taps_inside, windows_over
from .direct import TASKS, add_columns, add_products, products_scratch
from .panels import Runs, ceil_div, share_of, sweep
from .vector import MR_NARROW, Terms, address, width

PIXELS = 192  # outputs of a block, approximately
BAND_BYTES = 1 << 18  # of the gradients that a band of an image reads, approximately


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
def col2im(cols, at, pitch, window, oy0, oy1, columns, first, last, W, C, image, to):
    """image[oy·stride + i·dilation − pad, …, c] += cols[at + (oy, ox) · pitch + (i, j, c)]: im2col, transposed.

    From outputs of the lines oy0 … oy1; of the image, which is flat and begins at `to`, the lines first … last.
    """
    together = window.dilation_w == 1  # the taps of a line of the filter: they lie side by side, as they do in `cols`
    for q in range((oy1 - oy0) * columns):
        top, left = (oy0 + q // columns) * window.stride_h - window.pad_h, q % columns * window.stride_w - window.pad_w
        i0, i1 = taps_inside(top - first, window.dilation_h, window.kh, last - first)
        j0, j1 = taps_inside(left, window.dilation_w, window.kw, W)
        runs, size = (min(1, j1 - j0), (j1 - j0) * C) if together else (j1 - j0, C)
        for i in range(i0, i1):
            for j in range(j0, j0 + runs):
                source = at + q * pitch + (i * window.kw + j) * C
                target = to + ((top + i * window.dilation_h) * W + left + j * window.dilation_w) * C
                for v in range(0, size, width(image)):
                    sum_ = load_first(image, target + v, size - v) + load_first(cols, source + v, size - v)
                    store_first(image, target + v, sum_, size - v)


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
            terms = Terms(address(nowhere, 0), address(nowhere, 0), 1, K)
            panel, begin = address(weights, p * K * NR), address(bias, p * NR)
            run = Runs(1, size, K, 0, NR, 0)
            sweep(address(cols, 0), terms, panel, begin, run, address(y, 0), -np.inf, number <= NR // 2, x.itemsize)
            for n in range(n0, n1):
                at = (n - n0) * pixels * NR
                store_block(y, at, columns, NR, target, n, Lattice(0, 0, 1, 1), 0, PH, PW, p * NR, number)


@parallel
def input_gradient(source, panels, window, rows, columns, dx):
    """dx = rows*(dy · Wᵀ): a few small images at a time, or a band of a large one; panels (⌈K / NR⌉, O, NR).

    A band computes the rows of all outputs that see it, of which its neighbors compute some again: so no two write to
    the same pixel.
    """
    N, H, W, C = dx.shape
    P, O, NR = panels.shape
    count, pitch = images_of_block(N, rows * columns), P * NR
    height = window.dilation_h * (window.kh - 1) + 1
    # Bands at least: each one's gradients stay in the second-level cache, and one image is enough for all threads.
    least = max(ceil_div(rows * columns * O * dx.itemsize, BAND_BYTES), TASKS // N if count == 1 else 1)
    lines = max(ceil_div(H, least), 2 * height)  # of a band
    bands = ceil_div(H, lines)
    weights, image = panels.reshape(panels.size), dx.reshape(dx.size)
    for task in prange(ceil_div(N, count) * bands):
        n0, y0 = task // bands * count, task % bands * lines
        n1, y1 = min(n0 + count, N), min(y0 + lines, H)
        oy0, oy1 = windows_over(y0 + window.pad_h, y1 - y0, height, window.stride_h, rows)
        pixels = max(0, oy1 - oy0) * columns
        size = (n1 - n0) * pixels
        nowhere, zero = np.zeros(1, np.int64), np.zeros(NR, dx.dtype)
        dy = np.empty((size + MR_NARROW) * O + SLACK, dx.dtype)
        clear(dy, size * O, dy.size)
        cols = np.empty((size + MR_NARROW) * pitch + SLACK, dx.dtype)
        for n in range(n0, n1):
            load_block(source, n, oy0, 0, 0, O, oy1 - oy0, dy[(n - n0) * pixels * O :], columns, O)
        for p in range(P):
            terms = Terms(address(nowhere, 0), address(nowhere, 0), 1, O)
            panel, begin = address(weights, p * O * NR), address(zero, 0)
            run, narrow = Runs(1, size, O, 0, pitch, 0), window.kh * window.kw * C - p * NR <= NR // 2
            sweep(address(dy, 0), terms, panel, begin, run, address(cols, p * NR), -np.inf, narrow, dx.itemsize)
        for n in range(n0, n1):
            clear(image, (n * H + y0) * W * C, (n * H + y1) * W * C)
            at, to = (n - n0) * pixels * pitch, n * H * W * C
            col2im(cols, at, pitch, window, oy0, oy1, columns, y0, y1, W, C, image, to)


@parallel
def weight_gradient(x, source, window, rows, columns, sums, biases):
    """sums[task, p, k, l] = rows(x)ᵀ · dy of a task's images, biases[task, p, l] = Σ dy; see `direct.gather`."""
    N, H, W, C = x.shape
    shares, P, K, NR = sums.shape
    O = source.values.shape[3]
    pixels = rows * columns
    total = sums.reshape(sums.size)
    for task in prange(shares):
        n0, n1 = task * N // shares, (task + 1) * N // shares
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
