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

from typing import NamedTuple

import numpy as np
from numba import prange

from ..threads import jit, parallel
from .matmul import LANES, multiply, multiply_panels, panels_of
from .pixels import add_rows, clear, load, store

SIDE = 6  # of the largest transform: α of F(4×4, 3×3)
RUN = 16  # tiles of a run, at most
TILES = 48  # tiles of a block, about
FILTERS = 128  # filters whose products are in cache at a time
CHANNELS = 16  # whose filters are transformed at a time
TASKS = 16  # into how many tasks a small problem is cut: fixed, so that results do not depend on the thread count
GRADIENT_BYTES = 1 << 22  # transformed pictures and gradients that are kept at a time for the weight gradient


def terms(matrix):
    """A matrix as its rows' terms that are not zero: row r has factor[r, :count[r]] at columns index[r, :count[r]]."""
    matrix = np.array(matrix, np.float32)
    count = (matrix != 0).sum(axis=1)
    index = np.argsort(matrix == 0, axis=1, kind="stable")[:, :5]
    index = np.pad(index, ((0, 0), (0, 5 - index.shape[1])))
    return count, index, np.take_along_axis(matrix, index, axis=1)


class Transforms(NamedTuple):
    """The three matrices of F(m×m, 3×3), and the transposes that their gradients take."""

    inputs: tuple  # Bᵀ
    filters: tuple  # G
    outputs: tuple  # Aᵀ
    filters_back: tuple  # Gᵀ
    outputs_back: tuple  # A


def transforms(inputs, filters, outputs):
    back = (np.transpose(filters), np.transpose(outputs))
    return Transforms(*(terms(matrix) for matrix in (inputs, filters, outputs, *back)))


F2 = transforms(
    inputs=[[1, 0, -1, 0], [0, 1, 1, 0], [0, -1, 1, 0], [0, 1, 0, -1]],
    filters=[[1, 0, 0], [1 / 2, 1 / 2, 1 / 2], [1 / 2, -1 / 2, 1 / 2], [0, 0, 1]],
    outputs=[[1, 1, 1, 0], [0, 1, -1, -1]],
)
F4 = transforms(
    inputs=[
        [4, 0, -5, 0, 1, 0],
        [0, -4, -4, 1, 1, 0],
        [0, 4, -4, -1, 1, 0],
        [0, -2, -1, 2, 1, 0],
        [0, 2, -1, -2, 1, 0],
        [0, 4, 0, -5, 0, 1],
    ],
    filters=[
        [1 / 4, 0, 0],
        [-1 / 6, -1 / 6, -1 / 6],
        [-1 / 6, 1 / 6, -1 / 6],
        [1 / 24, 1 / 12, 1 / 6],
        [1 / 24, -1 / 12, 1 / 6],
        [0, 0, 1],
    ],
    outputs=[[1, 1, 1, 1, 1, 0], [0, 1, -1, 2, -2, 0], [0, 1, 1, 4, 4, 0], [0, 1, -1, 8, -8, 1]],
)


@jit
def combine(matrix, r, source, starts, target):
    """target = Σ_k matrix[r, k] · (what stands in `source` from starts[k] on)."""
    n, index, factor = matrix[0][r], matrix[1][r], matrix[2][r]
    a, b = source[starts[index[0]] :], source[starts[index[1]] :]
    c, d, e = source[starts[index[2]] :], source[starts[index[3]] :], source[starts[index[4]] :]
    fa, fb, fc, fd, fe = factor[0], factor[1], factor[2], factor[3], factor[4]
    if n == 1:
        for i in range(target.shape[0]):
            target[i] = fa * a[i]
    elif n == 2:
        for i in range(target.shape[0]):
            target[i] = fa * a[i] + fb * b[i]
    elif n == 3:
        for i in range(target.shape[0]):
            target[i] = fa * a[i] + fb * b[i] + fc * c[i]
    elif n == 4:
        for i in range(target.shape[0]):
            target[i] = fa * a[i] + fb * b[i] + fc * c[i] + fd * d[i]
    else:
        for i in range(target.shape[0]):
            target[i] = fa * a[i] + fb * b[i] + fc * c[i] + fd * d[i] + fe * e[i]


