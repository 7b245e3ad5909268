"""Convolution without columns: a register tile that walks over the image itself, with an offset for each tap.

    forward          y[q, o]      = b[o] + Σ_t Σ_c  x[q + offset[t], c] · w[t, c, o]
    input gradient   dx[q, c]     =        Σ_t Σ_o dy[q + offset[t], o] · w[t, c, o]
    weight gradient  dw[t, c, o]  =        Σ_q      x[q + offset[t], c] · dy[q, o]

Numbers of one pixel lie side by side, pixels of one row behind each other, rows a *pitch* apart. So with steps of 1 a
whole band of rows is one long run of pixels, and a tap is a constant offset into it; the few outputs at each row's end
that straddle two rows are computed and passed over. With larger steps each row is a run of its own.

The input gradient is `forward` again: in steps of s, dx falls apart into s · s lattices of pixels, each of which is a
convolution of dy, in steps of 1, with the taps that reach it (`ops.convolution.direct` makes one call for each). dw has
a loop of its own over the same tile: a product that sums over pixels.

Units. `pitch` and `wide`: pixels from one row to the next, of the source's block and of the outputs. `pixel`: numbers
from one pixel to the next. `at`, `to`, `taps`, `places`: offsets in numbers. A `share` is the images of one partial
sum, a `part` the panels of one task. A row of a tile is one output pixel.

Source: Dukhan (2019), The indirect convolution algorithm; Georganas et al. (2018), Anatomy of high-performance deep
learning convolutions on SIMD architectures.
"""

from typing import NamedTuple

import numpy as np
from numba import prange

from ..threads import borrowing, jit, parallel
from .blocks import SLACK, clear, load_block, pools, store_block
from .panels import SMALL, Runs, ceil_div, share_of, sweep, tile_of
from .vector import MR, MR_NARROW, Terms, address, load, store, width, zeros_of

BLOCK_BYTES = 1 << 16  # outputs of a block: they stay in the second-level cache with the pixels under them
OVERLAP = 4  # times as large where pooling windows overlap: lines that two blocks share are computed twice
TASKS = 16  # into how many tasks a small problem is cut: fixed, so that results do not depend on the thread count
PARTIAL_BYTES = 1 << 26  # what the partial sums of the weight gradient may take together


class Slide(NamedTuple):
    """How filters slide over a source: output (i, j) sees its pixels from (top + i·step_h, left + j·step_w) on.

    The window is `height` × `width` pixels. Taps that lie side by side, and so their channels too, are taken as one of
    `joined` times the channels: the arrays `tap_rows` and `tap_columns`, which go with a slide, say where each begins.
    """

    top: int
    left: int
    step_h: int
    step_w: int
    height: int
    width: int
    lines: int  # outputs, before pooling
    columns: int
    joined: int


@borrowing
def pixels_between(slide, pitch):
    """How far apart two rows of outputs are kept: as far as the rows of pixels, where they are one long run."""
    return pitch if slide.step_w == 1 and slide.step_h == 1 else slide.columns


@borrowing
def runs_of(slide, lines, pitch):
    """(runs, outputs of a run): all lines as one, or each for itself."""
    if slide.step_w == 1 and slide.step_h == 1:
        return 1, (lines - 1) * pitch + slide.columns
    return lines, slide.columns


@borrowing
def lies_ready(source, slide, groups):
    """Whether a tile may read the images where they lie: no gradient is to be rebuilt, and no padding is needed."""
    H, W, C = source.values.shape[1:]
    bottom = slide.top + (slide.lines - 1) * slide.step_h + slide.height
    right = slide.left + (slide.columns - 1) * slide.step_w + slide.width
    inside = slide.top >= 0 and slide.left >= 0 and bottom <= H and right <= W
    run = runs_of(slide, slide.lines, W)[1]
    return inside and groups == 1 and not source.relu and not pools(source) and run >= MR_NARROW and C >= MR_NARROW


