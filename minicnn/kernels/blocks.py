"""How images and gradients enter a block of scratch memory, and how outputs leave it.

All arrays are channels-last, (N, H, W, C) and C-contiguous: a pixel is one run of C numbers. Input comes from a
`Source`: images, or the gradient of rectified and pooled outputs, from which the gradient before pooling and ReLU is
computed while copying. Output goes to a `Target` and is rectified and pooled while it is written, so the large map in
between is never stored.

For each pooling window, `switches` holds the tap that won, i · kw + j, or DEAD where ReLU is inactive: the backward
pass needs nothing else.
"""

from typing import NamedTuple

import numpy as np

from ..threads import borrowing, inline
from .vector import (
    as_integers,
    at_most,
    beats,
    lanes,
    load,
    load_like,
    load_some,
    places_of,
    same,
    spread,
    store,
    store_some,
    where,
    width,
    zeros_of,
)

DEAD = 255  # larger than any tap's number: windows have at most 255 pixels
SLACK = 64  # numbers behind scratch arrays and switches, where a last vector may end


class Source(NamedTuple):
    """What a convolution reads: images, or gradients as they were before max pooling (kh, kw) and ReLU.

    A gradient is 0 where ReLU's output `y` is at most 0, and where `switches` say that a pixel did not win.
    """

    values: np.ndarray
    y: np.ndarray
    switches: np.ndarray
    relu: bool
    kh: int
    kw: int
    stride_h: int
    stride_w: int


class Lattice(NamedTuple):
    """Which pixels of a target are written: (top + i·step_h, left + j·step_w) for all i and j."""

    top: int
    left: int
    step_h: int
    step_w: int


class Target(NamedTuple):
    """What a convolution writes: outputs, rectified, and pooled by (kh, kw); windows of 1 × 1 pool nothing."""

    y: np.ndarray
    switches: np.ndarray
    relu: bool
    kh: int
    kw: int
    stride_h: int
    stride_w: int


@borrowing
def pools(ends):
    """Whether a source or target is pooled."""
    return ends.kh * ends.kw * ends.stride_h * ends.stride_w > 1


@borrowing
def clear(flat, first, last):
    for i in range(first, last):
        flat[i] = 0


@borrowing
def load_first(x, at, count):
    """The numbers from x[at] on: a whole vector, or the first `count` and zeros where that is less."""
    return load(x, at) if count >= width(x) else load_some(x, at, count)


@borrowing
def copy(source, at, target, to, size):
    """target[to + i] = source[at + i] for i < size; up to the end of the last vector, zeros."""
    whole = size // width(source) * width(source)
    for i in range(0, whole, width(source)):
        store(target, to + i, load(source, at + i))
    if whole < size:
        store(target, to + whole, load_some(source, at + whole, size - whole))


@borrowing
def copy_where_positive(source, y, at, target, to, size):
    """The gradient of ReLU, a run of it: as `copy`, but 0 where the output is at most 0 (so that NaN lets it pass)."""
    zero = zeros_of(source)
    whole = size // width(source) * width(source)
    for i in range(0, whole, width(source)):
        store(target, to + i, where(at_most(load(y, at + i), zero), zero, load(source, at + i)))
    if whole < size:
        gradient, output = load_some(source, at + whole, size - whole), load_some(y, at + whole, size - whole)
        store(target, to + whole, where(at_most(output, zero), zero, gradient))


@borrowing
def load_block(source, n, top, left, first, depth, rows, block, pitch, pixel):
    """block[i, x, c] = the source's pixel (top + i, left + x), channels first … first + depth; 0 outside of it.

    `block` is flat: its rows are `pitch` pixels long, and its pixels `pixel` numbers apart. What lies between a pixel's
    last number and the next pixel is left undefined.
    """
    if pools(source):
        clear(block, 0, rows * pitch * pixel)
        scatter_block(source, n, top, left, first, depth, rows, block, pitch, pixel)
        return
    H, W, C = source.values.shape[1:]
    values, y = source.values.reshape(source.values.size), source.y.reshape(source.y.size)
    x0, x1 = min(max(0, -left), pitch), min(max(0, W - left), pitch)
    for i in range(rows):
        begin, iy = i * pitch * pixel, top + i
        if iy < 0 or iy >= H or x0 >= x1:
            clear(block, begin, begin + pitch * pixel)
            continue
        clear(block, begin, begin + x0 * pixel)
        clear(block, begin + x1 * pixel, begin + pitch * pixel)
        whole = depth == C and pixel == C
        runs, size = (1, (x1 - x0) * C) if whole else (x1 - x0, depth)
        for x in range(runs):
            at = ((n * H + iy) * W + left + x0 + x) * C + first
            to = begin + (x0 + x) * pixel
            if source.relu:
                copy_where_positive(values, y, at, block, to, size)
            else:
                copy(values, at, block, to, size)


