"""Winograd's convolution: 3 × 3 filters with fewer multiplications, on channels-last pictures.

An m × m tile of outputs is computed from the α × α inputs under it, α = m + 2, in a basis where a filter acts on each
number alone, so that the sum over channels is all that must be multiplied:

    Y = Aᵀ · [ Σ_c (G · g · Gᵀ) ⊙ (Bᵀ · d · B) ] · A          g (3, 3) a filter, d (α, α) inputs, Y (m, m) outputs

F(4×4, 3×3) needs 36 products per tile, channel and filter where the definition has 144; F(2×2, 3×3) 16 for 36. For each
of the α² positions (*frequencies*) the sums over channels of all tiles and filters are one matrix product.

The gradient of a filter is the same thing transposed: dg = Gᵀ · [ Σ_tiles (Bᵀ d B) ⊙ (A · dY · Aᵀ) ] · G.

A *run* is some tiles of one row of tiles. Its pixels are kept in m phases (see `pixels`), so that each transform is a
few passes over long contiguous rows, whatever the number of channels; a few runs make a block that stays in cache.

Source: Lavin & Gray (2016), Fast algorithms for convolutional neural networks, section 4.
"""

import numpy as np
from numba import prange

from ..threads import jit, parallel
from .matmul import LANES, multiply, multiply_panels, panels_of
from .pixels import add_rows, clear, load, store
from .winograd_transforms import HEIGHTS, SIDE, WIDTHS, transform

RUN = 16  # tiles of a run, at most
TILES = 48  # tiles of a block, about
FILTERS = 128 // LANES * LANES  # filters whose products are in cache at a time: whole panels
CHANNELS = 16  # whose filters are transformed at a time
TASKS = 16  # into how many tasks a small problem is cut: fixed, so that results do not depend on the thread count
GRADIENT_BYTES = 1 << 22  # transformed pictures and gradients that are kept at a time for the weight gradient


