"""Winograd's convolution: 3 × 3 filters with fewer multiplications, on channels-last images.

An m × m tile of outputs is computed from the α × α inputs under it, α = m + 2, in a basis where a filter acts on each
number alone, so that the sum over channels is all that must be multiplied:

    Y = Aᵀ · [ Σ_c (G · g · Gᵀ) ⊙ (Bᵀ · d · B) ] · A          g (3, 3) a filter, d (α, α) inputs, Y (m, m) outputs

F(4×4, 3×3) needs 36 products per tile, channel and filter where the definition has 144; F(2×2, 3×3) 16 for 36. For each
of the α² positions (*frequencies*) the sums over channels of all tiles and filters are one matrix product.

The gradient of a filter is the same thing transposed: dg = Gᵀ · [ Σ_tiles (Bᵀ d B) ⊙ (A · dY · Aᵀ) ] · G.

A *run* is some tiles of one row of tiles; a few runs make a block that stays in cache. The first pass of a transform
goes over the rows of a run's pixels, which are long, the second over the columns of each tile.

Source: Lavin & Gray (2016), Fast algorithms for convolutional neural networks, section 4.
"""

import numpy as np
from numba import prange

from ..threads import jit, parallel
from .blocks import SLACK, Lattice, load_block, store_block
from .direct import TASKS, add_columns, add_products
from .panels import ceil_div, share_of, sweep
from .vector import MR_NARROW
from .vector import width as width_of
from .winograd_transforms import HEIGHTS, SIDE, WIDTHS, transform

RUN = 16  # tiles of a run, at most
TILES = 48  # tiles of a block, about
CHANNELS = 16  # whose filters are transformed at a time
GRADIENT_BYTES = 1 << 22  # transformed images and gradients that are kept at a time for the weight gradient


@jit
def disperse(matrix, patch, pitch, step, pixel, tiles, frequencies, T, first):
    """frequencies[(i, j), first + t] = Σ_{k, l} M[i, k] · patch[k, step·t + l] · M[j, l], for t < tiles.

    patch (rows, pitch, pixel) is overwritten, and has as many rows as M, or more; frequencies (rows², T, pixel).
    """
    R, K = HEIGHTS[matrix], WIDTHS[matrix]
    rows = np.arange(SIDE) * (pitch * pixel)
    transform(matrix, patch, rows, patch, rows, pitch * pixel)
    columns, places = np.empty(SIDE, np.int64), np.empty(SIDE, np.int64)
    for t in range(tiles):
        for i in range(R):
            for k in range(K):
                columns[k] = (i * pitch + step * t + k) * pixel
            for j in range(R):
                places[j] = ((i * R + j) * T + first + t) * pixel
            transform(matrix, patch, columns, frequencies, places, pixel)


@jit
def collect(matrix, frequencies, T, first, tiles, pixel, lines, pitch):
    """lines[i, R·t + j] = Σ_{k, l} M[i, k] · frequencies[(k, l), first + t] · M[j, l], for t < tiles.

    frequencies (K², T, pixel) is overwritten; lines (R, pitch, pixel), where M has R rows and K columns.
    """
    R, K = HEIGHTS[matrix], WIDTHS[matrix]
    source, target = np.empty(SIDE, np.int64), np.empty(SIDE, np.int64)
    for k in range(K):
        for i in range(K):
            source[i] = ((i * K + k) * T + first) * pixel
        transform(matrix, frequencies, source, frequencies, source, tiles * pixel)
    for i in range(R):
        for t in range(tiles):
            for k in range(K):
                source[k] = ((i * K + k) * T + first + t) * pixel
            for j in range(R):
                target[j] = (i * pitch + R * t + j) * pixel
            transform(matrix, frequencies, source, lines, target, pixel)


@jit
def tiling(N, height, width, m):
    """(runs, spans, tiles): so many runs over N feature maps, `spans` of them to a row of tiles, `tiles` tiles each."""
    across = ceil_div(width, m)
    spans = ceil_div(across, RUN)
    return N * ceil_div(height, m) * spans, spans, ceil_div(across, spans)


@jit
def corner(run, spans, tiles, height, m):
    """The run's image, and its first output pixel."""
    down = ceil_div(height, m)
    return run // (down * spans), run // spans % down * m, run % spans * tiles * m


@parallel
def transform_filters(w, turned, matrix, u):
    """u[p, (i, j), c, l] = (G · g · Gᵀ)[i, j], o = p·NR + l, of g = w[o, c], or with `turned` w[c, o] turned around."""
    NR = u.shape[3]
    O, C = (w.shape[1], w.shape[0]) if turned else (w.shape[0], w.shape[1])
    across = ceil_div(C, CHANNELS)
    for task in prange(len(u) * across):
        p, c0 = task // across, task % across * CHANNELS
        count = min(CHANNELS, C - c0)
        patch = np.zeros(SIDE * 3 * count * NR + SLACK, u.dtype)
        for l in range(min(NR, O - p * NR)):
            for c in range(count):
                g = w[c0 + c, p * NR + l] if turned else w[p * NR + l, c0 + c]
                for i in range(3):
                    for j in range(3):
                        value = g[2 - i, 2 - j] if turned else g[i, j]
                        patch[((i * count + c) * 3 + j) * NR + l] = value
        disperse(matrix, patch, 3 * count, 3, NR, count, u[p].reshape(u[p].size), C, c0)