@borrowing
def windows_over(first, size, kernel, stride, count):
    """The first and last + 1 of `count` windows that reach into `size` pixels from `first` on."""
    return max(0, -((kernel - 1 - first) // stride)), min(count, (first + size - 1) // stride + 1)


@borrowing
def taps_inside(first, dilation, kernel, size):
    """The first and last + 1 of the taps first, first + dilation, … that lie between 0 and size."""
    if first >= 0 and first + dilation * (kernel - 1) < size:
        return 0, kernel
    return min(kernel, max(0, -(first // dilation))), min(kernel, max(0, -((first - size) // dilation)))


@borrowing
def scatter_block(source, n, top, left, first, depth, rows, block, pitch, pixel):
    """block += each pooling window's gradient, at the pixel that won it."""
    PH, PW, C = source.values.shape[1:]
    values, switches = source.values.reshape(source.values.size), source.switches.reshape(source.switches.size)
    V = width(values)
    zero = zeros_of(values)
    # Whether what is stored for one pixel and window may reach into those of others.
    overlap = source.kh > source.stride_h or source.kw > source.stride_w or (depth + V - 1) // V * V > pixel
    py0, py1 = windows_over(top, rows, source.kh, source.stride_h, PH)
    px0, px1 = windows_over(left, pitch, source.kw, source.stride_w, PW)
    for py in range(py0, py1):
        for px in range(px0, px1):
            iy, ix = py * source.stride_h - top, px * source.stride_w - left
            at = ((n * PH + py) * PW + px) * C + first
            i0, i1 = max(0, -iy), min(source.kh, rows - iy)
            j0, j1 = max(0, -ix), min(source.kw, pitch - ix)
            for c in range(0, depth, V):
                gradient = load_first(values, at + c, depth - c)
                won = load_like(switches, at + c, zero)
                for i in range(i0, i1):
                    for j in range(j0, j1):
                        to = ((iy + i) * pitch + ix + j) * pixel + c
                        share = where(same(won, spread(i * source.kw + j, won)), gradient, zero)
                        store(block, to, load(block, to) + share if overlap else share)


@inline
def best_of(x, at, down, across, i0, i1, j0, j1, kw, count):
    """The largest of the vectors under a window, lane by lane, and which tap it was: the first of equals, the last NaN.

    Tap (i, j) lies at x[at + i·down + j·across], i0 ≤ i < i1 and j0 ≤ j < j1; only `count` lanes are read.
    """
    best, won = zeros_of(x), places_of(zeros_of(x))
    if i0 == j0 == 0 and i1 == j1 == kw == 2:  # the commonest, without the loops
        best = load_first(x, at, count)
        for tap, place in ((1, at + across), (2, at + down), (3, at + down + across)):
            value = load_first(x, place, count)
            wins = beats(value, best)
            best = where(wins, value, best)
            won = where(wins, spread(tap, won), won)
        return best, won
    best, won = spread(-np.inf, best), spread(i0 * kw + j0, won)
    for i in range(i0, i1):
        for j in range(j0, j1):
            value = load_first(x, at + i * down + j * across, count)
            wins = beats(value, best)
            best = where(wins, value, best)
            won = where(wins, spread(i * kw + j, won), won)
    return best, won


@inline
def store_first(y, at, v, count):
    """y[at + l] = v[l], for l < count alone where that is less than a register."""
    if count >= lanes(v):
        store(y, at, v)
    else:
        store_some(y, at, v, count)


@borrowing
def store_block(block, block_at, pitch, pixel, target, n, lattice, py0, py1, columns, channel, count):
    """The first `columns` of the target's rows py0 … py1 of the lattice, from a block of outputs (lines, pitch, pixel).

    The block begins at `block_at`, holds `count` channels from `channel` on, and its first line is the first of row
    py0. Output or window (py, px) goes where the lattice says.
    """
    H, W, C = target.y.shape[1:]
    y, switches = target.y.reshape(target.y.size), target.switches.reshape(target.switches.size)
    V = width(y)
    zero = zeros_of(y)
    dead_tap = spread(DEAD, places_of(zero))
    for py in range(py0, py1):
        row = (n * H + lattice.top + lattice.step_h * py) * W + lattice.left
        line = block_at + (py - py0) * target.stride_h * pitch * pixel
        if pools(target):
            for px in range(columns):
                for v in range(0, count, V):
                    to = (row + lattice.step_w * px) * C + channel + v
                    best, won = best_of(
                        block, line + px * target.stride_w * pixel + v, pitch * pixel, pixel,
                        0, target.kh, 0, target.kw, target.kw, width(block),
                    )  # fmt: skip
                    if target.relu:
                        won = where(at_most(best, zero), dead_tap, won)
                        best = where(at_most(best, zero), zero, best)
                    store_first(y, to, best, count - v)
                    store_first(switches, to, as_integers(won, switches), count - v)
        else:
            for px in range(columns):
                for v in range(0, count, V):
                    to = (row + lattice.step_w * px) * C + channel + v
                    value = load(block, line + px * pixel + v)
                    if target.relu:
                        value = where(at_most(value, zero), zero, value)
                    store_first(y, to, value, count - v)
