"""Filters in panels, and the sweep of a register tile over a run of outputs.

A *panel* is NR filters side by side, (K, NR): for each of the K numbers under a filter, the weights of all NR of them
lie in a row, as a tile reads them. The last panel is filled up with zeros.
"""

import numpy as np
from numba import prange

from ..threads import borrowing, parallel
from .vector import MR, MR_NARROW, NR_BYTES, address, tile

KC = 256  # terms of a sum that are added one after the other, about


@borrowing
def ceil_div(a, b):
    return -(-a // b)


@borrowing
def share_of(size, parts):
    """The size of each part when `size` items are cut into at most `parts` parts."""
    return max(1, -(-size // max(1, parts)))


@parallel
def pack(w, turned, panels):
    """panels[g · P + p, (i, j, c), l] = w[g, p·NR + l, c, i, j], or with `turned` w[g, c, p·NR + l, i, j]; 0 beside.

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


@borrowing
def sweep(
    x,
    row,
    step,
    taps,
    places,
    count,
    panel,
    depth,
    start,
    runs,
    run_step,
    run,
    y,
    y_row,
    pitch,
    floor,
    narrow,
    itemsize,
):
    """Tiles over `runs` runs of outputs, each of `run` rows that lie `row` apart in x, and runs `run_step` apart.

    y = start + Σ x · panel, and `floor` where that is less, as `tile` sums it over `count` taps: rows of NR numbers
    that lie `y_row` apart, and runs `pitch` rows. x, taps, places, panel, start and y are addresses.

    A run's last tile begins earlier rather than end beyond the run. Where a whole run is shorter than a tile, x and y
    need slack behind it.
    """
    R = MR_NARROW if narrow else MR
    whole = run // R * R
    together = runs if run >= R else 1  # a run shorter than a tile spoils the next, which is therefore summed after it
    for i in range(0, runs, together):
        for first, rows in ((0, whole), (max(0, run - R), run - whole)):
            # The tile that begins earlier comes when all others are done: it begins again what they have summed.
            strip(
                address(x, i * run_step), row, step, taps, places, count, panel, depth, start, together, run_step,
                first, rows, address(y, i * pitch * y_row), y_row, pitch, floor, narrow, itemsize,
            )  # fmt: skip


@borrowing
def strip(
    x, row, step, taps, places, count, panel, depth, start, runs, run_step, first, rows, y, y_row, pitch, floor,
    narrow, itemsize,
):  # fmt: skip
    """The tiles of `sweep` that begin at the rows first, first + R, … of each run, as long as `rows` lasts.

    A sum of thousands of numbers is made in pieces of at most KC: a piece of the panel stays in the first-level cache
    for all tiles, and no new term is rounded to the precision of the whole.
    """
    NR = NR_BYTES // itemsize
    R = MR_NARROW if narrow else MR
    per, parts = max(1, KC // max(1, depth)), max(1, ceil_div(depth, KC))  # taps of a piece, pieces of a tap
    pieces = max(1, ceil_div(count, per)) * parts
    for piece in range(pieces):
        t, k = piece // parts * per, piece % parts * KC
        some, size = min(per, count - t), min(KC, depth - k)
        least = floor if piece == pieces - 1 else -np.inf
        tap, place, weights = address(taps, t), address(places, t), address(panel, k * NR)
        for i in range(runs):
            for r in range(first, first + rows, R):
                source, target = address(x, i * run_step + r * row + k * step), address(y, (i * pitch + r) * y_row)
                begin, begin_row = (start, 0) if piece == 0 else (target, y_row)
                if narrow:
                    tile(
                        MR_NARROW, 1, source, row, 3 * row, step, tap, place, some, weights, NR, size,
                        begin, begin_row, target, y_row, least,
                    )  # fmt: skip
                else:
                    tile(
                        MR, 2, source, row, 3 * row, step, tap, place, some, weights, NR, size,
                        begin, begin_row, target, y_row, least,
                    )  # fmt: skip
