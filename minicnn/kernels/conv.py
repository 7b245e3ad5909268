"""Convolution as matrix products: blocks of im2col columns that stay in cache, one product (see `matmul`) per block.

All three kernels see a convolution as Y = W · cols(X), for each group of channels:

    cols(X)  (K, Q)   K = channels · kh · kw numbers under the filter, for each of Q output pixels
    W        (O, K)   the filters, flattened
    Y        (O, Q)   the output pixels

and its two pullbacks as dW = dY · cols(X)ᵀ and dX = cols*(Wᵀ · dY), where cols* (col2im) adds every column's numbers
back to where they were read: the literal transpose of im2col. The whole matrix of columns is never built: a *block* is
some rows of one picture, or a few whole pictures.

What follows the products is done while a block is in cache (see `epilogue`): bias, and where it is asked for ReLU and
max pooling, so that the big map between them is never written.

Arrays are channels-first and C-contiguous: x (N, G, C, H, W), w (G, O, C·kh·kw), y (N, G, O, PH, PW), where C and O
count channels per group. `pool` is (kh, kw, stride_h, stride_w), and (1, 1, 1, 1) where there is none.
"""

import numpy as np
from numba import prange

from ..threads import jit, parallel
from .columns import col2im, columns, line_pitch, patch_shape
from .epilogue import load_gradient, store
from .matmul import ROWS, multiply

BLOCK_PRODUCTS = 1_000_000  # multiplications of one block: its columns stay in cache, unless there are few filters
FEW_WEIGHTS = 256  # up to so many a plain loop over long rows is faster than the tiles of a product
SMALL_BLOCK_BYTES = 1 << 16  # columns and outputs of one block of such a loop, which reads them over and over
BLOCK_BYTES = 1 << 18  # columns of one block: a quarter of the L2 cache of a recent core …
BLOCK_PIXELS = 192  # … but enough of them that the filters are read seldom
TASKS = 16  # into how many tasks a small problem is cut: fixed, so that results do not depend on the thread count
PARTIAL_BYTES = 1 << 26  # what the partial sums of the weight gradient may take together