@parallel
def forward(source, u, bias, inputs, outputs, pad_h, pad_w, target):
    """target = the filters u (see `transform_filters`) slid over the source, plus the bias, block by block."""
    m = HEIGHTS[outputs]
    panels, frequencies, C, NR = u.shape
    N, PH, PW, O = target.y.shape
    height, width = PH * target.stride_h, PW * target.stride_w
    runs, spans, tiles = tiling(N, height, width, m)
    share = max(1, TILES // tiles)
    blocks = ceil_div(runs, share)
    part = share_of(panels, TASKS // (4 * max(1, blocks)))
    parts = ceil_div(panels, part)
    for task in prange(blocks * parts):
        block, first = task // parts, task % parts * part
        r0, r1 = block * share, min((block + 1) * share, runs)
        T, pitch, wide = (r1 - r0) * tiles, m * tiles + 2, m * tiles
        nowhere = np.zeros(1, np.int64)
        zero = np.zeros(NR, u.dtype)
        v = np.empty(frequencies * T * C + (MR_NARROW + 1) * C + SLACK, u.dtype)
        patch = np.empty((m + 2) * pitch * C + SLACK, u.dtype)
        for run in range(r0, r1):
            n, top, left = corner(run, spans, tiles, height, m)
            load_block(source, n, top - pad_h, left - pad_w, 0, C, m + 2, patch, pitch, C)
            disperse(inputs, patch, pitch, m, C, tiles, v, T, (run - r0) * tiles)
        products = np.empty((frequencies * T + MR_NARROW) * NR, u.dtype)
        lines = np.empty(m * wide * NR + SLACK, u.dtype)
        for p in range(first, min(first + part, panels)):
            count = min(NR, O - p * NR)
            for f in range(frequencies):
                sweep(
                    v, f * T * C, C, 1, nowhere, u[p, f].reshape(C * NR), nowhere, C, zero, 1, 0, T,
                    products[f * T * NR :], T, count <= NR // 2,
                )  # fmt: skip
            for run in range(r0, r1):
                n, top, left = corner(run, spans, tiles, height, m)
                collect(outputs, products, T, (run - r0) * tiles, tiles, NR, lines, wide)
                store_tiles(lines, wide, bias[p * NR : (p + 1) * NR], target, n, top, left, m, p * NR, count)


@jit
def store_tiles(lines, wide, bias, target, n, top, left, m, channel, count):
    """The target's pixels under a run of tiles."""
    NR = bias.shape[0]
    for q in range(m * wide):
        for l in range(NR):
            lines[q * NR + l] += bias[l]
    py0, px0 = top // target.stride_h, left // target.stride_w
    rows, columns = (
        min(m // target.stride_h, target.y.shape[1] - py0),
        min(wide // target.stride_w, target.y.shape[2] - px0),
    )
    store_block(lines, wide, target, n, Lattice(0, px0, 1, 1), py0, py0 + rows, columns, channel, count, False)


@parallel
def weight_gradient(x, source, height, width, inputs, outputs_back, filters_back, pad_h, pad_w, dw, db):
    """dw (O, C, 3, 3) and db (O,): all frequencies of a share of the tiles, then one product for each frequency."""
    m = HEIGHTS[inputs] - 2
    frequencies = (m + 2) ** 2
    O, C = dw.shape[:2]
    NR = 2 * width_of(source.values)
    panels = ceil_div(O, NR)
    runs, spans, tiles = tiling(x.values.shape[0], height, width, m)
    share = max(96, GRADIENT_BYTES // (frequencies * (C + O) * dw.itemsize)) // tiles
    share = max(1, min(share, runs))
    T, pitch, wide = share * tiles, m * tiles + 2, m * tiles
    v = np.empty(frequencies * T * C + MR_NARROW * C + SLACK, dw.dtype)
    g = np.empty((panels, frequencies * T * NR + SLACK), dw.dtype)
    products = np.zeros((panels, frequencies, C * NR), dw.dtype)
    biases = np.zeros((panels, NR), dw.dtype)
    for r0 in range(0, runs, share):
        r1 = min(r0 + share, runs)
        for run in prange(r0, r1):
            n, top, left = corner(run, spans, tiles, height, m)
            first = (run - r0) * tiles
            patch = np.empty((m + 2) * pitch * C + SLACK, dw.dtype)
            load_block(x, n, top - pad_h, left - pad_w, 0, C, m + 2, patch, pitch, C)
            disperse(inputs, patch, pitch, m, C, tiles, v, T, first)
            outputs = np.zeros((m + 2) * wide * NR + SLACK, dw.dtype)
            for p in range(panels):
                load_block(source, n, top, left, p * NR, min(NR, O - p * NR), m, outputs, wide, NR)
                disperse(outputs_back, outputs, wide, m, NR, tiles, g[p], T, first)
        count = (r1 - r0) * tiles
        for task in prange(panels * frequencies):
            p, f = task // frequencies, task % frequencies
            nowhere, zero = np.zeros(1, np.int64), np.zeros(NR, dw.dtype)
            spare = np.empty(MR_NARROW * NR + SLACK, dw.dtype)
            part = g[p, f * T * NR :]
            add_products(
                v, f * T * C, C, count, part, C, 3, zero, nowhere, O - p * NR <= NR // 2, spare, products[p, f], 0
            )
            if f == m + 3:  # A's second row is all ones: this frequency is the sum over each tile
                add_columns(part, count, NR, biases[p])
    for p in prange(panels):
        lines = np.empty(9 * C * NR + SLACK, dw.dtype)
        collect(filters_back, products[p].reshape(frequencies * C * NR), C, 0, C, NR, lines, 3 * C)
        for l in range(min(NR, O - p * NR)):
            db[p * NR + l] = biases[p, l]
            for c in range(C):
                for i in range(3):
                    for j in range(3):
                        dw[p * NR + l, c, i, j] = lines[((i * C + c) * 3 + j) * NR + l]