@jit
def disperse(matrix, patch, row, frequencies, t0, t1):
    """frequencies[(i, j), t] = Σ_{k, l} matrix[i, k] · patch[k, column l of tile t] · matrix[j, l], for t0 ≤ t < t1.

    patch (K, phases, tiles, C), frequencies (R·R, T, C); `row` is scratch of a patch's row.
    """
    _, phases, tiles, C = patch.shape
    R = len(matrix[0])
    flat = patch.reshape(patch.size)
    rows, columns = np.arange(SIDE) * patch[0].size, np.empty(SIDE, np.int64)
    for k in range(SIDE):
        columns[k] = (k % phases * tiles + k // phases) * C
    for i in range(R):
        combine(matrix, i, flat, rows, row)
        for j in range(R):
            target = frequencies[i * R + j, t0:t1].reshape((t1 - t0) * C)
            combine(matrix, j, row, columns, target)


@jit
def collect(matrix, frequencies, t0, t1, rows, lines):
    """lines[i, j, t] = Σ_{k, l} matrix[i, k] · frequencies[(k, l), t0 + t] · matrix[j, l].

    frequencies (K·K, T, O), lines (R, R, t1 − t0, O); `rows` is scratch of K rows of tiles.
    """
    T, O = frequencies.shape[1:]
    R = len(matrix[0])
    K = int(np.sqrt(frequencies.shape[0]))
    flat, size = frequencies.reshape(frequencies.size), (t1 - t0) * O
    apart, beside = np.arange(SIDE) * (K * T * O), np.arange(SIDE) * size
    for i in range(R):
        for k in range(K):
            combine(matrix, i, flat[(k * T + t0) * O :], apart, rows[k * size : (k + 1) * size])
        for j in range(R):
            combine(matrix, j, rows, beside, lines[i, j].reshape(size))


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
        patch = np.zeros((3, 3, c1 - c0, LANES), u.dtype)
        for o in range(p * LANES, min((p + 1) * LANES, O)):
            for c in range(c0, c1):
                for i in range(3):
                    for j in range(3):
                        patch[i, j, c - c0, o % LANES] = w[o, c, i, j]
        disperse(matrix, patch, np.empty(patch[0].size, u.dtype), u[p], c0, c1)


@parallel
def correlate(source, u, b, inputs, outputs, padding, target):
    """target = the filters u (see `transform_filters`) slid over the source, plus b: a block of runs at a time."""
    m = len(outputs[0])
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
        row = np.empty(patch[0].size, u.dtype)
        for run in range(r0, r1):
            n, top, left = corner(run, spans, tiles, height, m)
            load(source, n, top - padding[0], left - padding[1], patch)
            disperse(inputs, patch, row, v, (run - r0) * tiles, (run - r0 + 1) * tiles)
        for o0 in range(part * filters, min((part + 1) * filters, O), FILTERS):
            o1 = min(o0 + FILTERS, O)
            products = np.empty((frequencies, v.shape[1], o1 - o0), u.dtype)
            for f in range(frequencies):
                multiply_panels(v[f], u[o0 // LANES : panels_of(o1), f], products[f], False)
            lines = np.empty((m, m, tiles, o1 - o0), u.dtype)
            rows = np.empty((m + 2) * tiles * (o1 - o0), u.dtype)
            for run in range(r0, r1):
                n, top, left = corner(run, spans, tiles, height, m)
                collect(outputs, products, (run - r0) * tiles, (run - r0 + 1) * tiles, rows, lines)
                store(lines, b[o0:o1], target, n, top, left, o0)


@parallel
def correlate_weight_gradient(x, source, size, inputs, outputs_back, filters_back, padding, dw, db):
    """dw (3, 3, C, O) and db (O,): all frequencies of a share of the tiles, then one product for each frequency."""
    height, width = size
    m = len(inputs[0]) - 2
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
            disperse(inputs, patch, np.empty(patch[0].size, dw.dtype), v, t0, t1)
            outputs = np.empty((m, m, tiles, O), dw.dtype)
            load(source, n, top, left, outputs)
            disperse(outputs_back, outputs, np.empty(outputs[0].size, dw.dtype), p, t0, t1)
        count = (r1 - r0) * tiles
        for f in prange(frequencies):
            multiply(v[f, :count].T, p[f, :count], products[f], True)
        add_rows(p[m + 3, :count], db)  # A's second row is all ones: this frequency is the sum over each tile
    for part in prange(-(-C // 4)):
        c0, c1 = 4 * part, min(4 * part + 4, C)
        lines = np.empty((3, 3, c1 - c0, O), dw.dtype)
        collect(filters_back, products, c0, c1, np.empty((m + 2) * (c1 - c0) * O, dw.dtype), lines)
        dw[:, :, c0:c1] = lines
