"""Convolution as matrix products: blocks of im2col columns that stay in cache, one BLAS call per block.

All three kernels see a convolution as Y = W · cols(X), for each group of channels:

    cols(X)  (K, Q)   K = channels · kh · kw numbers under the filter, for each of Q output pixels
    W        (O, K)   the filters, flattened
    Y        (O, Q)   the output pixels

and its two pullbacks as dW = dY · cols(X)ᵀ and dX = cols*(Wᵀ · dY), where cols* (col2im) adds every column's numbers
back to where they were read: the literal transpose of im2col. The whole matrix of columns is never built: a *block* is
some rows of one picture, or a few whole pictures.

Two things make im2col cheap. A block's pictures are first copied into a *patch* with their zero padding, so that no
loop asks where the border is. And with stride 1 the outputs are numbered by the patch's own pitch (its row length):
output q then reads patch[q + shift], with one shift for each filter tap, so that a row of columns is one contiguous
copy. The few outputs at each row's end that straddle two rows are computed and thrown away (in the pullbacks: are 0).

What follows the products is done while a block is in cache: bias, and where it is asked for ReLU and max pooling, so
that the big map between them is never written.

Arrays are channels-first and C-contiguous: x (N, G, C, H, W), w (G, O, C·kh·kw), y (N, G, O, PH, PW), where C and O
count channels per group. `pool` is (kh, kw, stride_h, stride_w), and (1, 1, 1, 1) where there is none.
"""

import numpy as np
from numba import prange

from ..threads import jit, parallel
from .blas import multiply
from .pool import beats

BLAS_SMALL = 1_000_000  # OpenBLAS multiplies without packing, nearly twice as fast, up to so many multiplications
BLOCK_BYTES = 1 << 18  # columns of one block: a quarter of the L2 cache of a recent core …
BLOCK_PIXELS = 192  # … but enough of them that BLAS reads the filters seldom
TASKS = 16  # into how many tasks a small problem is cut: fixed, so that results do not depend on the thread count
PARTIAL_BYTES = 1 << 26  # what the partial sums of the weight gradient may take together


