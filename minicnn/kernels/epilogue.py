"""What follows a convolution's product while a block is in cache: bias, ReLU and max pooling; and the way back.

Neither asks which of several numbers is the larger by a branch: each is as likely, so that a processor would guess
wrong every other time, and a wrong guess costs more than the arithmetic around it.

`pool` is (kh, kw, stride_h, stride_w), and (1, 1, 1, 1) where there is none.
"""

import numpy as np

from ..threads import jit
from .pool import beats, largest_of_four


@jit
def pooled(pool):
    return pool[0] * pool[1] * pool[2] * pool[3] > 1


@jit
def pool_four(top, bottom, bias, floor, best, winner):
    """Max pooling by 2 x 2 in steps of 2, the commonest, several times as fast."""
    for px in range(best.shape[0]):
        value, tap = largest_of_four(top[2 * px], top[2 * px + 1], bottom[2 * px], bottom[2 * px + 1])
        value += bias
        best[px] = floor if value.real <= floor.real else value
        winner[px] = tap


@jit
def pool_any(lines, first, pool, bias, floor, best, winner):
    """Max pooling by any window, from line `first` on: one tap after the other competes for all windows of the row."""
    kh, kw, _, stride_w = pool
    for px in range(best.shape[0]):
        best[px] = lines[first, px * stride_w] + bias
        winner[px] = 0
    for tap in range(1, kh * kw):
        line = lines[first + tap // kw, tap % kw :]
        for px in range(best.shape[0]):
            value, before = line[px * stride_w] + bias, best[px]
            wins = beats(value, before)
            best[px] = value if wins else before
            winner[px] = tap if wins else winner[px]
    store_line(best, best.dtype.type(0), floor, best)


@jit
def store_line(line, bias, floor, y):
    for ox in range(y.shape[0]):
        value = line[ox] + bias
        y[ox] = floor if value.real <= floor.real else value


@jit
def store(out, m, b, relu, pool, y, switches, py, rows):
    """y[:, py : py + rows] = the outputs of picture m plus bias, rectified and pooled.

    out (O, pictures, lines, pitch); b (O,); y (O, PH, PW); `switches` tells which tap of its pooling window won:
    i·kw + j.
    """
    floor = y.dtype.type(0 if relu else -np.inf)  # a bound instead of a question: the sign is as good as random
    for o in range(b.shape[0]):
        for p in range(rows):
            best = y[o, py + p]
            if not pooled(pool):
                store_line(out[o, m, p], b[o], floor, best)
            elif pool == (2, 2, 2, 2):
                pool_four(out[o, m, 2 * p], out[o, m, 2 * p + 1], b[o], floor, best, switches[o, py + p])
            else:
                pool_any(out[o, m], p * pool[2], pool, b[o], floor, best, switches[o, py + p])


@jit
def load_gradient(dy, y, switches, relu, pool, row, block, m):
    """block[:, m] = the gradient of one picture's outputs before pooling and ReLU, 0 where they were not chosen.

    block (O, pictures, rows, pitch) covers the output rows from `row` on; dy, y and switches are (O, PH, PW).
    """
    kh, kw, stride_h, stride_w = pool
    O, PH, PW = dy.shape
    rows, pitch = block.shape[2:]
    # The rows of windows that touch the block: the first and the last may hang over its edges.
    first = max(0, -((kh - 1 - row) // stride_h))
    last = min(PH, (row + rows - 1) // stride_h + 1)
    shifts = np.array([i * pitch + j for i in range(kh) for j in range(kw)])
    zero = dy.dtype.type(0)
    linear = not relu
    for o in range(O):
        flat = block[o, m].reshape(rows * pitch)
        for q in range(rows * pitch):
            flat[q] = zero
        for py in range(first, last):
            gradient, value = dy[o, py], y[o, py]
            start = (py * stride_h - row) * pitch
            if not pooled(pool):
                target = flat[start : start + PW]
                for px in range(PW):
                    target[px] = gradient[px] if (value[px].real > 0) | linear else zero
                continue
            winner = switches[o, py]
            for px in range(PW):
                at = start + px * stride_w + shifts[winner[px]]
                if 0 <= at < rows * pitch:
                    flat[at] += gradient[px] if (value[px].real > 0) | linear else zero
