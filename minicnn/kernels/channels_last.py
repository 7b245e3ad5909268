"""Convolution of channels-last pictures as matrix products: blocks of im2col rows that stay in cache.

    rows(X)  (Q, K)   the K = kh · kw · C numbers under the filter, for each of Q output pixels
    W        (K, O)   the filters
    Y        (Q, O)   = rows(X) · W,    dW = rows(X)ᵀ · dY,    dX = rows*(dY · Wᵀ)

where rows* (col2im) adds every row's numbers back to where they were read. A row is kh runs of kw · C contiguous
numbers, and for a 1 × 1 filter the pictures are their own rows: nothing is gathered. Pictures of few channels, whose
runs would be short, may come channels-first: then rows(X)ᵀ is gathered as `conv` does it, in long rows of pixels.

A block is some rows of outputs of one picture; `pixels` tells how pictures, gradients and outputs come and go.
"""

import numpy as np
from numba import prange

from ..threads import jit, parallel
from .conv import PARTIAL_BYTES, TASKS, columns, line_pitch, split
from .matmul import LANES, multiply, multiply_panels, panels_of
from .pixels import add, add_rows, clear, copy, load, one_window_each, scatter_windows, store

BLOCK_BYTES = 1 << 18  # im2col rows and outputs of one block: a quarter of the L2 cache of a recent core …
BLOCK_PIXELS = 96  # … but about so many pixels that the filters are read seldom


