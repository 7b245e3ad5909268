"""The tiles of Winograd's convolution: where they lie in a feature map, and their transforms to frequencies and back.

A *run* is some tiles of one row of tiles; a few runs make a block that stays in the second-level cache. What a forward
pass multiplies lies there in slabs of `GROUP` tiles by `CHUNK` channels, as a register tile reads them: the slabs of
all frequencies, which a transform writes at once, are neighbors in the first-level cache. The weight gradient sums over
tiles, and keeps each frequency's together; between two of its frequencies lies a gap of one register, else they would
all fall on the same lines of that cache.
"""

from typing import NamedTuple

import numpy as np

from ..threads import borrowing, jit
from .blocks import Lattice, clear, load_first, store_block
from .panels import ceil_div
from .vector import MR_NARROW, above, address, magnitude, store, where, width, zeros_of
from .winograd_transforms import F2, F4

RUN = 16  # tiles of a run, at most
PATCH_BYTES = 1 << 15  # of the pixels under a run, about: they stay in the first-level cache
RANGE = 1024  # how often the mean absolute value may go into the largest
GROUP = MR_NARROW  # tiles that are multiplied at a time
CHUNK = 16  # channels that lie side by side: a cache line

inputs4, _, outputs4, _, outputs4_transposed = F4
inputs2, _, outputs2, _, outputs2_transposed = F2


class Places(NamedTuple):
    """Where the frequencies of tiles lie: how far apart frequencies, tiles, `GROUP`s of tiles and `CHUNK`s are."""

    frequency: int
    tile: int
    group: int
    chunk: int


@borrowing
def transform_tiles(m, back, patch, pitch, depth, tiles, scratch, v, places, first):
    """v[f, first + t] = the frequencies of tile t of a patch, for t < tiles.

    The patch has rows of `pitch` pixels of `depth` channels. It holds inputs, of which tile t begins at pixel m·t; with
    `back` it holds gradients of outputs. The last chunk is filled with what lies behind the channels.
    """
    row, apart = pitch * depth, places.frequency
    for t in range(tiles):
        begin = (first + t) // GROUP * places.group + (first + t) % GROUP * places.tile
        for c in range(0, whole_chunks(depth), width(patch)):
            x, spare = address(patch, m * t * depth + c), address(scratch, 0)
            y = address(v, begin + c // CHUNK * places.chunk + c % CHUNK)
            if m == 4:
                if back:
                    outputs4_transposed(x, row, depth, spare, y, 6 * apart, apart)
                else:
                    inputs4(x, row, depth, spare, y, 6 * apart, apart)
            elif back:
                outputs2_transposed(x, row, depth, spare, y, 4 * apart, apart)
            else:
                inputs2(x, row, depth, spare, y, 4 * apart, apart)


@borrowing
def clear_absent(v, places, tiles, frequencies, depth):
    """v = 0 for the tiles that the last `GROUP` lacks.

    They are multiplied, too, and what happens to lie there may be denormal numbers, for which that takes far longer.
    """
    for t in range(tiles, ceil_div(tiles, GROUP) * GROUP):
        begin = t // GROUP * places.group + t % GROUP * places.tile
        for chunk in range(depth // CHUNK):
            for f in range(frequencies):
                at = begin + chunk * places.chunk + f * places.frequency
                clear(v, at, at + CHUNK)


@borrowing
def outputs_of(m, products, at, NR, first, tiles, scratch, lines):
    """lines[i, m·t + j] = NR outputs for each pixel of tile first + t, whose frequencies are products from `at` on."""
    row, apart = m * tiles * NR, GROUP * NR
    for t in range(tiles):
        begin = at + (first + t) // GROUP * (m + 2) ** 2 * apart + (first + t) % GROUP * NR
        for l in range(0, NR, width(lines)):
            x, y, spare = address(products, begin + l), address(lines, m * t * NR + l), address(scratch, 0)
            if m == 4:
                outputs4(x, 6 * apart, apart, spare, y, row, NR)
            else:
                outputs2(x, 4 * apart, apart, spare, y, row, NR)


@borrowing
def tiling(N, height, width_, m, depth, itemsize):
    """(runs over all N feature maps, spans: runs in a row of tiles, tiles of a run)."""
    across = ceil_div(width_, m)
    most = min(RUN, max(1, (PATCH_BYTES // ((m + 2) * depth * itemsize) - 2) // m))
    spans = ceil_div(across, most)
    return N * ceil_div(height, m) * spans, spans, ceil_div(across, spans)


@borrowing
def corner(run, spans, tiles, height, m):
    """The run's image, and its first output pixel."""
    down = ceil_div(height, m)
    return run // (down * spans), run // spans % down * m, run % spans * tiles * m


@borrowing
def whole_chunks(C):
    """C channels, and as many more as fill the last chunk."""
    return ceil_div(C, CHUNK) * CHUNK


@jit
def extent(patch, size):
    """The largest absolute value of a patch, which NaN is not, and the sum of all."""
    V = width(patch)
    zero = zeros_of(patch)
    most, sum_ = (zero, zero), (zero, zero)  # two of each, so that none waits for the other
    for i in range(0, size, 2 * V):
        v, w = magnitude(load_first(patch, i, size - i)), magnitude(load_first(patch, i + V, size - i - V))
        most = where(above(v, most[0]), v, most[0]), where(above(w, most[1]), w, most[1])
        sum_ = sum_[0] + v, sum_[1] + w
    lanes = np.empty(2 * V, patch.dtype)
    store(lanes, 0, where(above(most[0], most[1]), most[0], most[1]))
    store(lanes, V, sum_[0] + sum_[1])
    return lanes[:V].max(), lanes[V:].sum()


@jit
def rough(largest, sums, size):
    """Whether a run's largest value is far above the mean of its own pixels, and above that of all; or not finite.

    size: how many numbers each run has.
    """
    total = sums.sum()
    if not np.isfinite(total):
        return True
    means = np.maximum(sums, total / len(sums)) / size
    return (largest > RANGE * means).any()


@borrowing
def store_tiles(lines, m, pitch, target, n, top, left, channel, count):
    """The target's pixels under a run of tiles."""
    py0, px0 = top // target.stride_h, left // target.stride_w
    rows = min(m // target.stride_h, target.y.shape[1] - py0)
    columns = min(pitch // target.stride_w, target.y.shape[2] - px0)
    store_block(
        lines, 0, pitch, 2 * width(lines), target, n, Lattice(0, px0, 1, 1), py0, py0 + rows, columns, channel, count
    )