@jit
def split(size, parts):
    """The size of each part when `size` items are cut into at most `parts` parts."""
    return max(1, -(-size // max(1, parts)))


@jit
def block_size(N, OH, pitch, O, K, itemsize):
    """(pictures, rows) of a block: some rows of one picture, or all rows of several."""
    pixels = BLOCK_PRODUCTS // (O * K)
    if O * K <= FEW_WEIGHTS:
        pixels = SMALL_BLOCK_BYTES // ((O + K) * itemsize)
    elif pixels < 48:
        pixels = max(BLOCK_BYTES // (K * itemsize), BLOCK_PIXELS)
    if pixels < OH * pitch:
        return 1, max(1, pixels // pitch)
    return max(1, min(split(N, TASKS), pixels // (OH * pitch))), OH


@jit
def product(w, cols):
    """w · cols; with few weights as sums of rows, three at a time."""
    O, K = w.shape
    Q = cols.shape[1]
    if w.size > FEW_WEIGHTS:
        y = np.empty((O, Q), cols.dtype)
        multiply(w, cols, y, False)
        return y
    y = np.zeros((O, Q), cols.dtype)
    for o in range(O):
        row = y[o]
        for k in range(0, K - 2, 3):
            a, b, c = cols[k], cols[k + 1], cols[k + 2]
            weight_a, weight_b, weight_c = w[o, k], w[o, k + 1], w[o, k + 2]
            for q in range(Q):
                row[q] += weight_a * a[q] + weight_b * b[q] + weight_c * c[q]
        for k in range(K - K % 3, K):
            a, weight_a = cols[k], w[o, k]
            for q in range(Q):
                row[q] += weight_a * a[q]
    return y


@parallel
def correlate(x, w, b, geometry, OW, relu, pool, y, switches):
    """y = w · cols(x) + b, then ReLU and pooling if asked for: a block of pixels and a chunk of filters at a time."""
    N, G, O, PH = y.shape[:4]
    K = w.shape[2]
    pitch = line_pitch(geometry, OW)
    pictures, rows = block_size(N, PH * pool[2], pitch, O, K, x.itemsize)
    rows = max(1, min(PH, rows // pool[2]))  # rows of y, each of them several rows of outputs
    bands = -(-PH // rows)
    blocks = -(-N // pictures) * bands
    filters = split(-(-O // ROWS), TASKS // (2 * blocks * G)) * ROWS  # whole tiles
    chunks = -(-O // filters)
    for task in prange(blocks * G * chunks):
        block, g, part = task // (G * chunks), task // chunks % G, task % chunks
        n0, py = block // bands * pictures, block % bands * rows
        n1, count = min(n0 + pictures, N), min(rows, PH - py)
        o0, o1 = part * filters, min((part + 1) * filters, O)
        lines = (count - 1) * pool[2] + pool[0]
        cols = np.empty((K, n1 - n0, lines * pitch), x.dtype)
        for n in range(n0, n1):
            columns(x[n, g], geometry, py * pool[2], lines, OW, cols, n - n0)
        out = product(w[g, o0:o1], cols.reshape(K, -1)).reshape(o1 - o0, n1 - n0, lines, pitch)
        for n in range(n0, n1):
            store(out, n - n0, b[g, o0:o1], relu, pool, y[n, g, o0:o1], switches[n, g, o0:o1], py, count)


@parallel
def correlate_input_gradient(dy, y, switches, wt, geometry, OH, OW, relu, pool, dx):
    """dx = cols*(wᵀ · dy), one picture and a chunk of its channels at a time; wt (G, C·kh·kw, O) is w transposed."""
    N, G, C, H, W = dx.shape
    O = dy.shape[2]
    window = geometry[0] * geometry[1]
    channels = split(C, TASKS // (N * G))
    chunks = -(-C // channels)
    pitch = line_pitch(geometry, OW)
    rows = block_size(1, OH, pitch, O, channels * window, dx.itemsize)[1]
    height, width = patch_shape(geometry, OH, OW)
    pad_h, pad_w = geometry[4], geometry[5]
    # What lies beyond was never read: the whole picture, where steps are so wide that only padding was.
    bottom, right = max(0, min(H, height - pad_h)), max(0, min(W, width - pad_w))
    for task in prange(N * G * chunks):
        n, g, part = task // (G * chunks), task // chunks % G, task % chunks
        c0, c1 = part * channels, min((part + 1) * channels, C)
        patch = np.zeros((c1 - c0, height, width), dx.dtype)
        for row in range(0, OH, rows):
            count = min(rows, OH - row)
            block = np.empty((O, 1, count, pitch), dy.dtype)
            load_gradient(dy[n, g], y[n, g], switches[n, g], relu, pool, row, block, 0)
            cols = product(wt[g, c0 * window : c1 * window], block.reshape(O, -1))
            col2im(cols, geometry, row, count, OW, patch)
        for c in range(c0, c1):
            target = dx[n, g, c]
            target[:] = 0
            target[:bottom, :right] = patch[c - c0, pad_h : pad_h + bottom, pad_w : pad_w + right]


@parallel
def correlate_weight_gradient(x, dy, y, switches, geometry, OH, OW, relu, pool, dw, db):
    """dwᵀ = cols(x) · dyᵀ, db = Σ dy: each task sums over its own blocks, and the sums are added in their order.

    dw (G, C·kh·kw, O) comes transposed, so that only dy must be turned for its product, and not the columns.
    """
    N, G, O = dy.shape[:3]
    K = dw.shape[1]
    pitch = line_pitch(geometry, OW)
    pictures, rows = block_size(N, OH, pitch, O, K, x.itemsize)
    bands = -(-OH // rows)
    blocks = -(-N // pictures) * bands
    share = split(blocks, max(2, min(TASKS, PARTIAL_BYTES // (dw.size * dw.itemsize))))
    tasks = -(-blocks // share)
    weights = np.empty((tasks, G, K, O), dw.dtype)
    biases = np.empty((tasks, G, O), dw.dtype)
    for task in prange(tasks):
        clear(weights[task])
        clear(biases[task])
        for number in range(task * share, min((task + 1) * share, blocks)):
            n0, row = number // bands * pictures, number % bands * rows
            n1, count = min(n0 + pictures, N), min(rows, OH - row)
            for g in range(G):
                # Zeros: what is thrown away at the rows' ends is multiplied by 0, and must be finite.
                cols = np.zeros((K, n1 - n0, count * pitch), x.dtype)
                block = np.empty((O, n1 - n0, count, pitch), dy.dtype)
                for n in range(n0, n1):
                    columns(x[n, g], geometry, row, count, OW, cols, n - n0)
                    load_gradient(dy[n, g], y[n, g], switches[n, g], relu, pool, row, block, n - n0)
                add_products(block.reshape(O, -1), cols.reshape(K, -1), weights[task, g], biases[task, g])
    add_parts(weights, dw)
    add_parts(biases, db)


@jit
def clear(target):
    """target = 0: here, and in `add_parts`, a loop, which Numba would share among threads if it were an expression."""
    flat = target.reshape(target.size)
    for i in range(flat.size):
        flat[i] = 0


@jit
def add_parts(parts, total):
    """total = Σ parts, in their order."""
    clear(total)
    flat = total.reshape(total.size)
    for part in range(parts.shape[0]):
        source = parts[part].reshape(total.size)
        for i in range(flat.size):
            flat[i] += source[i]


@jit
def add_products(block, cols, dw, db):
    """dw += cols · blockᵀ, db += Σ block."""
    O, Q = block.shape
    for o in range(O):
        total = db[o]
        for q in range(Q):
            total += block[o, q]
        db[o] = total
    if dw.size <= FEW_WEIGHTS:
        for o in range(O):
            add_sums(cols, block[o], dw[:, o])
        return
    turned = np.empty((Q, O), block.dtype)
    for o in range(O):
        for q in range(Q):
            turned[q, o] = block[o, q]
    multiply(cols, turned, dw, True)


@jit
def add_sums(cols, row, sums):
    """sums += cols · row, three long sums at a time."""
    K, Q = cols.shape
    for k in range(0, K - 2, 3):
        a, b, c = cols[k], cols[k + 1], cols[k + 2]
        sum_a, sum_b, sum_c = sums[k], sums[k + 1], sums[k + 2]
        for q in range(Q):
            sum_a += a[q] * row[q]
            sum_b += b[q] * row[q]
            sum_c += c[q] * row[q]
        sums[k], sums[k + 1], sums[k + 2] = sum_a, sum_b, sum_c
    for k in range(K - K % 3, K):
        total, a = sums[k], cols[k]
        for q in range(Q):
            total += a[q] * row[q]
        sums[k] = total