@jit
def block_rows(OW, K, O, itemsize):
    """How many rows of outputs make a block: of each pixel it holds the K numbers under it, and its O outputs."""
    return max(1, BLOCK_BYTES // (max(1, OW * (K + O)) * itemsize), BLOCK_PIXELS // max(1, OW))


@jit
def own_rows(geometry):
    """Whether the pictures are their own im2col rows."""
    kh, kw, stride_h, stride_w, pad_h, pad_w, _, _ = geometry
    return kh * kw * stride_h * stride_w == 1 and pad_h == 0 and pad_w == 0


@jit
def im2row(picture, geometry, first, OW, rows):
    """rows[(oy, ox), (i, j, c)] = picture[oy·stride + i·dilation − pad, …, c], for outputs from row `first` on."""
    kh, kw, stride_h, stride_w, pad_h, pad_w, dilation_h, dilation_w = geometry
    H, W, C = picture.shape
    lines = picture.reshape(H, W * C)
    for q in range(rows.shape[0]):
        top, left = (first + q // OW) * stride_h - pad_h, q % OW * stride_w - pad_w
        for i in range(kh):
            iy = top + i * dilation_h
            target = rows[q, i * kw * C : (i + 1) * kw * C]
            if iy < 0 or iy >= H:
                clear(target)
            elif dilation_w == 1 and left >= 0 and left + kw <= W:
                copy(lines[iy, left * C : (left + kw) * C], target)
            else:
                for j in range(kw):
                    ix = left + j * dilation_w
                    if 0 <= ix < W:
                        copy(picture[iy, ix], target[j * C : (j + 1) * C])
                    else:
                        clear(target[j * C : (j + 1) * C])


@jit
def row2im(rows, geometry, first, OW, low, band):
    """band[oy·stride + i·dilation − pad − low, …, c] += rows[(oy, ox), (i, j, c)]: im2row, transposed.

    The band is some rows of a picture's gradient, from row `low` on.
    """
    kh, kw, stride_h, stride_w, pad_h, pad_w, dilation_h, dilation_w = geometry
    height, W, C = band.shape
    lines = band.reshape(height, W * C)
    for q in range(rows.shape[0]):
        top, left = (first + q // OW) * stride_h - pad_h - low, q % OW * stride_w - pad_w
        for i in range(kh):
            iy = top + i * dilation_h
            if iy < 0 or iy >= height:
                continue
            source = rows[q, i * kw * C : (i + 1) * kw * C]
            if dilation_w == 1 and left >= 0 and left + kw <= W:
                add(source, lines[iy, left * C : (left + kw) * C])
                continue
            for j in range(kw):
                ix = left + j * dilation_w
                if 0 <= ix < W:
                    add(source[j * C : (j + 1) * C], band[iy, ix])


@jit
def pitch_of(geometry, OW, planes):
    """How far apart two rows of outputs stand: channels-first gathering leaves a gap between them."""
    return line_pitch(geometry, OW) if planes else OW


@jit
def gathered(picture, planes, geometry, first, count, OW, K):
    """The im2col rows (Q, K) of `count` rows of outputs, or transposed (K, Q) from a channels-first picture."""
    if planes:
        cols = np.zeros((K, 1, count * line_pitch(geometry, OW)), picture.dtype)
        columns(picture, geometry, first, count, OW, cols, 0)
        return cols.reshape(K, cols.shape[2])
    if own_rows(geometry):
        return picture[first : first + count].reshape(count * OW, K)
    rows = np.empty((count * OW, K), picture.dtype)
    im2row(picture, geometry, first, OW, rows)
    return rows


@jit
def gradient_rows(source, n, first, count, pitch):
    """The gradient of `count` rows of outputs before ReLU and pooling (count · pitch, O)."""
    O = source[0].shape[3]
    block = np.empty((count, 1, pitch, O), source[0].dtype)
    if one_window_each(source):
        load(source, n, first, 0, block)
    else:
        scatter_windows(source, n, first, block.reshape(count, pitch, O))
    return block.reshape(count * pitch, O)


@parallel
def correlate(x, planes, w, b, geometry, OW, target):
    """target = rows(x) · w + b: a block of rows of outputs, and a part of the filters, at a time; w (K, O) in panels.

    x is channels-last, or with `planes` channels-first, and then the K are numbered (c, i, j).
    """
    N, PH = target[0].shape[:2]
    window_h, step = target[3], target[5]
    K, O = w.shape[1], b.size
    pitch = pitch_of(geometry, OW, planes)
    count = max(1, min(PH, block_rows(OW, K, O, x.itemsize) // step))  # rows of y, each several rows of outputs
    bands = -(-PH // count)
    filters = split(panels_of(O), TASKS // (2 * max(1, N * bands))) * LANES
    parts = -(-O // filters)
    for task in prange(N * bands * parts):
        n, band, part = task // (bands * parts), task // parts % bands, task % parts
        py, o0, o1 = band * count, part * filters, min((part + 1) * filters, O)
        lines = (min(count, PH - py) - 1) * step + window_h
        rows = gathered(x[n], planes, geometry, py * step, lines, OW, K)
        products = np.empty((lines * pitch, o1 - o0), x.dtype)
        if planes:
            multiply_panels(rows.T, w[o0 // LANES :], products, False)
        else:
            multiply_panels(rows, w[o0 // LANES :], products, False)
        store(products.reshape(lines, 1, pitch, o1 - o0), b[o0:o1], target, n, py * step, 0, o0)


@parallel
def correlate_input_gradient(source, wt, geometry, size, dx):
    """dx = rows*(dy · wᵀ): a band of rows of dx at a time, from all outputs that read it.

    wt (O, K) comes in panels.
    """
    kh, _, stride_h, _, pad_h, _, dilation_h, _ = geometry
    OH, OW = size
    N, H = dx.shape[:2]
    K, O = geometry[0] * geometry[1] * dx.shape[3], wt.shape[1]
    count = max(block_rows(OW, K, O, dx.itemsize), split(OH, TASKS // max(1, N)))  # rows of outputs, about, for a band
    count = max(count, 4 * (dilation_h * (kh - 1) // stride_h))  # bands share what they read: let it be a small part
    height = count * stride_h
    bands = -(-H // height)
    step = block_rows(OW, K, O, dx.itemsize)
    for task in prange(N * bands):
        n, low = task // bands, task % bands * height
        high = min(low + height, H)
        if own_rows(geometry):
            block = gradient_rows(source, n, low, high - low, OW)
            multiply_panels(block, wt, dx[n, low:high].reshape((high - low) * OW, K), False)
            continue
        dx[n, low:high] = 0
        first = max(0, -((dilation_h * (kh - 1) - low - pad_h) // stride_h))
        last = min(OH, (high - 1 + pad_h) // stride_h + 1)
        for row in range(first, last, step):
            block = gradient_rows(source, n, row, min(step, last - row), OW)
            rows = np.empty((block.shape[0], panels_of(K) * LANES), dx.dtype)  # whole panels: no tile is cut
            multiply_panels(block, wt, rows, False)
            row2im(rows, geometry, row, OW, low, dx[n, low:high])


@parallel
def correlate_weight_gradient(x, planes, source, geometry, size, dw, db):
    """dw (K, O) = rows(x)ᵀ · dy, db = Σ dy: each task sums over its own blocks, and the sums are added in order."""
    OH, OW = size
    N = x.shape[0]
    K, O = dw.shape
    pitch = pitch_of(geometry, OW, planes)
    count = min(OH, block_rows(OW, K, O, x.itemsize))
    bands = -(-OH // count)
    blocks = N * bands
    share = split(blocks, max(2, min(TASKS, PARTIAL_BYTES // (dw.size * dw.itemsize))))
    tasks = -(-blocks // share)
    weights = np.zeros((tasks, K, O), dw.dtype)
    biases = np.zeros((tasks, O), dw.dtype)
    for task in prange(tasks):
        for number in range(task * share, min((task + 1) * share, blocks)):
            n, row = number // bands, number % bands * count
            lines = min(count, OH - row)
            block = gradient_rows(source, n, row, lines, pitch)
            rows = gathered(x[n], planes, geometry, row, lines, OW, K)
            if planes:
                multiply(rows, block, weights[task], True)
            else:
                multiply(rows.T, block, weights[task], True)
            add_rows(block, biases[task])
    clear(db)
    add_rows(biases, db)
    for k in prange(K):
        clear(dw[k])
        for task in range(tasks):
            add_rows(weights[task, k : k + 1], dw[k])