@jit
def split(size, parts):
    """The size of each part when `size` items are cut into at most `parts` parts."""
    return max(1, -(-size // max(1, parts)))


@jit
def block_size(N, OH, pitch, O, K, itemsize):
    """(pictures, rows) of a block: some rows of one picture, or all rows of several."""
    pixels = BLAS_SMALL // (O * K)
    if pixels < 48:
        pixels = max(BLOCK_BYTES // (K * itemsize), BLOCK_PIXELS)
    if pixels < OH * pitch:
        return 1, max(1, pixels // pitch)
    return max(1, min(split(N, TASKS), pixels // (OH * pitch))), OH


@jit
def patch_shape(geometry, rows, OW):
    """(height, width) of the padded input under `rows` rows of outputs."""
    kh, kw, stride_h, stride_w, _, _, dilation_h, dilation_w = geometry
    return (rows - 1) * stride_h + dilation_h * (kh - 1) + 1, (OW - 1) * stride_w + dilation_w * (kw - 1) + 1


@jit
def line_pitch(geometry, OW):
    """How far apart two rows of outputs stand among the columns."""
    return patch_shape(geometry, 1, OW)[1] if geometry[3] == 1 and geometry[2] == 1 else OW


@jit
def load_patch(x, geometry, row, patch):
    """patch = the padded picture from output row `row` on; x (C, H, W)."""
    C, H, W = x.shape
    top, left = row * geometry[2] - geometry[4], -geometry[5]
    height, width = patch.shape[1:]
    first, last = max(0, -left), min(width, W - left)
    for c in range(C):
        for i in range(height):
            target = patch[c, i]
            if top + i < 0 or top + i >= H:
                target[:] = 0
                continue
            target[:first] = 0
            target[last:] = 0
            source = x[c, top + i]
            for j in range(first, last):
                target[j] = source[j + left]


@jit
def im2col(patch, geometry, rows, OW, cols, m):
    """cols[(c, i, j), m, (oy, ox)] = patch[c, oy·stride + i·dilation, ox·stride + j·dilation]."""
    kh, kw, stride_h, stride_w, _, _, dilation_h, dilation_w = geometry
    C, height, width = patch.shape
    flat = patch.reshape(C, height * width)
    pitch = line_pitch(geometry, OW)
    run = (rows - 1) * pitch + OW
    k = 0
    for c in range(C):
        for i in range(kh):
            for j in range(kw):
                row = cols[k, m]
                k += 1
                if stride_h == 1 and stride_w == 1:
                    shift = i * dilation_h * width + j * dilation_w
                    source = flat[c, shift : shift + run]
                    for q in range(run):
                        row[q] = source[q]
                    continue
                for oy in range(rows):
                    source = patch[c, oy * stride_h + i * dilation_h]
                    for ox in range(OW):
                        row[oy * pitch + ox] = source[ox * stride_w + j * dilation_w]


@jit
def col2im(cols, geometry, first, rows, OW, patch):
    """patch[c, oy·stride + i·dilation, ox·stride + j·dilation] += cols[(c, i, j), (oy, ox)]: im2col, transposed.

    The columns are those of the output rows from `first` on; the patch is the whole picture's.
    """
    kh, kw, stride_h, stride_w, _, _, dilation_h, dilation_w = geometry
    C, height, width = patch.shape
    flat = patch.reshape(C, height * width)
    pitch = line_pitch(geometry, OW)
    run = (rows - 1) * pitch + OW
    k = 0
    for c in range(C):
        for i in range(kh):
            for j in range(kw):
                row = cols[k]
                k += 1
                if stride_h == 1 and stride_w == 1:
                    shift = (first + i * dilation_h) * width + j * dilation_w
                    target = flat[c, shift : shift + run]
                    for q in range(run):
                        target[q] += row[q]
                    continue
                for oy in range(rows):
                    target = patch[c, (first + oy) * stride_h + i * dilation_h]
                    for ox in range(OW):
                        target[ox * stride_w + j * dilation_w] += row[oy * pitch + ox]


@jit
def columns(picture, geometry, row, rows, OW, cols, m):
    """cols[:, m] = the columns of one picture (C, H, W), for its outputs from row `row` on."""
    shape = patch_shape(geometry, rows, OW)
    if shape == picture.shape[1:] and geometry[4] == 0 and geometry[5] == 0:
        patch = picture  # its own patch
    else:
        patch = np.empty((picture.shape[0], *shape), picture.dtype)
        load_patch(picture, geometry, row, patch)
    im2col(patch, geometry, rows, OW, cols, m)


@jit
def pooled(pool):
    return pool[0] * pool[1] * pool[2] * pool[3] > 1


@jit
def pool_four(top, bottom, bias, best, winner):
    """Max pooling by 2 x 2 in steps of 2, the commonest: all four in registers, nearly four times as fast."""
    for px in range(best.shape[0]):
        value, tap = top[2 * px], np.int32(0)
        if beats(top[2 * px + 1], value):
            value, tap = top[2 * px + 1], np.int32(1)
        if beats(bottom[2 * px], value):
            value, tap = bottom[2 * px], np.int32(2)
        if beats(bottom[2 * px + 1], value):
            value, tap = bottom[2 * px + 1], np.int32(3)
        best[px] = value + bias
        winner[px] = tap


@jit
def pool_any(lines, first, pool, bias, best, winner):
    """Max pooling by any window, from line `first` on: one tap after the other competes for all windows of the row."""
    kh, kw, _, stride_w = pool
    for px in range(best.shape[0]):
        best[px] = lines[first, px * stride_w] + bias
        winner[px] = 0
    for tap in range(1, kh * kw):
        line = lines[first + tap // kw, tap % kw :]
        for px in range(best.shape[0]):
            value = line[px * stride_w] + bias
            if beats(value, best[px]):
                best[px], winner[px] = value, tap


@jit
def store_line(line, bias, relu, y):
    zero = y.dtype.type(0)
    for ox in range(y.shape[0]):
        value = line[ox] + bias
        y[ox] = zero if relu and value.real <= 0 else value


@jit
def store(out, m, b, relu, pool, y, switches, py, rows):
    """y[:, py : py + rows] = the outputs of picture m plus bias, rectified and pooled.

    out (O, pictures, lines, pitch); b (O,); y (O, PH, PW); `switches` tells which tap of its pooling window won:
    i·kw + j.
    """
    for o in range(b.shape[0]):
        for p in range(rows):
            best = y[o, py + p]
            if not pooled(pool):
                store_line(out[o, m, p], b[o], relu, best)
                continue
            winner = switches[o, py + p]
            if pool == (2, 2, 2, 2):
                pool_four(out[o, m, 2 * p], out[o, m, 2 * p + 1], b[o], best, winner)
            else:
                pool_any(out[o, m], p * pool[2], pool, b[o], best, winner)
            if relu:
                store_line(best, y.dtype.type(0), True, best)


@jit
def load_gradient(dy, y, switches, relu, pool, row, block, m):
    """block[:, m] = the gradient of one picture's outputs before pooling and ReLU, 0 where they were not chosen.

    block (O, pictures, rows, pitch) covers the output rows from `row` on; dy, y and switches are (O, PH, PW).
    """
    kh, kw, stride_h, stride_w = pool
    O, PH, PW = dy.shape
    rows, pitch = block.shape[2:]
    # The rows of windows that touch the block: the first and the last may hang over its edges.
    first = max(0, -((kh - 1 - row) // stride_h))
    last = min(PH, (row + rows - 1) // stride_h + 1)
    shifts = np.array([i * pitch + j for i in range(kh) for j in range(kw)])
    zero = dy.dtype.type(0)
    for o in range(O):
        flat = block[o, m].reshape(rows * pitch)
        for q in range(rows * pitch):
            flat[q] = zero
        for py in range(first, last):
            gradient, value = dy[o, py], y[o, py]
            start = (py * stride_h - row) * pitch
            if not pooled(pool):
                target = flat[start : start + PW]
                for px in range(PW):
                    target[px] = gradient[px] if value[px] > 0 or not relu else zero
                continue
            winner = switches[o, py]
            for px in range(PW):
                at = start + px * stride_w + shifts[winner[px]]
                if 0 <= at < rows * pitch and (value[px] > 0 or not relu):
                    flat[at] += gradient[px]


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
    filters = split(O, TASKS // (2 * blocks * G))
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
        out = np.dot(w[g, o0:o1], cols.reshape(K, -1)).reshape(o1 - o0, n1 - n0, lines, pitch)
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
            cols = np.dot(wt[g, c0 * window : c1 * window], block.reshape(O, -1))
            col2im(cols, geometry, row, count, OW, patch)
        for c in range(c0, c1):
            target = dx[n, g, c]
            target[:] = 0
            target[:bottom, :right] = patch[c - c0, pad_h : pad_h + bottom, pad_w : pad_w + right]


@parallel
def correlate_weight_gradient(x, dy, y, switches, geometry, OH, OW, relu, pool, dw, db):
    """dwᵀ = cols(x) · dyᵀ, db = Σ dy: each task sums over its own blocks, and the sums are added in their order.

    dw (G, C·kh·kw, O) comes transposed: BLAS is twice as fast where it need not turn the columns, but only dy.
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
    turned = np.empty((Q, O), block.dtype)
    for o in range(O):
        total = db[o]
        for q in range(Q):
            turned[q, o] = block[o, q]
            total += block[o, q]
        db[o] = total
    multiply(cols, turned, dw, False, True)
