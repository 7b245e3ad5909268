"""Filters in panels, and the sweep of a register tile over a run of outputs.

A *panel* is NR filters side by side, (K, NR): for each of the K numbers under a filter, the weights of all NR of them
lie in a row, as a tile reads them. The last panel is filled up with zeros.
"""

from typing import NamedTuple

import numpy as np
from numba import prange

from ..threads import borrowing, parallel
from .vector import MR, MR_NARROW, NR_BYTES, Terms, address, tile

KC = 256  # terms of a sum that are added one after the other, about
SMALL = 1 << 15  # elements of the arrays of a short loop, below which it is not shared among threads


@borrowing
def ceil_div(a, b):
    return -(-a // b)


@borrowing
def share_of(size, parts):
    """The size of each part when `size` items are cut into at most `parts` parts."""
    return max(1, -(-size // max(1, parts)))


@parallel(small=SMALL)
def pack(w, turned, panels):
    """panels[g · P + p, (i, j, c), l] = w[g, p·NR + l, c, i, j], or with `turned` w[g, c, p·NR + l, i, j]; 0 elsewhere.

    w is (groups, filters, channels, kh · kw); panels (groups · P, kh · kw · depth, NR).
    """
    groups, O, C, window = w.shape
    NR = panels.shape[2]
    lanes, depth = (C, O) if turned else (O, C)
    count = ceil_div(lanes, NR)
    for task in prange(groups * count):
        g, first = task // count, task % count * NR
        panel = panels[task]
        if first + NR > lanes:
            panel[:] = 0
        for lane in range(min(NR, lanes - first)):
            for k in range(depth):
                source = w[g, k, first + lane] if turned else w[g, first + lane, k]
                for tap in range(window):
                    panel[tap * depth + k, lane] = source[tap]


class Runs(NamedTuple):
    """The rows that a sweep computes: `number` runs, at least one, of `size` rows. Steps are from one row, and from one
    run, to the next, in x and in y, in numbers.
    """

    number: int
    size: int
    row_step: int
    run_step: int
    y_row_step: int
    y_run_step: int


@borrowing
def sweep(x, terms, panel, start, runs, y, floor, narrow, itemsize):
    """y = start + Σ x · panel for all rows of `runs`, and `floor` where that is less, tile by tile.

    x, panel, start and y are addresses. A run's last tile begins earlier rather than end beyond the run. Where a whole
    run is shorter than a tile, x and y need slack after it.
    """
    R = MR_NARROW if narrow else MR
    whole = runs.size // R * R
    rest = max(0, runs.size - R) if whole < runs.size else runs.size
    together = runs.number if whole else 1  # a run shorter than a tile spoils the next, which then comes after it
    for i in range(0, runs.number, together):
        source, target = address(x, i * runs.run_step), address(y, i * runs.y_run_step)
        # The tile that begins earlier comes when all others are done: it begins again what they have summed.
        for first, last in ((0, whole), (rest, runs.size)):
            strip(source, terms, panel, start, runs, together, first, last, target, floor, narrow, itemsize)


@borrowing
def strip(x, terms, panel, start, runs, together, first, last, y, floor, narrow, itemsize):
    """The tiles of `sweep` that begin at the rows first, first + R, … below `last`, of `together` runs.

    A sum of thousands of numbers is made in pieces of at most KC: a piece of the panel stays in the first-level cache
    for all tiles, and no new term is rounded to the precision of the whole.
    """
    NR = NR_BYTES // itemsize
    R = MR_NARROW if narrow else MR
    per, parts = max(1, KC // max(1, terms.depth)), max(1, ceil_div(terms.depth, KC))  # taps a piece, pieces a tap
    pieces = max(1, ceil_div(terms.number, per)) * parts
    for piece in range(pieces):
        t, k = piece // parts * per, piece % parts * KC
        taps, places = address(terms.taps, t), address(terms.places, t)
        some = Terms(taps, places, min(per, terms.number - t), min(KC, terms.depth - k))
        least = floor if piece == pieces - 1 else -np.inf
        for i in range(together):
            for r in range(first, last, R):
                source = address(x, i * runs.run_step + r * runs.row_step + k)
                target = address(y, i * runs.y_run_step + r * runs.y_row_step)
                begin, begin_row = (start, 0) if piece == 0 else (target, runs.y_row_step)
                row, y_row, weights = runs.row_step, runs.y_row_step, address(panel, k * NR)
                tile_of(narrow, source, row, 3 * row, 1, some, weights, NR, begin, begin_row, target, y_row, least)


@borrowing
def tile_of(narrow, x, row, three, step, terms, panel, line, start, start_row, y, y_row, floor):
    """A `tile` of MR rows of two registers, or where filters are few, of MR_NARROW rows of one."""
    if narrow:
        tile(MR_NARROW, 1, x, row, three, step, terms, panel, line, start, start_row, y, y_row, floor)
    else:
        tile(MR, 2, x, row, three, step, terms, panel, line, start, start_row, y, y_row, floor)
