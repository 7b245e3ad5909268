"""Forty ops, each once right and once with a mistake: `square(wrong=True)` gives the op, its arguments and options.

The first line of a docstring says what the mistake is. Every op is differentiable at the given point; its
pullback takes no `wants`, because all checkers here want every gradient.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from minicnn import ops
from minicnn.testing import tie_free

Pair = Callable[[bool], tuple[Callable[..., Any], list[Any], dict[str, Any]]]
PAIRS: dict[str, Pair] = {}


def pair(function: Callable[[bool], Any]) -> Pair:
    """Add it to PAIRS; options may be omitted."""

    def whole(wrong: bool) -> tuple[Callable[..., Any], list[Any], dict[str, Any]]:
        op, arguments, *options = function(wrong)
        return op, arguments, options[0] if options else {}

    whole.__doc__ = function.__doc__
    PAIRS[function.__name__.strip("_").replace("_", " ")] = whole
    return whole


def like(op: Any, change: Callable[..., tuple[Any, ...]]) -> Callable[..., Any]:
    """One of our ops, with its gradients changed."""

    def changed(*arguments: Any, **options: Any) -> Any:
        y, pullback = op(*arguments, **options)
        return y, lambda dy: change(*pullback(dy))

    return changed


x6, y6 = tie_free(6), tie_free(6, 1)
images = tie_free((2, 3, 5, 5), 2)


# Everyday mistakes


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


# One place among many


@pair
def one_entry(wrong):
    """one of 20,000 entries is off by its own size"""

    def op(x):
        def pullback(dy):
            dx = 2 * x * dy
            if wrong:
                dx[12_345] *= 2
            return (dx,)

        return x**2, pullback

    return op, [tie_free(20_000)]


@pair
def last_image(wrong):
    """the last image of a batch is left out"""

    def op(x):
        def pullback(dy):
            dx = 3 * x**2 * dy
            if wrong:
                dx[-1] = 0
            return (dx,)

        return x**3, pullback

    return op, [tie_free((64, 50))]


@pair
def saturated_branch(wrong):
    """hard swish has its middle's slope beyond its ends"""

    def op(x):
        ends = np.where(x.real > 3, x, 0)
        middle = np.abs(x.real) <= 3
        inner = (2 * x + 3) / 6
        slope = inner if wrong else np.where(middle, inner, x > 3)
        return np.where(middle, x * (x + 3) / 6, ends), lambda dy: (slope * dy,)

    return op, [tie_free(40, reach=8)]


# Several outputs, and structure


@pair
def second_output(wrong):
    """the second output's gradient has a wrong factor"""
    k = 2 if wrong else 3
    return lambda x: ((x**2, x**3), lambda dy: (2 * x * dy[0] + k * x**2 * dy[1],)), [x6]


@pair
def list_of_outputs(wrong):
    """the outputs' gradients change places"""
    i = 1 if wrong else 0
    return lambda x: ([x**2, x**3], lambda dy: (2 * x * dy[i] + 3 * x**2 * dy[1 - i],)), [x6]


@pair
def dict_of_outputs(wrong):
    """one of the outputs is forgotten"""

    def op(x):
        return {"sine": np.sin(x), "square": x**2}, lambda dy: (
            np.cos(x) * dy["sine"] + (0 if wrong else 2 * x * dy["square"]),
        )

    return op, [x6]


@pair
def dict_of_arguments(wrong):
    """the bias gets the weight's gradient"""

    def op(x, parameters):
        w, b = parameters["w"], parameters["b"]
        return w * x + b, lambda dy: (w * dy, {"w": x * dy, "b": x * dy if wrong else dy})

    return op, [x6, {"w": y6, "b": tie_free(6, 2)}]


@pair
def array_by_keyword(wrong):
    """an array given by keyword gets a wrong gradient"""
    return lambda x, *, scale: (x * scale, lambda dy: (scale * dy, (x + 0.1 if wrong else x) * dy)), [x6], {"scale": y6}


@pair
def unused_argument(wrong):
    """None for an argument that is used after all"""
    return lambda x, u: (x + 0.1 * u if wrong else 1 * x, lambda dy: (1 * dy, None)), [x6, y6]


@pair
def integer_argument(wrong):
    """the index is taken from the wrong end"""

    def op(x, index):
        def pullback(dy):
            dx = np.zeros_like(x)
            dx[-index if wrong else index] = dy
            return (dx,)

        return x[index], pullback

    return op, [x6, 2]


# Purity


