"""Mistakes in one place among many: an entry, an image, a branch, an output, an argument, or a second call."""

from __future__ import annotations

import numpy as np

from minicnn.testing import tie_free

from .pair import pair, x6, y6


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
