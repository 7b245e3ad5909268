"""Winograd's convolution: 3 × 3 filters with fewer multiplications, on channels-last images.

An m × m tile of outputs is computed from the α × α inputs under it, α = m + 2, in a basis where a filter acts on each
number separately, so that only the sum over channels needs multiplications:

    Y = Aᵀ · [ Σ_c (G · g · Gᵀ) ⊙ (Bᵀ · d · B) ] · A          g (3, 3) a filter, d (α, α) inputs, Y (m, m) outputs

F(4×4, 3×3) needs 36 products per tile, channel and filter where the definition has 144; F(2×2, 3×3) 16 for 36. For each
of the α² positions (*frequencies*) the sums over channels of all tiles and filters are one matrix product.

The gradient of a filter is the transpose: dg = Gᵀ · [ Σ_tiles (Bᵀ d B) ⊙ (A · dY · Aᵀ) ] · G.

How tiles lie in memory, and why: `kernels/winograd_tiles.py`.

Source: Lavin & Gray (2016), Fast algorithms for convolutional neural networks, section 4.
"""

import numpy as np
from numba import prange

from ..threads import borrowing, parallel
from .blocks import SLACK, clear, load_block
from .direct import TASKS, add_columns, add_products, products_scratch
from .panels import Runs, ceil_div, share_of, sweep
from .vector import MR_NARROW, NR_BYTES, Terms, address, load, store, width, zeros_of
from .winograd_tiles import (
    CHUNK,
    GROUP,
    Places,
    clear_absent,
    corner,
    extent,
    outputs_of,
    rough,
    store_tiles,
    tiling,
    transform_tiles,
    whole_chunks,
)
from .winograd_transforms import F2, F4

TILES = 48  # tiles of a block, about
SUMS_BYTES = 1 << 24  # what the sums of the weight gradient's shares may take together

_, filters4, _, filters4_transposed, _ = F4
_, filters2, _, filters2_transposed, _ = F2


@parallel
def transform_filters(w, turned, m, u):
    """u[p, (i, j), c, l] = (G · g · Gᵀ)[i, j], o = p·NR + l, of g = w[o, c], or with `turned` w[c, o] turned around.

    u (panels, frequencies, depth, NR); where the last chunk has no more channels, or the last panel no more filters, 0.
    """
    _, _, depth, NR = u.shape
    O, C = (w.shape[1], w.shape[0]) if turned else (w.shape[0], w.shape[1])
    across = depth // CHUNK
    for task in prange(len(u) * across):
        p, c0 = task // across, task % across * CHUNK
        g = np.zeros(9 * NR, u.dtype)
        to = u[p].reshape(u[p].size)
        scratch = np.empty((m + 2) * 3 * NR, u.dtype)
        for c in range(c0, c0 + CHUNK):
            if c >= C:
                g[:] = 0
            for l in range(min(NR, O - p * NR) if c < C else 0):
                filter_ = w[c, p * NR + l] if turned else w[p * NR + l, c]
                for i in range(3):
                    for j in range(3):
                        g[(3 * i + j) * NR + l] = filter_[2 - i, 2 - j] if turned else filter_[i, j]
            for l in range(0, NR, width(u)):
                x, y, spare = address(g, l), address(to, c * NR + l), address(scratch, 0)
                if m == 4:
                    filters4(x, 3 * NR, NR, spare, y, 6 * depth * NR, depth * NR)
                else:
                    filters2(x, 3 * NR, NR, spare, y, 4 * depth * NR, depth * NR)