@borrowing
def block_lines(wide, NR, itemsize):
    """How many lines of outputs a block has."""
    return max(1, BLOCK_BYTES // (NR * itemsize * wide))


@borrowing
def scratch_pixels(slide, lines, pitch):
    """How many pixels a block of the source has, including those that a tile reads past its end."""
    return ((lines - 1) * slide.step_h + 2 * slide.height) * pitch + MR_NARROW * slide.step_w


@jit
def offsets_of(tap_rows, tap_columns, pitch, depth):
    """How many numbers each tap lies from the corner of the window, in a block whose rows are `pitch` pixels apart."""
    taps = np.empty(tap_rows.size, np.int64)
    for t in range(taps.size):
        taps[t] = (tap_rows[t] * pitch + tap_columns[t]) * depth
    return taps


@parallel
def forward(source, panels, bias, tap_rows, tap_columns, places, slide, lattice, groups, target):
    """target = bias + filters · source: a block of lines, and a part of the filters, at a time.

    panels (groups · P, K, NR); bias (groups · P · NR,). Each tap has its row and column in the window, and a place in
    a panel, where its weights begin, in numbers.
    """
    N, _, W, C = source.values.shape
    target_H, O = target.y.shape[1], target.y.shape[3]
    depth, filters, NR = C // groups, O // groups, panels.shape[2]
    P = panels.shape[0] // groups
    ready = lies_ready(source, slide, groups)
    pitch = W if ready else (slide.columns - 1) * slide.step_w + slide.width
    wide = pixels_between(slide, pitch)
    rows = ceil_div(target_H - lattice.top, lattice.step_h)  # of the target
    columns = ceil_div(target.y.shape[2] - lattice.left, lattice.step_w)
    most = block_lines(wide, NR, panels.itemsize) * (OVERLAP if target.kh > target.stride_h else 1)  # before pooling
    bands = ceil_div(rows, max(1, min(rows, (most - target.kh) // target.stride_h + 1)))
    count = ceil_div(rows, bands)  # rows of the target in a block: all blocks are about the same size
    part = share_of(P, TASKS // (2 * N * bands * groups))
    parts = ceil_div(P, part)
    taps = offsets_of(tap_rows, tap_columns, pitch, depth)
    flat, weights = source.values.reshape(source.values.size), panels.reshape(panels.size)
    outputs = target.y.reshape(target.y.size)
    # Whether a block's rows lie in the target as they lie in the block, without gaps.
    exact = wide == columns and not pools(target) and lattice.step_h == 1 and lattice.step_w == 1
    for task in prange(N * bands * groups * parts):
        n, band = task // (bands * groups * parts), task // (groups * parts) % bands
        g, first = task // parts % groups, task % parts * part
        py0 = band * count
        py1 = min(py0 + count, rows)
        lines = (py1 - py0 - 1) * target.stride_h + target.kh
        top = slide.top + py0 * target.stride_h * slide.step_h
        x, at = flat, (n * source.values.shape[1] + top) * pitch * C + slide.left * C  # where the images lie ready
        if not ready:
            x, at = np.empty(scratch_pixels(slide, lines, pitch) * depth + SLACK, flat.dtype), 0
            height = (lines - 1) * slide.step_h + slide.height
            load_block(source, n, top, slide.left, g * depth, depth, height, x, pitch, depth)
            if runs_of(slide, lines, pitch)[1] < MR_NARROW:  # then a tile reads beyond, where denormal numbers may lie
                clear(x, height * pitch * depth, x.size)
        runs, run = runs_of(slide, lines, pitch)
        y = np.empty((lines * wide + MR_NARROW) * NR + SLACK, flat.dtype)
        for p in range(first, min(first + part, P)):
            number, channel = min(NR, filters - p * NR), g * filters + p * NR
            narrow = number <= NR // 2
            pixel = NR // 2 if narrow else NR  # of the block
            straight = exact and run >= MR_NARROW and number == pixel
            panel, begin = address(weights, (g * P + p) * panels.shape[1] * NR), address(bias, (g * P + p) * NR)
            to, out, floor = address(y, 0), pixel, -np.inf  # `store_block` applies ReLU
            if straight:  # the tiles write where the outputs belong
                to, out = address(outputs, (n * target_H + py0) * columns * O + channel), O
                floor = 0.0 if target.relu else -np.inf
            terms = Terms(address(taps, 0), address(places, 0), taps.size, slide.joined * depth)
            swept = Runs(runs, run, slide.step_w * depth, slide.step_h * pitch * depth, out, wide * out)
            sweep(address(x, at), terms, panel, begin, swept, to, floor, narrow, flat.itemsize)
            if not straight:
                store_block(y, 0, wide, pixel, target, n, lattice, py0, py1, columns, channel, number)


@borrowing
def add_columns(block, at, pixel, size, sums):
    """sums[l] += Σ_q block[at + q·pixel + l], l < pixel: four sums in parallel, so that none waits."""
    for v in range(0, pixel, width(block)):
        a, b, c, d = zeros_of(sums), zeros_of(sums), zeros_of(sums), zeros_of(sums)
        whole = size // 4 * 4
        for q in range(0, whole, 4):
            here = at + q * pixel + v
            a, b = a + load(block, here), b + load(block, here + pixel)
            c, d = c + load(block, here + 2 * pixel), d + load(block, here + 3 * pixel)
        for q in range(whole, size):
            a = a + load(block, at + q * pixel + v)
        store(sums, v, load(sums, v) + ((a + b) + (c + d)))


@borrowing
def add_products(x, at, step, size, block, block_at, pixel, K, three, narrow, scratch, sums, sums_at):
    """sums[k, l] += Σ_q x[at + q·step + place(k)] · block[q·pixel + l] for k < K and q < size: a tile of k at a time.

    place(k) = ⌊k / 3⌋ · three + k mod 3, which is k where `three` is 3; with another, K is a multiple of 3, as MR is.
    block and sums begin at `block_at` and `sums_at`; `scratch` is `products_scratch`.
    """
    NR, V = 2 * width(x), width(x)
    R = MR_NARROW if narrow else MR
    nowhere, spare = scratch
    terms = Terms(address(nowhere, 0), address(nowhere, 0), 1, size)
    for r in range(0, K, R):
        k = min(r, max(0, K - R))  # rather begin earlier than read beyond
        whole = r + R <= K
        source, gradient = address(x, at + k // 3 * three + k % 3), address(block, block_at)
        target = address(sums, sums_at + r * NR) if whole else address(spare, 0)
        tile_of(narrow, source, 1, three, step, terms, gradient, pixel, target, NR, target, NR, -np.inf)
        if not whole:
            for row in range(k, k + R):
                for l in range(0, NR, V):
                    to, given = sums_at + row * NR + l, (row - k) * NR + l
                    if r <= row < K:
                        store(sums, to, load(sums, to) + load(spare, given))
                    store(spare, given, zeros_of(spare))


@jit
def products_scratch(x):
    """What `add_products` needs: the only tap, which lies at 0, and room for a tile, zero before and after."""
    return np.zeros(1, np.int64), np.zeros(MR_NARROW * 2 * width(x) + SLACK, x.dtype)


@parallel
def weight_gradient(x, dy, tap_rows, tap_columns, places, slide, groups, sums, biases):
    """sums[share, p, k, l] = the weight gradient of a share of the images, biases[share, p, l] that of the bias.

    x is a source of images, dy one of gradients; sums (shares, groups · P, K, NR) are added up by `gather`.
    """
    N, _, W, C = x.values.shape
    shares, panels, K, NR = sums.shape
    O = dy.values.shape[3]
    depth, filters = C // groups, O // groups
    P = panels // groups
    ready = lies_ready(x, slide, groups)
    pitch = W if ready else (slide.columns - 1) * slide.step_w + slide.width
    wide = pixels_between(slide, pitch)
    count = min(slide.lines, block_lines(wide, NR, sums.itemsize))
    part = share_of(P, TASKS // (shares * groups))
    parts = ceil_div(P, part)
    flat, total = x.values.reshape(x.values.size), sums.reshape(sums.size)
    taps = offsets_of(tap_rows, tap_columns, pitch, depth)
    numbers, step = slide.joined * depth, slide.step_w * depth
    nine = numbers == 3 and taps.size == 3  # three taps, equally far apart, of three numbers: nine rows of one tile
    for task in prange(shares * groups * parts):
        share, g, first = task // (groups * parts), task // parts % groups, task % parts * part
        products = products_scratch(flat)
        # Zero, also between slide.columns and `wide`: outputs that straddle two rows have no gradient.
        block = np.zeros((count * wide + MR_NARROW) * NR + SLACK, flat.dtype)
        scratch = np.empty(scratch_pixels(slide, count, pitch) * depth + SLACK, flat.dtype)
        for p in range(first, min(first + part, P)):
            sums[share, g * P + p] = 0
            biases[share, g * P + p] = 0
        for n in range(share * N // shares, (share + 1) * N // shares):
            for line in range(0, slide.lines, count):
                lines = min(count, slide.lines - line)
                top = slide.top + line * slide.step_h
                image, at = flat, (n * x.values.shape[1] + top) * pitch * C + slide.left * C
                if not ready:
                    image, at = scratch, 0
                    height = (lines - 1) * slide.step_h + slide.height
                    load_block(x, n, top, slide.left, g * depth, depth, height, image, pitch, depth)
                runs, run = runs_of(slide, lines, pitch)
                for p in range(first, min(first + part, P)):
                    number = min(NR, filters - p * NR)
                    narrow = number <= NR // 2
                    pixel = NR // 2 if narrow else NR
                    load_block(dy, n, line, 0, g * filters + p * NR, number, lines, block, wide, pixel)
                    add_columns(block, 0, pixel, (lines - 1) * wide + slide.columns, biases[share, g * P + p])
                    to = (share * panels + g * P + p) * K * NR
                    for i in range(runs):
                        image_at, block_at = at + i * slide.step_h * pitch * depth, i * wide * pixel
                        for t in range(1 if nine else taps.size):
                            add_products(
                                image, image_at + taps[t], step, run, block, block_at, pixel, 9 if nine else numbers,
                                taps[1] - taps[0] if nine else 3, narrow, products, total, to + places[t],
                            )  # fmt: skip


@parallel(small=SMALL)
def gather(sums, biases, groups, dw, db):
    """dw[o, c, tap] = Σ over shares of sums[share, p, (tap, c), l], one after the other; db likewise.

    Filter o is the l-th of panel p, in its group: o = g·filters + (p − g·P)·NR + l.
    """
    shares, panels, _, NR = sums.shape
    O, depth, window = dw.shape
    P, filters = panels // groups, O // groups
    for o in prange(O):
        p, l = o // filters * P + o % filters // NR, o % filters % NR
        total = biases.dtype.type(0)
        for s in range(shares):
            total += biases[s, p, l]
        db[o] = total
        for c in range(depth):
            for tap in range(window):
                total = biases.dtype.type(0)
                for s in range(shares):
                    total += sums[s, p, tap * depth + c, l]
                dw[o, c, tap] = total
