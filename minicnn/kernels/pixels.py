"""Pixels of channels-last pictures: how a block of them enters the wide kernels, and how it leaves.

Channels-last arrays are (N, H, W, C) and C-contiguous, so that a pixel is one vector of C numbers, and every loop here
runs over channels. What enters is a *source* (values, y, switches, relu, *pool): pictures, or the gradient of outputs
that were rectified and pooled to y, from which it makes the gradient of the outputs before. What leaves goes to a
*target* (y, switches, relu, *pool), which is rectified and pooled on the way. `pool` is (kh, kw, stride_h, stride_w),
and (1, 1, 1, 1) where there is none; `switches` tells which tap of its pooling window won: i·kw + j.

In between, a row of pixels is kept as `phases`: pixel x stands at [x % phases, x // phases]. With one phase that is the
row as it was; with as many as a tile is wide, the tiles' first pixels stand in a row, then all second ones …
"""

import numpy as np

from ..threads import jit
from .pool import compete, largest_of_nine


@jit
def clear(target):
    zero = target.dtype.type(0)
    for c in range(target.shape[0]):
        target[c] = zero


@jit
def copy(source, target):
    for c in range(target.shape[0]):
        target[c] = source[c]


@jit
def add(source, target):
    for c in range(target.shape[0]):
        target[c] += source[c]


@jit
def add_rows(rows, total):
    """total += the sum of all rows."""
    for q in range(rows.shape[0]):
        add(rows[q], total)


@jit
def copy_where_positive(source, y, target):
    zero = target.dtype.type(0)
    for c in range(target.shape[0]):
        target[c] = source[c] if y[c].real > 0 else zero


@jit
def copy_where_won(source, y, winner, tap, relu, target):
    zero = target.dtype.type(0)
    for c in range(target.shape[0]):
        target[c] = source[c] if (winner[c] == tap) & ((y[c].real > 0) | (not relu)) else zero


@jit
def one_window_each(source):
    """Whether each pixel lies in one pooling window: there is no pooling, or it is by 2×2 in steps of 2."""
    return source[4:] in ((1, 1, 1, 1), (2, 2, 2, 2))


@jit
def scatter_windows(source, n, first, block):
    """block (rows, pitch, O) = the gradient of the outputs from row `first` on: each window's, put where it was won.

    For any windows: where they overlap, a pixel may have won several.
    """
    values, y, switches, relu, kh, kw, stride_h, stride_w = source
    rows, pitch, O = block.shape
    flat = block.reshape(rows * pitch * O)
    clear(flat)
    zero = flat.dtype.type(0)
    linear = not relu
    shifts = np.array([(i * pitch + j) * O for i in range(kh) for j in range(kw)])
    for py in range(max(0, -((kh - 1 - first) // stride_h)), min(values.shape[1], (first + rows - 1) // stride_h + 1)):
        top = py * stride_h - first
        inside = top >= 0 and top + kh <= rows
        for px in range(values.shape[2]):
            start = (top * pitch + px * stride_w) * O
            value, best, winner = values[n, py, px], y[n, py, px], switches[n, py, px]
            for o in range(O):
                at = start + shifts[winner[o]] + o
                if inside or 0 <= at < flat.size:
                    flat[at] += value[o] if (best[o].real > 0) | linear else zero


@jit
def load(source, n, top, left, patch):
    """patch[i, x % phases, x // phases] = the source's pixel (top + i, left + x): 0 where it has none.

    It takes sources whose pixels have `one_window_each`; `scatter_windows` takes all.
    """
    values, y, switches, relu, kh, kw, stride_h, stride_w = source
    rows, phases, tiles = patch.shape[:3]
    H, W = values.shape[1:3]
    pooled = kh * kw * stride_h * stride_w > 1  # by 2×2 in steps of 2
    for i in range(rows):
        iy = top + i
        for tile in range(tiles):
            for phase in range(phases):
                ix = left + tile * phases + phase
                target = patch[i, phase, tile]
                if iy < 0 or iy >= H * stride_h or ix < 0 or ix >= W * stride_w:
                    clear(target)
                elif pooled:
                    py, px, tap = iy >> 1, ix >> 1, np.uint8(2 * (iy & 1) + (ix & 1))
                    copy_where_won(values[n, py, px], y[n, py, px], switches[n, py, px], tap, relu, target)
                elif relu:
                    copy_where_positive(values[n, iy, ix], y[n, iy, ix], target)
                else:
                    copy(values[n, iy, ix], target)


@jit
def finish(source, b, relu, y):
    """y = source + b, rectified if asked for."""
    zero = y.dtype.type(0)
    if relu:
        for o in range(y.shape[0]):
            value = source[o] + b[o]
            y[o] = zero if value.real <= 0 else value
    else:
        for o in range(y.shape[0]):
            y[o] = source[o] + b[o]


@jit
def store(lines, b, target, n, top, left, o0):
    """The target's pixels under `lines` (rows, phases, tiles, O), whose first is the output (top, left).

    They hold the channels from `o0` on. Pooling takes the windows that lie within the lines.
    """
    y, switches, relu, kh, kw, stride_h, stride_w = target
    rows, phases, tiles, O = lines.shape
    pixels = lines.reshape(rows, phases * tiles, O)
    place = np.empty(phases * tiles, np.int64)  # of each pixel of a row: a division for each would take longer
    for tile in range(tiles):
        for phase in range(phases):
            place[tile * phases + phase] = phase * tiles + tile
    py0, px0 = top // stride_h, left // stride_w
    py1 = min(y.shape[1], py0 + (rows - kh) // stride_h + 1)
    px1 = min(y.shape[2], px0 + (phases * tiles - kw) // stride_w + 1)
    winners = np.empty((2, O), lines.dtype)  # each round's, in turn
    nine = kh == kw == 3
    for py in range(py0, py1):
        i0 = py * stride_h - top
        for px in range(px0, px1):
            j0 = px * stride_w - left
            best = pixels[i0, place[j0]]
            if kh * kw * stride_h * stride_w > 1:
                winner = switches[n, py, px, o0 : o0 + O]
                if nine:
                    r, s, t = pixels[i0], pixels[i0 + 1], pixels[i0 + 2]
                    j, k, l = place[j0], place[j0 + 1], place[j0 + 2]
                    best = winners[0]
                    largest_of_nine(r[j], r[k], r[l], s[j], s[k], s[l], t[j], t[k], t[l], best, winner)
                else:
                    for o in range(O):
                        winner[o] = 0
                    for tap in range(1, kh * kw):
                        before, best = best, winners[tap % 2]
                        value = pixels[i0 + tap // kw, place[j0 + tap % kw]]
                        compete(value, np.uint8(tap), before, best, winner)
            finish(best, b, relu, y[n, py, px, o0 : o0 + O])