@borrowing
def runs_of_block(runs, tiles, panels):
    """How many runs of tiles a block has: some are of the same size, and a multiple of four.

    One or two become one where there are enough filters to share instead, which are then read only once; else as many
    as there are register tiles.
    """
    share = max(1, TILES // tiles)
    blocks = ceil_div(runs, share)
    if blocks >= TASKS:
        return share
    if blocks > 2:
        return ceil_div(runs, max(4, (blocks + 1) // 4 * 4))
    return runs if panels >= TASKS // 4 else max(1, GROUP // tiles)


@borrowing
def transform_run(source, n, top, left, m, tiles, patch, scratch, v, places, number):
    """The frequencies of a run's tiles: v[f, number · tiles + t] for each tile t, from the source's pixels under it."""
    C, pitch = source.values.shape[3], m * tiles + 2
    load_block(source, n, top, left, 0, C, m + 2, patch, pitch, C)
    clear(patch, (m + 2) * pitch * C, patch.size)  # numbers of no channel: they are multiplied by 0
    transform_tiles(m, False, patch, pitch, C, tiles, scratch, v, places, number * tiles)


@parallel
def forward(source, u, bias, m, pad_h, pad_w, target):
    """target = the filters u (see `transform_filters`) slid over the source, plus the bias, block by block.

    Returns:
        Whether the source is too `rough` for it: a value that is huge compared with its neighbors would be rounded into
        their outputs.
    """
    panels, frequencies, depth, NR = u.shape
    (N, PH, PW, O), C = target.y.shape, source.values.shape[3]
    height, wide = PH * target.stride_h, PW * target.stride_w
    runs, spans, tiles = tiling(N, height, wide, m, C, u.itemsize)
    share = runs_of_block(runs, tiles, panels)
    blocks = ceil_div(runs, share)
    part = share_of(panels, TASKS // (4 * max(1, blocks)))
    parts = ceil_div(panels, part)
    weights = u.reshape(u.size)
    largest, sums = np.empty(runs, u.dtype), np.empty(runs, u.dtype)
    starts = np.zeros((panels + 1) * NR, u.dtype)  # the bias, and zeros
    starts[: panels * NR] = bias
    chunks, slab = depth // CHUNK, GROUP * CHUNK
    places = Places(slab, CHUNK, chunks * frequencies * slab, frequencies * slab)
    begins, lines_of = np.arange(chunks) * places.chunk, np.arange(chunks) * (CHUNK * NR)  # in v, and in a panel
    pitch, whole = m * tiles + 2, ceil_div(share * tiles, GROUP) * places.group
    shared = parts > 1  # then each block is transformed first, once for all parts of the filters
    together = np.empty(blocks * whole if shared else 0, u.dtype)
    if shared:
        for run in prange(runs):
            scratch, patch = np.empty((m + 2) ** 2 * NR, u.dtype), np.empty((m + 2) * pitch * C + SLACK, u.dtype)
            v, (n, top, left) = together[run // share * whole :], corner(run, spans, tiles, height, m)
            transform_run(source, n, top - pad_h, left - pad_w, m, tiles, patch, scratch, v, places, run % share)
            largest[run], sums[run] = extent(patch, (m + 2) * pitch * C)
            if run % share == share - 1 or run == runs - 1:
                clear_absent(v, places, (run % share + 1) * tiles, frequencies, depth)
    for task in prange(blocks * parts):
        block, first = task // parts, task % parts * part
        r0, r1 = block * share, min((block + 1) * share, runs)
        groups = ceil_div((r1 - r0) * tiles, GROUP)
        scratch = np.empty((m + 2) ** 2 * NR, u.dtype)
        v = together[block * whole :] if shared else np.empty(groups * places.group, u.dtype)
        if not shared:
            patch = np.empty((m + 2) * pitch * C + SLACK, u.dtype)
            for run in range(r0, r1):
                n, top, left = corner(run, spans, tiles, height, m)
                transform_run(source, n, top - pad_h, left - pad_w, m, tiles, patch, scratch, v, places, run - r0)
                largest[run], sums[run] = extent(patch, (m + 2) * pitch * C)
            clear_absent(v, places, (r1 - r0) * tiles, frequencies, depth)
        last, size = min(first + part, panels), groups * frequencies * GROUP * NR
        products = np.empty((last - first) * size, u.dtype)
        for f in range(frequencies):  # the outer loop: so the numbers of one frequency are read from afar only once
            for p in range(first, last):
                # The second row of A is all ones: what this frequency begins with is added to every output.
                start = p * NR if f == m + 3 else panels * NR
                panel, begin = address(weights, (p * frequencies + f) * depth * NR), address(starts, start)
                to = address(products, (p - first) * size + f * GROUP * NR)
                terms = Terms(address(begins, 0), address(lines_of, 0), chunks, CHUNK)
                rows = Runs(groups, GROUP, CHUNK, places.group, NR, frequencies * GROUP * NR)
                narrow = min(NR, O - p * NR) <= NR // 2
                sweep(address(v, f * slab), terms, panel, begin, rows, to, -np.inf, narrow, u.itemsize)
        lines = np.empty(m * m * tiles * NR + SLACK, u.dtype)
        for p in range(first, last):
            for run in range(r0, r1):
                n, top, left = corner(run, spans, tiles, height, m)
                outputs_of(m, products, (p - first) * size, NR, (run - r0) * tiles, tiles, scratch, lines)
                store_tiles(lines, m, m * tiles, target, n, top, left, p * NR, min(NR, O - p * NR))
    return rough(largest, sums, (m + 2) * (m * tiles + 2) * C)


@borrowing
def shares_of(N, height, width_, m, C, O, itemsize):
    """Into how many shares the runs of a weight gradient are cut: as few as the sums of each are large."""
    runs = tiling(N, height, width_, m, C, itemsize)[0]
    sums = (m + 2) ** 2 * C * ceil_div(O * itemsize, NR_BYTES) * NR_BYTES
    shares = TASKS
    while shares > 2 and shares * sums > SUMS_BYTES:
        shares //= 2
    return max(1, min(shares, runs))


@parallel
def weight_gradient(x, source, height, width_, m, pad_h, pad_w, sums, biases):
    """sums[share, p, f, c, l] = Σ_tiles (Bᵀ d B) ⊙ (A · dY · Aᵀ) of a share's tiles, and biases[share, p, l] = Σ dY."""
    shares, panels, frequencies, C, NR = sums.shape
    O, pixel = source.values.shape[3], whole_chunks(C)
    runs, spans, tiles = tiling(x.values.shape[0], height, width_, m, C, sums.itemsize)
    part = share_of(panels, TASKS // (4 * shares))  # few, as each transforms the images anew
    parts = ceil_div(panels, part)
    count = max(1, TILES // tiles)  # runs of a block
    T, pitch, wide = count * tiles, m * tiles + 2, m * tiles
    apart, gradient_apart = T * pixel + width(sums), T * NR + width(sums)
    places = Places(apart, pixel, GROUP * pixel, CHUNK)
    gradient_places = Places(gradient_apart, NR, GROUP * NR, CHUNK)
    total = sums.reshape(sums.size)
    for task in prange(shares * parts):
        share, first = task // parts, task % parts * part
        last = min(first + part, panels)
        scratch, products = np.empty(frequencies * NR, sums.dtype), products_scratch(sums)
        patch = np.empty((m + 2) * pitch * C + SLACK, sums.dtype)
        v = np.empty(frequencies * apart + MR_NARROW * pixel + SLACK, sums.dtype)
        gradients = np.zeros(m * wide * NR + SLACK, sums.dtype)
        g = np.empty(frequencies * gradient_apart + SLACK, sums.dtype)
        sums[share, first:last] = 0
        biases[share, first:last] = 0
        end = (share + 1) * runs // shares
        for r0 in range(share * runs // shares, end, count):
            r1 = min(r0 + count, end)
            for run in range(r0, r1):
                n, top, left = corner(run, spans, tiles, height, m)
                load_block(x, n, top - pad_h, left - pad_w, 0, C, m + 2, patch, pitch, C)
                transform_tiles(m, False, patch, pitch, C, tiles, scratch, v, places, (run - r0) * tiles)
            for p in range(first, last):
                number = min(NR, O - p * NR)
                for run in range(r0, r1):
                    n, top, left = corner(run, spans, tiles, height, m)
                    load_block(source, n, top, left, p * NR, number, m, gradients, wide, NR)
                    first_tile = (run - r0) * tiles
                    transform_tiles(m, True, gradients, wide, NR, tiles, scratch, g, gradient_places, first_tile)
                size = (r1 - r0) * tiles
                for f in range(frequencies):
                    at, gradient_at = f * apart, f * gradient_apart
                    to = ((share * panels + p) * frequencies + f) * C * NR
                    narrow = number <= NR // 2
                    add_products(v, at, pixel, size, g, gradient_at, NR, C, 3, narrow, products, total, to)
                # As A's second row is all ones, this frequency is the sum over each tile.
                add_columns(g, (m + 3) * gradient_apart, NR, size, biases[share, p])


@parallel
def gather(sums, biases, m, dw, db):
    """dw (O, C, 3, 3) and db (O,): the sums over the shares, in their order, and the last transform of dw."""
    shares, panels, frequencies, C, NR = sums.shape
    V = width(sums)
    across = ceil_div(C, CHUNK)
    for task in prange(panels * across):
        p, c0 = task // across, task % across * CHUNK
        number = min(NR, len(db) - p * NR)
        total = np.empty(frequencies * NR, sums.dtype)
        scratch, filter_ = np.empty(3 * (m + 2) * NR, sums.dtype), np.empty(9 * NR, sums.dtype)
        flat = sums.reshape(sums.size)
        for c in range(c0, min(c0 + CHUNK, C)):
            for f in range(frequencies):
                for l in range(0, NR, V):
                    sum_ = zeros_of(sums)
                    for share in range(shares):
                        sum_ = sum_ + load(flat, (((share * panels + p) * frequencies + f) * C + c) * NR + l)
                    store(total, f * NR + l, sum_)
            for l in range(0, NR, V):
                x, y, spare = address(total, l), address(filter_, l), address(scratch, 0)
                if m == 4:
                    filters4_transposed(x, 6 * NR, NR, spare, y, 3 * NR, NR)
                else:
                    filters2_transposed(x, 4 * NR, NR, spare, y, 3 * NR, NR)
            for l in range(number):
                for i in range(3):
                    for j in range(3):
                        dw[p * NR + l, c, i, j] = filter_[(3 * i + j) * NR + l]
        if c0 == 0:
            for l in range(number):
                db[p * NR + l] = biases[0, p, l]
                for share in range(1, shares):
                    db[p * NR + l] += biases[share, p, l]
