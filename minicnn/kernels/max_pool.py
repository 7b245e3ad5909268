"""Max pooling of channels-last images, x (N, H, W, C) and y (N, OH, OW, C): all channels of a window at a time.

For each window and channel, `switches` holds the tap that won, i · kw + j. `vector.beats` decides ties.
"""

from numba import prange

from ..threads import parallel
from .blocks import best_of, clear, load_first, store_first, taps_inside, windows_over
from .vector import as_integers, load_like, same, spread, where, width, zeros_of


@parallel
def forward(x, geometry, y, switches):
    """y = the largest value under each window, switches = its tap; −∞ where a window has no pixel."""
    kh, kw, stride_h, stride_w, pad_h, pad_w, dilation_h, dilation_w = geometry
    N, H, W, C = x.shape
    OH, OW = y.shape[1:3]
    values, best_values, taps = x.reshape(x.size), y.reshape(y.size), switches.reshape(switches.size)
    for task in prange(N * OH):
        n, oy = task // OH, task % OH
        top = oy * stride_h - pad_h
        i0, i1 = taps_inside(top, dilation_h, kh, H)
        for ox in range(OW):
            left = ox * stride_w - pad_w
            j0, j1 = taps_inside(left, dilation_w, kw, W)
            at, to = ((n * H + top) * W + left) * C, (task * OW + ox) * C
            for c in range(0, C, width(values)):
                down, across = dilation_h * W * C, dilation_w * C
                best, won = best_of(values, at + c, down, across, i0, i1, j0, j1, kw, C - c)
                store_first(best_values, to + c, best, C - c)
                store_first(taps, to + c, as_integers(won, taps), C - c)


@parallel
def gradient(dy, switches, geometry, dx):
    """dx = Σ dy of the windows that each pixel won: for each row of pixels, the rows of windows that lie over it."""
    kh, kw, stride_h, stride_w, pad_h, pad_w, dilation_h, dilation_w = geometry
    N, H, W, C = dx.shape
    OH, OW = dy.shape[1:3]
    values, taps, sums = dy.reshape(dy.size), switches.reshape(switches.size), dx.reshape(dx.size)
    for task in prange(N * H):
        n, y = task // H, task % H + pad_h
        clear(sums, task * W * C, (task + 1) * W * C)
        oy0, oy1 = windows_over(y, 1, dilation_h * (kh - 1) + 1, stride_h, OH)
        for oy in range(oy0, oy1):
            i, rest = divmod(y - oy * stride_h, dilation_h)
            for ox in range(OW if rest == 0 else 0):
                left, at = ox * stride_w - pad_w, ((n * OH + oy) * OW + ox) * C
                j0, j1 = taps_inside(left, dilation_w, kw, W)
                for c in range(0, C, width(sums)):
                    given, zero = load_first(values, at + c, C - c), zeros_of(sums)
                    won = load_like(taps, at + c, zero)
                    for j in range(j0, j1):
                        to = (task * W + left + j * dilation_w) * C + c
                        share = where(same(won, spread(i * kw + j, won)), given, zero)
                        store_first(sums, to, load_first(sums, to, C - c) + share, C - c)