@jit
def disperse(matrix, patch, frequencies, t0, t1):
    """frequencies[(i, j), t] = Σ_{k, l} M[i, k] · patch[k, column l of tile t] · M[j, l], for t0 ≤ t < t1.

    patch (α, phases, tiles, C), of which the first rows are given, is overwritten; frequencies (α², T, C).
    """
    _, phases, tiles, C = patch.shape
    R, K = HEIGHTS[matrix], WIDTHS[matrix]
    T, row, size = frequencies.shape[1], patch[0].size, (t1 - t0) * C
    source, target = patch.reshape(patch.size), frequencies.reshape(frequencies.size)
    rows = np.arange(SIDE) * row
    transform(matrix, source, rows, source, rows, row)
    columns, places = np.empty(SIDE, np.int64), np.empty(SIDE, np.int64)
    for i in range(R):
        for k in range(K):
            columns[k] = i * row + (k % phases * tiles + k // phases) * C
        for j in range(R):
            places[j] = ((i * R + j) * T + t0) * C
        transform(matrix, source, columns, target, places, size)


@jit
def collect(matrix, frequencies, t0, t1, lines):
    """lines[i, j, t] = Σ_{k, l} M[i, k] · frequencies[(k, l), t0 + t] · M[j, l].

    frequencies (K², T, O) is overwritten; lines (R, R, t1 − t0, O).
    """
    T, O = frequencies.shape[1:]
    R, K = HEIGHTS[matrix], WIDTHS[matrix]
    source, target, size = frequencies.reshape(frequencies.size), lines.reshape(lines.size), (t1 - t0) * O
    beside = np.arange(SIDE) * (T * O)
    for k in range(K):
        column = beside * K + (k * T + t0) * O
        transform(matrix, source, column, source, column, size)
    for i in range(R):
        transform(matrix, source, beside + (i * K * T + t0) * O, target, np.arange(SIDE) * size + i * R * size, size)


@jit
def split(size, parts):
    """The size of each part when `size` items are cut into at most `parts` parts."""
    return max(1, -(-size // max(1, parts)))


@jit
def tiling(N, height, width, m):
    """(runs, spans, tiles): so many runs over N maps, so many of them to a row of tiles, each of so many tiles."""
    across = -(-width // m)
    spans = -(-across // RUN)
    return N * -(-height // m) * spans, spans, -(-across // spans)


@jit
def corner(run, spans, tiles, height, m):
    """The run's picture, and its first output pixel."""
    down = -(-height // m)
    return run // (down * spans), run // spans % down * m, run % spans * tiles * m


@parallel
def transform_filters(w, matrix, u):
    """u[p, (i, j), c, l] = (G · w[o, c] · Gᵀ)[i, j], o = p · LANES + l: the filters of each frequency in panels."""
    O, C = w.shape[:2]
    across = -(-C // CHANNELS)
    for task in prange(len(u) * across):
        p, c0 = task // across, task % across * CHANNELS
        c1 = min(c0 + CHANNELS, C)
        patch = np.zeros((SIDE, 3, c1 - c0, LANES), u.dtype)
        for o in range(p * LANES, min((p + 1) * LANES, O)):
            for c in range(c0, c1):
                for i in range(3):
                    for j in range(3):
                        patch[i, j, c - c0, o % LANES] = w[o, c, i, j]
        disperse(matrix, patch, u[p], c0, c1)


@parallel
def correlate(source, u, b, inputs, outputs, padding, target):
    """target = the filters u (see `transform_filters`) slid over the source, plus b: a block of runs at a time."""
    m = HEIGHTS[outputs]
    _, frequencies, C, _ = u.shape
    O = b.size
    N, PH, PW = target[0].shape[:3]
    height, width = PH * target[5], PW * target[6]
    runs, spans, tiles = tiling(N, height, width, m)
    share = max(1, TILES // tiles)
    blocks = -(-runs // share)
    filters = split(-(-O // FILTERS), TASKS // (4 * max(1, blocks))) * FILTERS
    parts = -(-O // filters)
    for task in prange(blocks * parts):
        block, part = task // parts, task % parts
        r0, r1 = block * share, min((block + 1) * share, runs)
        v = np.empty((frequencies, (r1 - r0) * tiles, C), u.dtype)
        patch = np.empty((m + 2, m, tiles + 1, C), u.dtype)
        for run in range(r0, r1):
            n, top, left = corner(run, spans, tiles, height, m)
            load(source, n, top - padding[0], left - padding[1], patch)
            disperse(inputs, patch, v, (run - r0) * tiles, (run - r0 + 1) * tiles)
        for o0 in range(part * filters, min((part + 1) * filters, O), FILTERS):
            o1 = min(o0 + FILTERS, O)
            products = np.empty((frequencies, v.shape[1], o1 - o0), u.dtype)
            for f in range(frequencies):
                multiply_panels(v[f], u[o0 // LANES : panels_of(o1), f], products[f], False)
            lines = np.empty((m, m, tiles, o1 - o0), u.dtype)
            for run in range(r0, r1):
                n, top, left = corner(run, spans, tiles, height, m)
                collect(outputs, products, (run - r0) * tiles, (run - r0 + 1) * tiles, lines)
                store(lines, b[o0:o1], target, n, top, left, o0)


@parallel
def correlate_weight_gradient(x, source, size, inputs, outputs_back, filters_back, padding, dw, db):
    """dw (3, 3, C, O) and db (O,): all frequencies of a share of the tiles, then one product for each frequency."""
    height, width = size
    m = HEIGHTS[inputs] - 2
    frequencies = (m + 2) ** 2
    C, O = dw.shape[2:]
    runs, spans, tiles = tiling(x[0].shape[0], height, width, m)
    share = max(96, GRADIENT_BYTES // (frequencies * (C + O) * dw.itemsize)) // tiles
    share = max(1, min(share, runs))
    v = np.empty((frequencies, share * tiles, C), dw.dtype)
    p = np.empty((frequencies, share * tiles, O), dw.dtype)
    products = np.zeros((frequencies, C, O), dw.dtype)
    clear(db)
    for r0 in range(0, runs, share):
        r1 = min(r0 + share, runs)
        for run in prange(r0, r1):
            n, top, left = corner(run, spans, tiles, height, m)
            t0, t1 = (run - r0) * tiles, (run - r0 + 1) * tiles
            patch = np.empty((m + 2, m, tiles + 1, C), dw.dtype)
            load(x, n, top - padding[0], left - padding[1], patch)
            disperse(inputs, patch, v, t0, t1)
            outputs = np.empty((m + 2, m, tiles, O), dw.dtype)
            load(source, n, top, left, outputs[:m])
            disperse(outputs_back, outputs, p, t0, t1)
        count = (r1 - r0) * tiles
        for f in prange(frequencies):
            multiply(v[f, :count].T, p[f, :count], products[f], True)
        add_rows(p[m + 3, :count], db)  # A's second row is all ones: this frequency is the sum over each tile
    for part in prange(-(-C // 4)):
        c0, c1 = 4 * part, min(4 * part + 4, C)
        lines = np.empty((3, 3, c1 - c0, O), dw.dtype)
        collect(filters_back, products, c0, c1, lines)
        dw[:, :, c0:c1] = lines
