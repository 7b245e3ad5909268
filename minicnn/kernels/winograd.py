"""Winograd's convolution: 3 × 3 filters with fewer multiplications, on channels-last images.

An m × m tile of outputs is computed from the α × α inputs under it, α = m + 2, in a basis where a filter acts on each
number alone, so that the sum over channels is all that must be multiplied:

    Y = Aᵀ · [ Σ_c (G · g · Gᵀ) ⊙ (Bᵀ · d · B) ] · A          g (3, 3) a filter, d (α, α) inputs, Y (m, m) outputs

F(4×4, 3×3) needs 36 products per tile, channel and filter where the definition has 144; F(2×2, 3×3) 16 for 36. For each
of the α² positions (*frequencies*) the sums over channels of all tiles and filters are one matrix product.

The gradient of a filter is the same thing transposed: dg = Gᵀ · [ Σ_tiles (Bᵀ d B) ⊙ (A · dY · Aᵀ) ] · G.

A *run* is some tiles of one row of tiles; a few runs make a block that stays in cache. Between two frequencies of a
block lies a gap of one register: else they would all fall on the same lines of the first-level cache.

Source: Lavin & Gray (2016), Fast algorithms for convolutional neural networks, section 4.
"""

import numpy as np
from numba import prange

from ..threads import jit, parallel
from .blocks import SLACK, Lattice, load_block, store_block
from .direct import TASKS, add_columns, add_products
from .panels import ceil_div, share_of, sweep
from .vector import MR_NARROW, width
from .winograd_transforms import F2, F4

RUN = 16  # tiles of a run, at most
PATCH_BYTES = 1 << 15  # of the pixels under a run, about: they stay in the first-level cache
TILES = 48  # tiles of a block, about
CHANNELS = 16  # whose filters are transformed at a time
GRADIENT_BYTES = 1 << 22  # transformed images and gradients that are kept at a time for the weight gradient

inputs4, filters4, outputs4, filters4_transposed, outputs4_transposed = F4
inputs2, filters2, outputs2, filters2_transposed, outputs2_transposed = F2


@jit
def transform_tiles(m, back, patch, pitch, depth, tiles, scratch, v, apart, pixel, first):
    """v[f, first + t] = the frequencies of tile t of a patch, for t < tiles.

    The patch has rows of `pitch` pixels of `depth` channels. It holds inputs, of which tile t begins at pixel m·t; with
    `back` it holds gradients of outputs. v has frequencies `apart`, and `pixel` numbers for a tile.
    """
    row = pitch * depth
    for t in range(tiles):
        for c in range(0, depth, width(patch)):
            at, to = m * t * depth + c, (first + t) * pixel + c
            if m == 4:
                if back:
                    outputs4_transposed(patch, at, row, depth, scratch, v, to, 6 * apart, apart)
                else:
                    inputs4(patch, at, row, depth, scratch, v, to, 6 * apart, apart)
            elif back:
                outputs2_transposed(patch, at, row, depth, scratch, v, to, 4 * apart, apart)
            else:
                inputs2(patch, at, row, depth, scratch, v, to, 4 * apart, apart)


@jit
def outputs_of(m, products, apart, NR, first, tiles, scratch, lines):
    """lines[i, m·t + j] = the outputs of tile t from its frequencies, for t < tiles; NR of each pixel."""
    row = m * tiles * NR
    for t in range(tiles):
        for l in range(0, NR, width(lines)):
            at, to = (first + t) * NR + l, m * t * NR + l
            if m == 4:
                outputs4(products, at, 6 * apart, apart, scratch, lines, to, row, NR)
            else:
                outputs2(products, at, 4 * apart, apart, scratch, lines, to, row, NR)