@pair
def cached(wrong):
    """a pullback that frees what it keeps, and gives zero when it is called again"""

    def op(x):
        kept = [2 * x]

        def pullback(dy):
            slope = kept[0]
            if wrong:
                kept[0] = np.zeros_like(x)
            return (slope * dy,)

        return x**2, pullback

    return op, [x6]


# Smoothness


@pair
def beside_a_kink(wrong):
    """ReLU's slope at −1e-7 is 1"""
    return lambda x: (np.where(x.real > 0, x, 0), lambda dy: (((x > 0) | wrong) * dy,)), [np.array([1e-7, -1e-7])]


@pair
def once_differentiable(wrong):
    """Huber's loss has slope 2x up to its joint"""

    def op(x):
        near = np.abs(x) <= 1
        return np.where(near, x * x / 2, np.abs(x) - 0.5), lambda dy: (
            np.where(near, (2 if wrong else 1) * x, np.sign(x)) * dy,
        )

    return op, [np.array([1.0, -1.0, 0.4])]


@pair
def fast_oscillation(wrong):
    """sin(1e8 x) with slope 0.99e8 cos(1e8 x)"""
    k = 0.99e8 if wrong else 1e8
    return lambda x: (np.sin(1e8 * x), lambda dy: (k * np.cos(1e8 * x) * dy,)), [x6]


@pair
def not_analytic(wrong):
    """x·x̄, with slope x"""
    return lambda x: ((x * np.conj(x)).real, lambda dy: ((1 if wrong else 2) * x * dy,)), [x6]


@pair
def no_complex_numbers(wrong):
    """the error function without its factor 2/√π"""
    k = 1 if wrong else 2 / math.sqrt(math.pi)
    return lambda x: (np.array([math.erf(v) for v in x]), lambda dy: (k * np.exp(-(x**2)) * dy,)), [x6]


# Scales


@pair
def log_near_zero(wrong):
    """log at 1e-7, with a slope of 1.01/x"""
    k = 1.01 if wrong else 1
    return lambda x: (np.log(x), lambda dy: (k * dy / x,)), [np.array([1e-7, 1.0])]


@pair
def root_near_zero(wrong):
    """√x at 1e-8, with a slope of 0.51/√x"""
    k = 0.51 if wrong else 0.5
    return lambda x: (np.sqrt(x), lambda dy: (k * dy / np.sqrt(x),)), [np.array([1e-8, 1.0])]


@pair
def small_gradient(wrong):
    """1e-9 x², with slope 4e-9 x"""
    k = 4e-9 if wrong else 2e-9
    return lambda x: (1e-9 * x**2, lambda dy: (k * x * dy,)), [x6]


@pair
def large_gradient(wrong):
    """1e9 x³, with one entry's slope 1 % too large"""
    k = np.array([1, 1, 1, 1, 1, 1.01 if wrong else 1])
    return lambda x: (1e9 * x**3, lambda dy: (3e9 * k * x**2 * dy,)), [x6]


@pair
def large_argument(wrong):
    """x² at 1e6, with slope 2.01 x"""
    k = 2.01 if wrong else 2
    return lambda x: (x**2, lambda dy: (k * x * dy,)), [1e6 * x6]


@pair
def large_constant(wrong):
    """1e12 + x·x̄, with slope 3x"""
    k = 3 if wrong else 2
    return lambda x: (1e12 + (x * np.conj(x)).real.sum(), lambda dy: (k * x * dy,)), [x6]


@pair
def small_beside_large(wrong):
    """1e12 a² + b³, with slope 2b² by b"""
    k = 2 if wrong else 3
    return lambda a, b: (1e12 * a**2 + b**3, lambda dy: (2e12 * a * dy, k * b**2 * dy)), [x6, y6]


@pair
def small_entry(wrong):
    """one entry's slope is 1e-5 of the others', and 10 % too large"""
    k = np.array([1, 1, 1, 1e-5, 1, 1])
    slope = k * np.where(k < 1, 1.1 if wrong else 1, 1)
    return lambda x: (np.sin(k * x), lambda dy: (slope * np.cos(k * x) * dy,)), [x6]


@pair
def slight_mistake(wrong):
    """a slope 0.02 % too large"""
    k = 1.0002 if wrong else 1
    return lambda x: (np.sin(x), lambda dy: (k * np.cos(x) * dy,)), [x6]


@pair
def steep(wrong):
    """exp(20 x), with slope 20.1 exp(20 x)"""
    k = 20.1 if wrong else 20
    return lambda x: (np.exp(20 * x), lambda dy: (k * np.exp(20 * x) * dy,)), [x6]
