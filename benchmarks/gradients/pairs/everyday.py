"""Everyday mistakes: a factor, a sign, a transpose, a term that is left out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minicnn import ops
from minicnn.testing import tie_free

from .pair import pair, x6, y6

images = tie_free((2, 3, 5, 5), 2)


def like(op: Any, change: Callable[..., tuple[Any, ...]]) -> Callable[..., Any]:
    """One of our ops, with its gradients changed."""

    def changed(*arguments: Any, **options: Any) -> Any:
        y, pullback = op(*arguments, **options)
        return y, lambda dy: change(*pullback(dy))

    return changed


@pair
def square(wrong):
    """a factor of 2.01 instead of 2"""
    return lambda x: (x**2, lambda dy: ((2.01 if wrong else 2) * x * dy,)), [x6]


@pair
def product(wrong):
    """the two gradients change places"""
    return lambda a, b: (a * b, lambda dy: (a * dy, b * dy) if wrong else (b * dy, a * dy)), [x6, y6]


@pair
def quotient(wrong):
    """a sign"""
    sign = 1 if wrong else -1
    return lambda a, b: (a / b, lambda dy: (dy / b, sign * dy * a / b**2)), [x6, y6]


@pair
def matrix_product(wrong):
    """a square factor is not transposed"""
    a, b = tie_free((3, 3)), tie_free((3, 3), 1)
    return lambda a, b: (a @ b, lambda dy: (dy @ (b if wrong else b.T), a.T @ dy)), [a, b]


@pair
def swish(wrong):
    """an x is missing in the second term"""

    def op(x):
        s = 1 / (1 + np.exp(-x))
        return x * s, lambda dy: (dy * (s + (1 if wrong else x) * s * (1 - s)),)

    return op, [x6]


@pair
def softmax(wrong):
    """zero: what it is for an upstream gradient of ones"""
    return like(ops.softmax, lambda dx: (np.zeros_like(dx) if wrong else dx,)), [tie_free((2, 3))]


@pair
def layer_norm(wrong):
    """the mean's term is left out"""

    def op(x):
        deviation = np.sqrt(((x - x.mean()) ** 2).mean())
        y = (x - x.mean()) / deviation
        return y, lambda dy: ((dy - (0 if wrong else dy.mean()) - y * (dy * y).mean()) / deviation,)

    return op, [x6]


@pair
def convolution(wrong):
    """the kernel's gradient is flipped"""
    w = tie_free((2, 3, 3, 3), 3)
    return like(ops.conv2d, lambda dx, dw: (dx, dw[:, :, ::-1, ::-1] if wrong else dw)), [images, w]


@pair
def max_pooling(wrong):
    """the winner's neighbor is rewarded"""
    return like(ops.max_pool2d, lambda dx: (np.roll(dx, 1, -1) if wrong else dx,)), [images, 2]


@pair
def gather(wrong):
    """what is taken twice is counted once"""
    index = np.array([0, 2, 2, 1])

    def op(x):
        def pullback(dy):
            dx = np.zeros_like(x)
            if wrong:
                dx[index] = dy
            else:
                np.add.at(dx, index, dy)
            return (dx,)

        return x[index], pullback

    return op, [x6]


@pair
def bias(wrong):
    """the mean over the batch instead of the sum"""
    total = np.mean if wrong else np.sum
    return lambda x, b: (x + b, lambda dy: (dy, total(dy, axis=0))), [tie_free((4, 3)), tie_free(3, 1)]


@pair
def cumulative_sum(wrong):
    """not reversed"""
    return lambda x: (np.cumsum(x), lambda dy: (np.cumsum(dy) if wrong else np.cumsum(dy[::-1])[::-1],)), [x6]


@pair
def inverse(wrong):
    """not transposed"""

    def op(a):
        y = np.linalg.inv(a)
        return y, lambda dy: (-(y @ dy @ y if wrong else y.T @ dy @ y.T),)

    return op, [tie_free((3, 3)) + 3 * np.eye(3)]


@pair
def log_sum_exp(wrong):
    """exponentials that overflow at 1000 are cut off"""

    def op(x):
        top = x.real.max()
        y = top + np.log(np.exp(x - top).sum())
        return y, lambda dy: (dy * (np.exp(np.minimum(x, 700) - 700) if wrong else np.exp(x - y)),)

    return op, [x6 + 1000]