@jit
def tiling(N, height, width_, m, depth, itemsize):
    """(runs, spans, tiles): so many runs over N feature maps, `spans` of them to a row of tiles, `tiles` tiles each."""
    across = ceil_div(width_, m)
    most = min(RUN, max(1, (PATCH_BYTES // ((m + 2) * depth * itemsize) - 2) // m))
    spans = ceil_div(across, most)
    return N * ceil_div(height, m) * spans, spans, ceil_div(across, spans)


@jit
def corner(run, spans, tiles, height, m):
    """The run's image, and its first output pixel."""
    down = ceil_div(height, m)
    return run // (down * spans), run // spans % down * m, run % spans * tiles * m


@jit
def whole_registers(x, size):
    """`size` numbers, and as many more as fill the last register."""
    return ceil_div(size, width(x)) * width(x)


@parallel
def transform_filters(w, turned, m, u):
    """u[p, (i, j), c, l] = (G · g · Gᵀ)[i, j], o = p·NR + l, of g = w[o, c], or with `turned` w[c, o] turned around."""
    NR = u.shape[3]
    O, C = (w.shape[1], w.shape[0]) if turned else (w.shape[0], w.shape[1])
    across = ceil_div(C, CHANNELS)
    for task in prange(len(u) * across):
        p, c0 = task // across, task % across * CHANNELS
        g = np.zeros(9 * NR, u.dtype)
        to = u[p].reshape(u[p].size)
        scratch = np.empty((m + 2) * 3 * NR, u.dtype)
        for c in range(c0, min(c0 + CHANNELS, C)):
            for l in range(min(NR, O - p * NR)):
                filter_ = w[c, p * NR + l] if turned else w[p * NR + l, c]
                for i in range(3):
                    for j in range(3):
                        g[(3 * i + j) * NR + l] = filter_[2 - i, 2 - j] if turned else filter_[i, j]
            for l in range(0, NR, width(u)):
                if m == 4:
                    filters4(g, l, 3 * NR, NR, scratch, to, c * NR + l, 6 * C * NR, C * NR)
                else:
                    filters2(g, l, 3 * NR, NR, scratch, to, c * NR + l, 4 * C * NR, C * NR)


@parallel
def forward(source, u, bias, m, pad_h, pad_w, target):
    """target = the filters u (see `transform_filters`) slid over the source, plus the bias, block by block."""
    panels, frequencies, C, NR = u.shape
    N, PH, PW, O = target.y.shape
    height, wide = PH * target.stride_h, PW * target.stride_w
    runs, spans, tiles = tiling(N, height, wide, m, C, u.itemsize)
    share = max(1, TILES // tiles)
    blocks = ceil_div(runs, share)
    part = share_of(panels, TASKS // (4 * max(1, blocks)))
    parts = ceil_div(panels, part)
    for task in prange(blocks * parts):
        block, first = task // parts, task % parts * part
        r0, r1 = block * share, min((block + 1) * share, runs)
        T, pitch, pixel = (r1 - r0) * tiles, m * tiles + 2, whole_registers(u, C)
        apart, product_apart = T * pixel + width(u), T * NR + width(u)
        nowhere, zero = np.zeros(1, np.int64), np.zeros(NR, u.dtype)
        scratch = np.empty((m + 2) ** 2 * NR, u.dtype)
        v = np.empty(frequencies * apart + MR_NARROW * pixel + SLACK, u.dtype)
        patch = np.empty((m + 2) * pitch * C + SLACK, u.dtype)
        for run in range(r0, r1):
            n, top, left = corner(run, spans, tiles, height, m)
            load_block(source, n, top - pad_h, left - pad_w, 0, C, m + 2, patch, pitch, C)
            transform_tiles(m, False, patch, pitch, C, tiles, scratch, v, apart, pixel, (run - r0) * tiles)
        products = np.empty(frequencies * product_apart + MR_NARROW * NR, u.dtype)
        lines = np.empty(m * m * tiles * NR + SLACK, u.dtype)
        for p in range(first, min(first + part, panels)):
            count = min(NR, O - p * NR)
            for f in range(frequencies):
                # The second row of A is all ones: what this frequency begins with is added to every output.
                start = bias[p * NR : (p + 1) * NR] if f == m + 3 else zero
                sweep(
                    v, f * apart, pixel, 1, nowhere, u[p, f].reshape(C * NR), nowhere, C, start, 1, 0, T,
                    products[f * product_apart :], T, count <= NR // 2,
                )  # fmt: skip
            for run in range(r0, r1):
                n, top, left = corner(run, spans, tiles, height, m)
                outputs_of(m, products, product_apart, NR, (run - r0) * tiles, tiles, scratch, lines)
                store_tiles(lines, m, m * tiles, target, n, top, left, p * NR, count)


@jit
def store_tiles(lines, m, pitch, target, n, top, left, channel, count):
    """The target's pixels under a run of tiles."""
    py0, px0 = top // target.stride_h, left // target.stride_w
    rows = min(m // target.stride_h, target.y.shape[1] - py0)
    columns = min(pitch // target.stride_w, target.y.shape[2] - px0)
    store_block(lines, pitch, target, n, Lattice(0, px0, 1, 1), py0, py0 + rows, columns, channel, count, False)


@parallel
def weight_gradient(x, source, height, width_, m, pad_h, pad_w, dw, db):
    """dw (O, C, 3, 3) and db (O,): all frequencies of a share of the tiles, then one product for each frequency."""
    frequencies = (m + 2) ** 2
    O, C = dw.shape[:2]
    NR, pixel = 2 * width(dw), whole_registers(dw, C)
    panels = ceil_div(O, NR)
    runs, spans, tiles = tiling(x.values.shape[0], height, width_, m, C, dw.itemsize)
    share = max(96, GRADIENT_BYTES // (frequencies * (C + O) * dw.itemsize)) // tiles
    share = max(1, min(share, runs))
    T, pitch, wide = share * tiles, m * tiles + 2, m * tiles
    apart, gradient_apart = T * pixel + width(dw), T * NR + width(dw)
    v = np.empty(frequencies * apart + MR_NARROW * pixel + SLACK, dw.dtype)
    g = np.empty((panels, frequencies * gradient_apart + SLACK), dw.dtype)
    products = np.zeros((panels, frequencies, C * NR), dw.dtype)
    biases = np.zeros((panels, NR), dw.dtype)
    for r0 in range(0, runs, share):
        r1 = min(r0 + share, runs)
        for run in prange(r0, r1):
            n, top, left = corner(run, spans, tiles, height, m)
            first = (run - r0) * tiles
            scratch = np.empty(frequencies * NR, dw.dtype)
            patch = np.empty((m + 2) * pitch * C + SLACK, dw.dtype)
            load_block(x, n, top - pad_h, left - pad_w, 0, C, m + 2, patch, pitch, C)
            transform_tiles(m, False, patch, pitch, C, tiles, scratch, v, apart, pixel, first)
            gradients = np.zeros(m * wide * NR + SLACK, dw.dtype)
            for p in range(panels):
                load_block(source, n, top, left, p * NR, min(NR, O - p * NR), m, gradients, wide, NR)
                transform_tiles(m, True, gradients, wide, NR, tiles, scratch, g[p], gradient_apart, NR, first)
        count = (r1 - r0) * tiles
        for task in prange(panels * frequencies):
            p, f = task // frequencies, task % frequencies
            nowhere, zero = np.zeros(1, np.int64), np.zeros(NR, dw.dtype)
            spare = np.empty(MR_NARROW * NR + SLACK, dw.dtype)
            part = g[p, f * gradient_apart :]
            add_products(
                v, f * apart, pixel, count, part, C, 3, zero, nowhere, O - p * NR <= NR // 2, spare, products[p, f], 0
            )
            if f == m + 3:  # as A's second row is all ones, this frequency is the sum over each tile
                add_columns(part, count, NR, biases[p])
    for p in prange(panels):
        sums, scratch = products[p].reshape(frequencies * C * NR), np.empty(3 * (m + 2) * NR, dw.dtype)
        filter_ = np.empty(9 * NR, dw.dtype)
        for c in range(C):
            for l in range(0, NR, width(dw)):
                at = c * NR + l
                if m == 4:
                    filters4_transposed(sums, at, 6 * C * NR, C * NR, scratch, filter_, l, 3 * NR, NR)
                else:
                    filters2_transposed(sums, at, 4 * C * NR, C * NR, scratch, filter_, l, 3 * NR, NR)
            for l in range(min(NR, O - p * NR)):
                for i in range(3):
                    for j in range(3):
                        dw[p * NR + l, c, i, j] = filter_[(3 * i + j) * NR + l]
        for l in range(min(NR, O - p * NR)):
            db[p * NR + l] = biases[p, l]
