"""Exercises 1: building blocks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import minicnn as cnn
from minicnn import reference

from .exercise import Answer, chance, exercise, expect, same, slope


def check_relu(relu: Answer) -> None:
    x, dy = np.array([[-2.0, 3.0], [0.5, -0.1]]), np.array([[1.0, 2.0], [3.0, 4.0]])
    y, pullback = relu(x)
    same(y, [[0, 3], [0.5, 0]], "relu(x)")
    same(pullback(dy), [[0, 2], [3, 0]], "the pullback of dy")


@exercise("1.1", check_relu)
def relu(x: np.ndarray) -> tuple[np.ndarray, Callable[[np.ndarray], np.ndarray]]:
    """Write ReLU and its pullback.

    Return max(0, x), and a function that takes a gradient dy of the output to the gradient of x.
    """
    on = x > 0
    return np.where(on, x, 0), lambda dy: np.where(on, dy, 0)


def check_slide(slide: Answer) -> None:
    rng = chance()
    image, kernel = rng.standard_normal((7, 5)), rng.standard_normal((3, 2))
    expected = reference.conv2d(image[None, None], kernel[None, None])[0, 0]
    same(slide(image, kernel), expected, "slide(image, kernel)")


@exercise("1.2", check_slide)
def slide(image: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """Slide a filter over a gray image, with loops.

    image is (H, W), kernel (kh, kw). Return the sums of products, (H - kh + 1, W - kw + 1); do not flip the kernel.
    """
    kh, kw = kernel.shape
    y = np.empty((image.shape[0] - kh + 1, image.shape[1] - kw + 1))
    for row in range(y.shape[0]):
        for column in range(y.shape[1]):
            y[row, column] = (image[row : row + kh, column : column + kw] * kernel).sum()
    return y


def check_diagonal(diagonal: Answer) -> None:
    kernel = np.asarray(diagonal())
    expect(kernel.shape == (4, 4), f"expected a filter (4, 4), got {kernel.shape}")
    expect(np.isin(kernel, [-1, 0, 1]).all(), "expected entries of -1, 0 and 1 only")
    expect(kernel.sum() == 0, "a flat image must give 0, so the entries must sum to 0")
    rows, columns = np.mgrid[:4, :4]
    bright_above = (columns > rows).astype(float)
    expect((kernel * bright_above).sum() >= 6, "where the upper right half is bright, expected an output of 6 or more")
    expect((kernel * bright_above.T).sum() <= -6, "where the lower left half is bright, expected -6 or less")


@exercise("1.3", check_diagonal)
def diagonal() -> np.ndarray:
    """Design a filter for diagonal edges.

    Return a filter (4, 4) of -1, 0 and 1 that gives 0 on a flat image, at least 6 where the triangle above the main
    diagonal is 1 and the rest 0, and at most -6 where the triangle below it is 1 and the rest 0.
    """
    rows, columns = np.mgrid[:4, :4]
    return np.sign(columns - rows)


def check_output_size(output_size: Answer) -> None:
    for size, kernel, stride, padding, dilation in [
        (28, 3, 1, 0, 1), (32, 5, 1, 2, 1), (224, 11, 4, 2, 1), (7, 3, 2, 1, 1), (20, 3, 1, 0, 4), (13, 3, 2, 0, 2),
    ]:  # fmt: skip
        layer = cnn.Conv2d(1, 1, kernel, stride=stride, padding=padding, dilation=dilation)
        expected = layer(np.zeros((1, 1, size, size), np.float32)).shape[2]
        options = f"{size}, {kernel}, stride={stride}, padding={padding}, dilation={dilation}"
        same(output_size(size, kernel, stride, padding, dilation), expected, f"output_size({options})")


@exercise("1.4", check_output_size)
def output_size(size: int, kernel: int, stride: int = 1, padding: int = 0, dilation: int = 1) -> int:
    """How large is a convolution's output?

    Return its height, given those of the input and the filter. With dilation d, neighboring taps are d pixels apart.
    """
    reach = dilation * (kernel - 1) + 1
    return (size + 2 * padding - reach) // stride + 1


def check_conv2d(conv2d: Answer) -> None:
    rng = chance()
    x, w, b = rng.standard_normal((2, 3, 6, 5)), rng.standard_normal((4, 3, 3, 2)), rng.standard_normal(4)
    same(conv2d(x, w, b), reference.conv2d(x, w, b), "conv2d(x, w, b)")


@exercise("1.5", check_conv2d)
def conv2d(x: np.ndarray, w: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Convolve a batch of images that have channels.

    x is (N, C, H, W), w (O, C, kh, kw), b (O,). Return (N, O, H - kh + 1, W - kw + 1), without loops over pixels:
    `numpy.lib.stride_tricks.sliding_window_view` and `numpy.einsum` help.
    """
    windows = np.lib.stride_tricks.sliding_window_view(x, w.shape[2:], axis=(2, 3))
    return np.einsum("ncyxij,ocij->noyx", windows, w) + b[:, None, None]


def check_weights(weights: Answer) -> None:
    for inside, outside, kernel, groups in [(3, 64, 3, 1), (64, 128, 5, 1), (32, 64, 3, 4), (16, 16, 7, 16)]:
        layer = cnn.Conv2d(inside, outside, kernel, groups=groups)
        expected = sum(w.size for w in layer.parameters().values())
        same(weights(inside, outside, kernel, groups), expected, f"weights({inside}, {outside}, {kernel}, {groups})")


