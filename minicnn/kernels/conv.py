"""Convolution as matrix products: blocks of im2col columns that stay in cache, one BLAS call per block.

All three kernels see a convolution as Y = W · cols(X), for each group of channels:

    cols(X)  (K, L)   K = channels · kh · kw numbers under the window, for each of L output pixels
    W        (O, K)   the filters, flattened
    Y        (O, L)   the output pixels

and its two pullbacks as dW = dY · cols(X)ᵀ and dX = cols*(Wᵀ · dY), where cols* (col2im) adds every column's numbers
back to where they were read: the literal transpose of im2col. The whole matrix of columns is never built: a block is
a few *lines*, a line being one row of output pixels of one picture, lines of all pictures in one sequence.

Arrays are channels-first and C-contiguous: x (N, G, C, H, W), w (G, O, C·kh·kw), y (N, G, O, OH, OW), where C and O
count channels per group.
"""

import numpy as np
from numba import prange

from ..threads import jit, parallel

BLOCK_BYTES = 1 << 18  # columns of one block: a quarter of the L2 cache of a recent core …
BLOCK_PIXELS = 192  # … but enough of them that BLAS reads the filters seldom
TASKS = 16  # into how many tasks a small problem is cut: fixed, so that results do not depend on the thread count
PARTIAL_BYTES = 1 << 26  # what the partial sums of the weight gradient may take together


