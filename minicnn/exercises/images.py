"""Exercises 5: making images."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .exercise import Answer, chance, exercise, expect, same, slope


def gram_of(A: np.ndarray) -> np.ndarray:
    return np.einsum("chw,dhw->cd", A, A)


def check_gram(gram: Answer) -> None:
    A = chance().standard_normal((3, 4, 5))
    same(gram(A), gram_of(A), "gram(A)")


@exercise("5.1", check_gram)
def gram(A: np.ndarray) -> np.ndarray:
    """Which maps are active together?

    For maps A (C, H, W) return the Gram matrix (C, C): the products of each pair of maps, summed over all places.
    """
    rows = A.reshape(len(A), -1)
    return rows @ rows.T


def check_gram_pullback(gram_pullback: Answer) -> None:
    rng = chance()
    A, dG = rng.standard_normal((2, 3, 3)), rng.standard_normal((2, 2))
    same(gram_pullback(A, dG), slope(gram_of, A, dG), "gram_pullback(A, dG)")


@exercise("5.2", check_gram_pullback)
def gram_pullback(A: np.ndarray, dG: np.ndarray) -> np.ndarray:
    """Take a gradient of the Gram matrix to the maps.

    dG (C, C) need not be symmetric. Return the gradient of sum(dG * gram(A)), of A's shape (C, H, W).
    """
    return ((dG + dG.T) @ A.reshape(len(A), -1)).reshape(A.shape)


def variation_of(x: np.ndarray) -> np.ndarray:
    return (np.diff(x, axis=0) ** 2).sum() + (np.diff(x, axis=1) ** 2).sum()


def check_total_variation(total_variation: Answer) -> None:
    x = chance().standard_normal((4, 5))
    value, gradient = total_variation(x)
    same(value, variation_of(x), "the total variation")
    same(gradient, slope(variation_of, x, np.array(1.0)), "its gradient")


@exercise("5.3", check_total_variation)
def total_variation(x: np.ndarray) -> tuple[float, np.ndarray]:
    """How rough is an image?

    Return the sum of squared differences of all vertical and all horizontal neighbors in x (H, W), and its gradient.
    """
    down, right = np.diff(x, axis=0), np.diff(x, axis=1)
    gradient = np.zeros_like(x)
    gradient[1:] += 2 * down
    gradient[:-1] -= 2 * down
    gradient[:, 1:] += 2 * right
    gradient[:, :-1] -= 2 * right
    return float((down**2).sum() + (right**2).sum()), gradient


def check_climb(climb: Answer) -> None:
    peak = np.array([2.0, -1.0])
    path = climb(lambda x: -2 * (x - peak), np.zeros(2), 0.25, 3)
    same(path, [[0, 0], [1, -0.5], [1.5, -0.75], [1.75, -0.875]], "the way to the peak")


@exercise("5.4", check_climb)
def climb(gradient: Callable[[np.ndarray], np.ndarray], x: np.ndarray, lr: float, steps: int) -> np.ndarray:
    """Climb a gradient: return the start and all points after it, (steps + 1, ...)."""
    path = [x]
    for _ in range(steps):
        path.append(path[-1] + lr * gradient(path[-1]))
    return np.array(path)


def check_jitter(jitter: Answer) -> None:
    rng = chance()
    x, dy = rng.standard_normal((4, 5)), rng.standard_normal((4, 5))
    y, pullback = jitter(x, 1, -2)
    same(y, np.roll(x, (1, -2), axis=(0, 1)), "jitter(x, 1, -2)")
    same(pullback(dy), slope(lambda x: np.roll(x, (1, -2), axis=(0, 1)), x, dy), "the pullback of dy")


@exercise("5.5", check_jitter)
def jitter(x: np.ndarray, down: int, right: int) -> tuple[np.ndarray, Callable[[np.ndarray], np.ndarray]]:
    """Shift an image (H, W), letting what leaves on one side enter on the other, and write the pullback."""
    return np.roll(x, (down, right), axis=(0, 1)), lambda dy: np.roll(dy, (-down, -right), axis=(0, 1))


def check_enlarge(enlarge: Answer) -> None:
    rng = chance()
    x, dy = rng.standard_normal((2, 3)), rng.standard_normal((4, 6))
    y, pullback = enlarge(x)
    same(y, np.kron(x, np.ones((2, 2))), "enlarge(x)")
    same(pullback(dy), slope(lambda x: np.kron(x, np.ones((2, 2))), x, dy), "the pullback of dy")


@exercise("5.6", check_enlarge)
def enlarge(x: np.ndarray) -> tuple[np.ndarray, Callable[[np.ndarray], np.ndarray]]:
    """Make an image (H, W) twice as large, each pixel four equal ones, and write the pullback."""

    def pullback(dy: np.ndarray) -> np.ndarray:
        total: np.ndarray = dy.reshape(x.shape[0], 2, x.shape[1], 2).sum(axis=(1, 3))
        return total

    return x.repeat(2, axis=0).repeat(2, axis=1), pullback


def check_low_pass(low_pass: Answer) -> None:
    rows, columns = np.mgrid[:16, :16]
    slow, fast = np.cos(2 * np.pi * rows / 16), np.cos(2 * np.pi * 6 * columns / 16)
    y = low_pass(3 + slow + fast, 1 / 16)
    same(y, 3 + slow, "a mean, a slow wave and a fast one")
    expect(np.isrealobj(y), "expected a real image")


@exercise("5.7", check_low_pass)
def low_pass(x: np.ndarray, most: float) -> np.ndarray:
    """Keep an image's low frequencies.

    Set to 0 all Fourier coefficients of x (H, W) whose frequency, in waves per pixel, is above `most`: the root of
    the sum of squares of its vertical and horizontal part (`numpy.fft.fftfreq`).
    """
    H, W = x.shape
    frequency = np.hypot(np.fft.fftfreq(H)[:, None], np.fft.fftfreq(W))
    kept: np.ndarray = np.fft.ifft2(np.fft.fft2(x) * (frequency <= most)).real
    return kept


def check_sum_of(sum_of: Answer) -> None:
    def square(x: np.ndarray) -> tuple[float, np.ndarray]:
        return float((x**2).sum()), 2 * x

    def total(x: np.ndarray) -> tuple[float, np.ndarray]:
        return float(x.sum()), np.ones_like(x)

    x = np.array([1.0, -3.0])
    value, gradient = sum_of([(2.0, square), (-1.0, total)])(x)
    same(value, 22, "2 * (sum of squares) - sum")
    same(gradient, [3, -13], "its gradient")


@exercise("5.8", check_sum_of)
def sum_of(parts: list[tuple[float, Any]]) -> Callable[[np.ndarray], tuple[float, np.ndarray]]:
    """Mix objectives.

    Each part is a factor and a function x -> (value, gradient). Return one such function: their weighted sum.
    """

    def mixed(x: np.ndarray) -> tuple[float, np.ndarray]:
        found = [(factor, *part(x)) for factor, part in parts]
        return sum(f * value for f, value, _ in found), np.sum([f * gradient for f, _, gradient in found], axis=0)

    return mixed