@exercise("1.6", check_weights)
def weights(inside: int, outside: int, kernel: int, groups: int = 1) -> int:
    """Count the parameters of a convolution, biases included.

    It takes `inside` channels to `outside` channels by square filters in `groups` groups.
    """
    return outside * (inside // groups) * kernel**2 + outside


def check_receptive_field(receptive_field: Answer) -> None:
    same(receptive_field([(3, 1), (2, 2), (3, 1), (2, 2)]), 10, "the seed network up to pool2")
    same(receptive_field([(3, 1)] * 3), 7, "three convolutions 3x3")
    same(receptive_field([(7, 2), (3, 2), (3, 1), (3, 1)]), 27, "(7, 2), (3, 2), (3, 1), (3, 1)")


@exercise("1.7", check_receptive_field)
def receptive_field(layers: list[tuple[int, int]]) -> int:
    """How many pixels wide is what one unit sees?

    layers lists (kernel, stride) from the image up; convolution and pooling count alike.
    """
    size, step = 1, 1
    for kernel, stride in layers:
        size += (kernel - 1) * step
        step *= stride
    return size


def check_max_pool(max_pool: Answer) -> None:
    rng = chance()
    x = rng.permutation(2 * 3 * 4 * 6).reshape(2, 3, 4, 6).astype(float)
    y, pullback = max_pool(x)
    expected, reference_pullback = cnn.ops.max_pool2d(x, 2)
    same(y, expected, "max_pool(x)")
    dy = rng.standard_normal(y.shape)
    same(pullback(dy), reference_pullback(dy)[0], "the pullback of dy")


@exercise("1.8", check_max_pool)
def max_pool(x: np.ndarray) -> tuple[np.ndarray, Callable[[np.ndarray], np.ndarray]]:
    """Write 2 by 2 max pooling and its pullback.

    x is (N, C, H, W) with even H and W and no equal values. Each window's winner receives its gradient.
    """
    N, C, H, W = x.shape
    windows = x.reshape(N, C, H // 2, 2, W // 2, 2)
    y = windows.max(axis=(3, 5))
    won = windows == y[:, :, :, None, :, None]
    return y, lambda dy: (won * dy[:, :, :, None, :, None]).reshape(x.shape)


def check_matrix(matrix: Answer) -> None:
    rng = chance()
    kernel, image = rng.standard_normal((3, 2)), rng.standard_normal((5, 4))
    expected = reference.conv2d(image[None, None], kernel[None, None]).ravel()
    M = np.asarray(matrix(kernel, 5, 4))
    expect(M.shape == (9, 20), f"expected a matrix (9, 20), got {M.shape}")
    same(M @ image.ravel(), expected, "the matrix times the image")


@exercise("1.9", check_matrix)
def matrix(kernel: np.ndarray, H: int, W: int) -> np.ndarray:
    """Write a convolution as a dense layer.

    Return the matrix (outputs, H*W) that does to a flattened gray image what sliding the kernel over it does.
    """
    kh, kw = kernel.shape
    rows = []
    for top in range(H - kh + 1):
        for left in range(W - kw + 1):
            row = np.zeros((H, W))
            row[top : top + kh, left : left + kw] = kernel
            rows.append(row.ravel())
    return np.array(rows)


def check_softmax(softmax: Answer) -> None:
    z = np.array([[1.0, 2.0, 3.0], [1000.0, 1001.0, 1000.0], [-1000.0, 0.0, 0.0]])
    p = softmax(z)
    expect(np.isfinite(p).all(), "logits of 1000 give inf or nan; subtract each row's maximum first")
    same(p, cnn.ops.softmax(z)[0], "softmax(z)")


@exercise("1.10", check_softmax)
def softmax(z: np.ndarray) -> np.ndarray:
    """Turn each row of logits (N, K) into a distribution, whatever their size."""
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def check_global_avg_pool(global_avg_pool: Answer) -> None:
    x = chance().standard_normal((2, 3, 4, 5))
    dy = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    y, pullback = global_avg_pool(x)
    same(y, x.mean(axis=(2, 3)), "global_avg_pool(x)")
    same(pullback(dy), slope(lambda x: x.mean(axis=(2, 3)), x, dy), "the pullback of dy")


@exercise("1.11", check_global_avg_pool)
def global_avg_pool(x: np.ndarray) -> tuple[np.ndarray, Callable[[np.ndarray], np.ndarray]]:
    """Average each map (N, C, H, W) to one number (N, C), and write the pullback."""
    share = 1 / (x.shape[2] * x.shape[3])
    return x.mean(axis=(2, 3)), lambda dy: np.broadcast_to(dy[:, :, None, None] * share, x.shape)


def check_dropout(dropout: Answer) -> None:
    x = np.full((200, 200), 3.0)
    y, pullback = dropout(x, 0.4, chance())
    kept = np.asarray(y) != 0
    expect(0.58 < kept.mean() < 0.62, f"expected to keep 60 % of the units, kept {kept.mean():.1%}")
    same(np.asarray(y)[kept], np.full(kept.sum(), 5.0), "units that are kept")
    same(pullback(np.ones_like(x)), kept / 0.6, "the pullback of ones")


@exercise("1.12", check_dropout)
def dropout(x: np.ndarray, p: float, rng: np.random.Generator) -> tuple[np.ndarray, Callable[..., Any]]:
    """Write dropout and its pullback.

    Set each unit to 0 with probability p, and scale the others so that the expected output is x.
    """
    mask = (rng.random(x.shape) >= p) / (1 - p)
    return x * mask, lambda dy: dy * mask
