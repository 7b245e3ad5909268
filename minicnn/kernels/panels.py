"""Filters in panels, and the sweep of a register tile over a run of outputs.

A *panel* is NR filters side by side, (K, NR): for each of the K numbers under a filter, the weights of all NR of them
lie in a row, as a tile reads them. Where filters do not fill the last panel, zeros do.
"""

import numpy as np
from numba import prange

from ..threads import jit, parallel
from .vector import MR, MR_NARROW, address, tile, width

KC = 256  # terms of a sum that are added one after the other


@jit
def ceil_div(a, b):
    return -(-a // b)


@jit
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


@jit
def sweep(
    x, at, row, step, taps, panel, panel_at, places, depth, start, start_at, runs, run_step, run, y, y_at, pitch, narrow
):
    """Tiles over `runs` runs of outputs, each of `run` rows that lie `row` apart in x, and runs `run_step` apart.

    y (runs, pitch, NR) = start + Σ x · panel, as `tile` sums it; x, panel, start and y begin at `at`, `panel_at`,
    `start_at` and `y_at`. A run's last tile begins earlier rather than end beyond the run. Where a whole run is shorter
    than a tile, x and y need slack behind it.

    A sum of thousands of numbers is made in pieces of at most KC, which are then added up: in one long chain each new
    term would be rounded to the precision of the whole.
    """
    NR = 2 * width(x)
    R = MR_NARROW if narrow else MR
    pieces = 1 if depth * taps.size <= KC else taps.size * ceil_div(depth, KC)
    per_tap, count = max(1, pieces // max(1, taps.size)), taps.size if pieces == 1 else 1
    for i in range(runs):
        for r in range(0, run, R):
            first = min(r, max(0, run - R))
            here, to = at + i * run_step + first * row, y_at + (i * pitch + first) * NR
            begin, begin_row = address(start, start_at), 0
            for piece in range(pieces):
                t, k = piece // per_tap, piece % per_tap * KC
                size = min(KC, depth - k) if pieces > 1 else depth
                source, weights = address(x, here + k * step), address(panel, panel_at + k * NR)
                some, their, target = address(taps, t), address(places, t), address(y, to)
                if narrow:
                    tile(
                        MR_NARROW, 1, source, row, 3 * row, step, some, their, count, weights, NR, size,
                        begin, begin_row, target,
                    )  # fmt: skip
                else:
                    tile(
                        MR, 2, source, row, 3 * row, step, some, their, count, weights, NR, size,
                        begin, begin_row, target,
                    )  # fmt: skip
                begin, begin_row = target, NR