@jit
def lines_per_block(K, OW, itemsize):
    return max(1, BLOCK_BYTES // (K * OW * itemsize), -(-BLOCK_PIXELS // OW))


@jit
def chunk(size, tasks):
    """The size of each part when `size` items are cut into about `tasks` parts."""
    return max(1, -(-size // max(1, tasks)))


@jit
def span(offset, stride, length, size):
    """The output positions o in [0, length) whose input position o·stride + offset falls inside [0, size)."""
    first = max(0, -(offset // stride))
    last = min(length, (size - 1 - offset) // stride + 1)
    return min(first, length), max(first, last)


@jit
def im2col(x, g, first, last, geometry, OH, cols):
    """cols[(c, i, j), (line, ox)] = x[n, g, c, iy, ix], the pixel that w[·, c, i, j] meets at that output; 0 outside.

    iy = oy·stride + i·dilation − pad, and ix likewise.
    """
    kh, kw, stride_h, stride_w, pad_h, pad_w, dilation_h, dilation_w = geometry
    C, H, W = x.shape[2:]
    OW = cols.shape[1] // (last - first)
    for line in range(first, last):
        n, oy = line // OH, line % OH
        to = (line - first) * OW
        k = 0
        for c in range(C):
            for i in range(kh):
                iy = oy * stride_h + i * dilation_h - pad_h
                for j in range(kw):
                    row = cols[k, to : to + OW]
                    k += 1
                    if iy < 0 or iy >= H:
                        row[:] = 0
                        continue
                    offset = j * dilation_w - pad_w
                    left, right = span(offset, stride_w, OW, W)
                    row[:left] = 0
                    row[right:] = 0
                    source = x[n, g, c, iy]
                    if stride_w == 1:
                        for ox in range(left, right):
                            row[ox] = source[ox + offset]
                    else:
                        for ox in range(left, right):
                            row[ox] = source[ox * stride_w + offset]


@jit
def col2im(cols, oy, geometry, dx):
    """dx[c, oy·stride + i·dilation − pad, …] += cols[(c, i, j), ox]: im2col of one line, transposed."""
    kh, kw, stride_h, stride_w, pad_h, pad_w, dilation_h, dilation_w = geometry
    C, H, W = dx.shape
    OW = cols.shape[1]
    k = 0
    for c in range(C):
        for i in range(kh):
            iy = oy * stride_h + i * dilation_h - pad_h
            for j in range(kw):
                row = cols[k]
                k += 1
                if iy < 0 or iy >= H:
                    continue
                offset = j * dilation_w - pad_w
                left, right = span(offset, stride_w, OW, W)
                target = dx[c, iy]
                if stride_w == 1:
                    for ox in range(left, right):
                        target[ox + offset] += row[ox]
                else:
                    for ox in range(left, right):
                        target[ox * stride_w + offset] += row[ox]


@jit
def gather_lines(y, g, first, last, out):
    """out[o, (line, ox)] = y[n, g, o, oy, ox]: the lines of a block side by side, as `im2col` orders its columns."""
    O, OH, OW = y.shape[2:]
    for line in range(first, last):
        n, oy = line // OH, line % OH
        to = (line - first) * OW
        for o in range(O):
            row, source = out[o, to : to + OW], y[n, g, o, oy]
            for ox in range(OW):
                row[ox] = source[ox]


@parallel
def correlate(x, w, b, geometry, y):
    """y = w · cols(x) + b, a block of lines and a chunk of filters at a time."""
    N, G, O, OH, OW = y.shape
    K = w.shape[2]
    lines = lines_per_block(K, OW, x.itemsize)
    blocks = -(-N * OH // lines)
    filters = chunk(O, TASKS // (2 * blocks * G))
    chunks = -(-O // filters)
    for task in prange(blocks * G * chunks):
        block, g, part = task // (G * chunks), task // chunks % G, task % chunks
        first, last = block * lines, min((block + 1) * lines, N * OH)
        cols = np.empty((K, (last - first) * OW), x.dtype)
        im2col(x, g, first, last, geometry, OH, cols)
        o0, o1 = part * filters, min((part + 1) * filters, O)
        out = np.dot(w[g, o0:o1], cols)
        for o in range(o0, o1):
            for line in range(first, last):
                row = out[o - o0, (line - first) * OW : (line - first + 1) * OW]
                target = y[line // OH, g, o, line % OH]
                for ox in range(OW):
                    target[ox] = row[ox] + b[g, o]


@parallel
def correlate_input_gradient(dy, wt, geometry, dx):
    """dx = cols*(wᵀ · dy), one picture and a chunk of its channels at a time; wt (G, C·kh·kw, O) is w transposed."""
    N, G, C = dx.shape[:3]
    O, OH, OW = dy.shape[2:]
    window = geometry[0] * geometry[1]
    channels = chunk(C, -(-TASKS // (N * G)))
    chunks = -(-C // channels)
    lines = min(OH, lines_per_block(channels * window, OW, dx.itemsize))
    for task in prange(N * G * chunks):
        n, g, part = task // (G * chunks), task // chunks % G, task % chunks
        c0, c1 = part * channels, min((part + 1) * channels, C)
        target = dx[n, g, c0:c1]
        target[:] = 0
        for y0 in range(0, OH, lines):
            y1 = min(y0 + lines, OH)
            block = np.empty((O, (y1 - y0) * OW), dy.dtype)
            gather_lines(dy, g, n * OH + y0, n * OH + y1, block)
            cols = np.dot(wt[g, c0 * window : c1 * window], block)
            for oy in range(y0, y1):
                col2im(cols[:, (oy - y0) * OW : (oy - y0 + 1) * OW], oy, geometry, target)


@parallel
def correlate_weight_gradient(x, dy, geometry, dw):
    """dw = dy · cols(x)ᵀ: each task sums over its own lines, and the partial sums are added in their order."""
    N, G, O, OH, OW = dy.shape
    K = dw.shape[2]
    tasks = max(2, min(TASKS, PARTIAL_BYTES // (dw.size * dw.itemsize)))
    share = chunk(N * OH, tasks)
    lines = min(share, lines_per_block(K, OW, x.itemsize))
    partial = np.zeros((tasks, G, O, K), dw.dtype)
    for task in prange(tasks):
        for first in range(task * share, min((task + 1) * share, N * OH), lines):
            last = min(first + lines, (task + 1) * share, N * OH)
            cols = np.empty((K, (last - first) * OW), x.dtype)
            block = np.empty((O, (last - first) * OW), dy.dtype)
            for g in range(G):
                im2col(x, g, first, last, geometry, OH, cols)
                gather_lines(dy, g, first, last, block)
                partial[task, g] += np.dot(block, cols.T)
    dw[:] = 0
    for task in range(tasks):
        dw += partial[task]
