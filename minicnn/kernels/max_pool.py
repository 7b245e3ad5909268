"""Max pooling: the largest value under each window, and where it lies.

The kernels take planes (one channel of one image), x (P, H, W), y (P, OH, OW), and channels-last images as they are,
x (N, H, W, C), y (N, OH, OW, C), where all loops run over channels. `beats` decides ties.
"""

import numpy as np
from numba import prange

from ..threads import borrowing, parallel


@borrowing
def beats(value, best):
    """Whether a later value wins: among equals the first stays; NaN beats everything; a complex value counts by its
    real part."""
    return (value.real > best.real) | (value.real != value.real)


@borrowing
def larger(a, b):
    """The winner of two values: the first, unless the second beats it."""
    return b if beats(b, a) else a


@borrowing
def largest_of_four(a, b, c, d):
    """The value that beats the others, and its position from 0 to 3 (undefined if it is NaN).

    The position is found by comparing each value with the winner. Remembering the winner instead would compile to
    branches that the processor often mispredicts, because each of the four values is equally likely to be the largest.
    """
    best = larger(larger(a, b), larger(c, d))
    after_a = a.real != best.real
    after_b = after_a & (b.real != best.real)
    after_c = after_b & (c.real != best.real)
    return best, np.uint8(after_a) + np.uint8(after_b) + np.uint8(after_c)


@borrowing
def row_of_fours(top, bottom, start, W, best, at):
    """One row of 2 × 2 windows with stride 2, the most common case, several times as fast; returns whether no window
    holds a NaN."""
    numbers = True
    for ox in range(best.shape[0]):
        best[ox], tap = largest_of_four(top[2 * ox], top[2 * ox + 1], bottom[2 * ox], bottom[2 * ox + 1])
        at[ox] = np.int32(start + 2 * ox + (tap >> 1) * W + (tap & 1))
        numbers &= best[ox].real == best[ox].real
    return numbers


@parallel
def max_pool(x, geometry, y, indices):
    """y = the largest value under each window; indices = where in its plane, counted row by row."""
    kh, kw, stride_h, stride_w, pad_h, pad_w, dilation_h, dilation_w = geometry
    P, H, W = x.shape
    OH, OW = y.shape[1:]
    four = kh == kw == stride_h == stride_w == 2 and pad_h == pad_w == 0 and dilation_h == dilation_w == 1
    four = four and 2 * OH <= H and 2 * OW <= W
    for p in prange(P):
        for oy in range(OH):
            if four and row_of_fours(x[p, 2 * oy], x[p, 2 * oy + 1], 2 * oy * W, W, y[p, oy], indices[p, oy]):
                continue
            for ox in range(OW):
                best, at = x.dtype.type(0), -1
                for i in range(kh):
                    iy = oy * stride_h + i * dilation_h - pad_h
                    if iy < 0 or iy >= H:
                        continue
                    for j in range(kw):
                        ix = ox * stride_w + j * dilation_w - pad_w
                        if ix < 0 or ix >= W:
                            continue
                        value = x[p, iy, ix]
                        if at < 0 or beats(value, best):
                            best, at = value, iy * W + ix
                y[p, oy, ox] = best
                indices[p, oy, ox] = at


@borrowing
def compete(values, here, before, best, at):
    """best = each channel's value where it beats the one before, else that one; `at` becomes `here` where it does.

    The best values are not updated in place: the compiler would use masked stores or branches, and without AVX-512 both
    take several times as long.
    """
    for c in range(best.shape[0]):
        value, held, place = values[c], before[c], at[c]
        wins = beats(value, held)
        best[c] = value if wins else held
        at[c] = here if wins else place


