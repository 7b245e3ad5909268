"""Filters in panels, and the sweep of a register tile over a run of outputs.

A *panel* is NR filters side by side, (K, NR): for each of the K numbers under a filter, the weights of all NR of them
lie in a row, as a tile reads them. Where filters do not fill the last panel, zeros do.
"""

import numpy as np
from numba import prange

from ..threads import jit, parallel
from .vector import MR, MR_NARROW, load, store, tile, width

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
def add_tile(part, rows, y, to):
    """y[to …] += a tile's rows."""
    for i in range(0, rows * 2 * width(y), width(y)):
        store(y, to + i, load(y, to + i) + load(part, i))


@jit
def sweep(x, at, row, step, taps, panel, places, depth, start, runs, run_step, run, y, pitch, narrow):
    """Tiles over `runs` runs of outputs, each of `run` rows that lie `row` apart in x, and runs `run_step` apart.

    y (runs, pitch, NR) = start + Σ x · panel, as `tile` sums it. A run's last tile begins earlier rather than end
    beyond the run. Where a whole run is shorter than a tile, x and y need slack behind it.

    A sum of thousands of numbers is made in pieces of at most KC, which are then added up: in one long chain each new
    term would be rounded to the precision of the whole.
    """
    NR = 2 * width(x)
    R = MR_NARROW if narrow else MR
    zero, part = np.zeros(NR, x.dtype), np.zeros(R * NR, x.dtype)
    pieces = 1 if depth * taps.size <= KC else taps.size * ceil_div(depth, KC)
    per_tap = max(1, pieces // max(1, taps.size))
    for i in range(runs):
        for r in range(0, run, R):
            first = min(r, max(0, run - R))
            here, to = at + i * run_step + first * row, (i * pitch + first) * NR
            for piece in range(pieces):
                t, k = piece // per_tap, piece % per_tap * KC
                some, their = (taps, places) if pieces == 1 else (taps[t : t + 1], places[t : t + 1])
                size = depth if pieces == 1 else min(KC, depth - k)
                begin, out, out_at = (start, y, to) if piece == 0 else (zero, part, 0)
                weights = panel[k * NR :]
                if narrow:
                    tile(
                        MR_NARROW, 1, x, here + k * step, row, 3 * row, step, some, weights, their, NR, size,
                        begin, 0, 0, out, out_at,
                    )  # fmt: skip
                else:
                    tile(
                        MR, 2, x, here + k * step, row, 3 * row, step, some, weights, their, NR, size,
                        begin, 0, 0, out, out_at,
                    )  # fmt: skip
                if piece > 0:
                    add_tile(part, R, y, to)
