"""Exercises 6: speed."""

from __future__ import annotations

import numpy as np

import minicnn as cnn
from minicnn import reference

from .exercise import Answer, chance, exercise, expect, same


def check_im2col(im2col: Answer) -> None:
    rng = chance()
    x, w = rng.standard_normal((2, 3, 5, 6)), rng.standard_normal((4, 3, 3, 2))
    rows = im2col(x, 3, 2)
    same(rows.shape, (2 * 3 * 5, 3 * 3 * 2), "the shape of im2col(x, 3, 2)")
    y = (rows @ w.reshape(4, -1).T).reshape(2, 3, 5, 4).transpose(0, 3, 1, 2)
    same(y, reference.conv2d(x, w), "the rows times the filters")


@exercise("6.1", check_im2col)
def im2col(x: np.ndarray, kh: int, kw: int) -> np.ndarray:
    """Lay every window of images (N, C, H, W) into a row.

    Rows are in the order (image, row, column), a row's numbers in the order (channel, i, j), so that the product with
    w.reshape(O, -1).T is the convolution.
    """
    windows = np.lib.stride_tricks.sliding_window_view(x, (kh, kw), axis=(2, 3))
    return windows.transpose(0, 2, 3, 1, 4, 5).reshape(-1, x.shape[1] * kh * kw)


def check_products(products: Answer) -> None:
    for inside, outside, kernel, size in [(1, 10, 3, 28), (64, 128, 5, 32), (3, 64, 11, 224)]:
        expected = outside * (size - kernel + 1) ** 2 * inside * kernel**2
        same(products(inside, outside, kernel, size), expected, f"products({inside}, {outside}, {kernel}, {size})")


@exercise("6.2", check_products)
def products(inside: int, outside: int, kernel: int, size: int) -> int:
    """How many multiplications does a convolution take, for one square image, without padding?"""
    return outside * (size - kernel + 1) ** 2 * inside * kernel**2


def check_offsets(offsets: Answer) -> None:
    same(offsets(3, 2, 10), [[0, 1], [10, 11], [20, 21]], "offsets(3, 2, 10)")
    same(offsets(1, 3, 7), [[0, 1, 2]], "offsets(1, 3, 7)")


@exercise("6.3", check_offsets)
def offsets(kh: int, kw: int, pitch: int) -> np.ndarray:
    """Where does each tap of a filter read?

    An image lies flat in memory, its rows `pitch` pixels apart. Return (kh, kw): how many pixels behind the window's
    first one each tap's pixel lies.
    """
    return pitch * np.arange(kh)[:, None] + np.arange(kw)


def check_channels_last(channels_last: Answer) -> None:
    x = chance().standard_normal((2, 3, 4, 5))
    y = channels_last(x)
    same(y, x, "channels_last(x)")
    expect(y.strides[1] == y.itemsize, "expected the channels of a pixel to lie side by side in memory")
    expect(y.transpose(0, 2, 3, 1).flags.c_contiguous, "expected y.transpose(0, 2, 3, 1) to be contiguous")


@exercise("6.4", check_channels_last)
def channels_last(x: np.ndarray) -> np.ndarray:
    """Change the order in memory, not the array.

    Return an array equal to x (N, C, H, W) in which the channels of a pixel lie side by side.
    """
    return np.ascontiguousarray(x.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)


def check_winograd(winograd: Answer) -> None:
    rng = chance()
    calls = 0

    def times(a: float, b: float) -> float:
        nonlocal calls
        calls += 1
        return a * b

    for _ in range(3):
        d, g, calls = rng.standard_normal(4), rng.standard_normal(3), 0
        same(winograd(d, g, times), [d[:3] @ g, d[1:] @ g], "winograd(d, g, times)")
        expect(calls == 4, f"expected 4 calls of times, got {calls}")


@exercise("6.5", check_winograd)
def winograd(d: np.ndarray, g: np.ndarray, times: Answer) -> np.ndarray:
    """Compute two outputs of a filter of three with four multiplications: Winograd's F(2, 3).

    Return [d0 g0 + d1 g1 + d2 g2, d1 g0 + d2 g1 + d3 g2]. Multiply what depends on d with what depends on g by
    `times(a, b)`, four times in all; halves and sums are free.
    """
    a = times(d[0] - d[2], g[0])
    b = times(d[1] + d[2], (g[0] + g[1] + g[2]) / 2)
    c = times(d[2] - d[1], (g[0] - g[1] + g[2]) / 2)
    e = times(d[1] - d[3], g[2])
    return np.array([a + b + c, b - c - e])


def check_fold(fold: Answer) -> None:
    rng = chance()
    x, w, b = rng.standard_normal((2, 3, 5, 5)), rng.standard_normal((4, 3, 3, 3)), rng.standard_normal(4)
    gamma, beta, mean, var = rng.random(4) + 0.5, rng.standard_normal(4), rng.standard_normal(4), rng.random(4) + 0.5
    var[1] = 1e-4  # so little that eps counts
    y = cnn.ops.conv2d(x, w, b)[0]
    expected, _ = cnn.ops.batch_norm2d(y, gamma, beta, mean.copy(), var.copy(), training=False, eps=1e-5)
    w1, b1 = fold(w, b, gamma, beta, mean, var)
    same(cnn.ops.conv2d(x, w1, b1)[0], expected, "the convolution with the new weights and biases")


@exercise("6.6", check_fold)
def fold(
    w: np.ndarray, b: np.ndarray, gamma: np.ndarray, beta: np.ndarray, mean: np.ndarray, var: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Make batch normalization free.

    Outside of training it is gamma * (y - mean) / sqrt(var + 1e-5) + beta for each output channel. Return the weights
    and biases of one convolution that does both.
    """
    factor = gamma / np.sqrt(var + 1e-5)
    return w * factor[:, None, None, None], (b - mean) * factor + beta


def check_tile(tile: Answer) -> None:
    for registers, lanes in [(16, 8), (32, 16), (16, 4), (3, 8)]:
        rows, vectors = tile(registers, lanes)
        expect(rows * vectors + vectors + 1 <= registers, f"{rows} x {vectors} needs too many of {registers} registers")
        best = max(
            r * v * lanes / (r + v * lanes) for r in range(1, 33) for v in range(1, 33) if r * v + v + 1 <= registers
        )
        same(
            rows * vectors * lanes / (rows + vectors * lanes), best, f"products per load of tile({registers}, {lanes})"
        )


@exercise("6.7", check_tile)
def tile(registers: int, lanes: int) -> tuple[int, int]:
    """Find the best register tile.

    A tile of r rows and v vectors of `lanes` numbers keeps r*v registers of sums, v of filters, and 1 of pixels. For
    each term it makes r*v*lanes products from r + v*lanes loaded numbers. Return the (r, v) with the most products
    for each number that fits.
    """
    fitting = [(r, v) for r in range(1, registers) for v in range(1, registers) if r * v + v + 1 <= registers]
    return max(fitting, key=lambda t: t[0] * t[1] * lanes / (t[0] + t[1] * lanes))