@borrowing
def largest_of_nine(a, b, c, d, e, f, g, h, i, best, at):
    """best = each channel's largest value; at = its position, from 0 to 8: the first value that is as large.

    Returns whether no value is NaN: `at` does not give the position of a NaN.

    For windows of 3 × 3, which are common: the values are compared twice, with each other and then with the largest,
    but stay in registers meanwhile, where each round of `compete` reads and writes the best so far.
    """
    numbers = True
    for o in range(best.shape[0]):
        top = larger(larger(a[o], b[o]), c[o])
        middle = larger(larger(d[o], e[o]), f[o])
        bottom = larger(larger(g[o], h[o]), i[o])
        value = larger(larger(top, middle), bottom)
        tap = 7 if h[o].real == value.real else 8
        tap = 6 if g[o].real == value.real else tap
        tap = 5 if f[o].real == value.real else tap
        tap = 4 if e[o].real == value.real else tap
        tap = 3 if d[o].real == value.real else tap
        tap = 2 if c[o].real == value.real else tap
        tap = 1 if b[o].real == value.real else tap
        tap = 0 if a[o].real == value.real else tap
        best[o], at[o] = value, tap
        numbers &= value.real == value.real
    return numbers


@parallel
def max_pool_channels_last(x, geometry, y, indices):
    """`max_pool` of channels-last images: one row of windows at a time."""
    kh, kw, stride_h, stride_w, pad_h, pad_w, dilation_h, dilation_w = geometry
    N, H, W, C = x.shape
    OH, OW = y.shape[1:3]
    nine = kh == kw == 3 and dilation_h == dilation_w == 1
    for task in prange(N * OH):
        n, oy = task // OH, task % OH
        winners = np.empty((2, C), x.dtype)  # each round's, in turn
        top = oy * stride_h - pad_h
        for ox in range(OW):
            best, at = winners[0], indices[n, oy, ox]
            left = ox * stride_w - pad_w
            if nine and top >= 0 and left >= 0 and top + 3 <= H and left + 3 <= W:
                r, s, t = x[n, top, left : left + 3], x[n, top + 1, left : left + 3], x[n, top + 2, left : left + 3]
                if largest_of_nine(r[0], r[1], r[2], s[0], s[1], s[2], t[0], t[1], t[2], y[n, oy, ox], at):
                    for c in range(C):
                        at[c] = (top + at[c] // 3) * W + left + at[c] % 3
                    continue
            rounds = 0
            for i in range(kh):
                iy = oy * stride_h + i * dilation_h - pad_h
                if iy < 0 or iy >= H:
                    continue
                for j in range(kw):
                    ix = ox * stride_w + j * dilation_w - pad_w
                    if ix < 0 or ix >= W:
                        continue
                    here, before = np.int32(iy * W + ix), best
                    if rounds == 0:
                        best = x[n, iy, ix]
                        for c in range(C):
                            at[c] = here
                    else:
                        best = winners[rounds % 2]
                        compete(x[n, iy, ix], here, before, best, at)
                    rounds += 1
            result = y[n, oy, ox]
            for c in range(C):
                result[c] = best[c]


@borrowing
def add_where_won(values, indices, here, target):
    zero = target.dtype.type(0)
    for c in range(target.shape[0]):
        target[c] += values[c] if indices[c] == here else zero


@parallel
def max_pool_gradient_channels_last(dy, indices, geometry, dx):
    """dx = Σ dy of the windows that each pixel won: one row of pixels at a time, checking all windows over each
    pixel."""
    kh, kw, stride_h, stride_w, pad_h, pad_w, dilation_h, dilation_w = geometry
    N, H, W, C = dx.shape
    OH, OW = dy.shape[1:3]
    for task in prange(N * H):
        n, iy = task // H, task % H
        for ix in range(W):
            target = dx[n, iy, ix]
            for c in range(C):
                target[c] = 0
            for i in range(kh - 1, -1, -1):  # the windows in their order, so that sums are those of `scatter_add`
                oy, rest = divmod(iy + pad_h - i * dilation_h, stride_h)
                if rest or oy < 0 or oy >= OH:
                    continue
                for j in range(kw - 1, -1, -1):
                    ox, rest = divmod(ix + pad_w - j * dilation_w, stride_w)
                    if not rest and 0 <= ox < OW:
                        add_where_won(dy[n, oy, ox], indices[n, oy, ox], np.int32(iy * W + ix), target)
