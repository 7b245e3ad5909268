"""Hypothesis strategies for calls of every op: all their options, on arrays as small as shows the matter.

    @given(conv2d_cases())
    def test_gradient(case):
        gradcheck(conv2d, *case.arrays(), **case.options)

`CASES` has them all by the op's name.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import strategies as st

from .case import Case, given_options
from .strategies import labels, pairs, seeds
from .window_cases import (
    conv2d_cases,
    conv2d_relu_max_pool2d_cases,
    conv_transpose2d_cases,
    max_unpool2d_cases,
    pool2d_cases,
)

# A few batches whose channels, rows and columns are as many: there alone does it go unnoticed if one is confused with
# another.
_cubes = st.integers(2, 3).map(lambda n: (2, n, n, n))
_picture_shapes = st.tuples(st.integers(1, 3), st.integers(1, 4), st.integers(1, 5), st.integers(1, 5)) | _cubes


def _shapes(least: int = 0) -> st.SearchStrategy[tuple[int, ...]]:
    """Shapes of `least` to four axes."""
    return st.lists(st.integers(1, 4), min_size=least, max_size=4).map(tuple) | _cubes


@st.composite
def _on_pictures(draw: st.DrawFn, op: str, **options: st.SearchStrategy[Any]) -> Case:
    """An op of one argument, pictures (N, C, H, W)."""
    return Case(op, (draw(_picture_shapes),), {name: draw(values) for name, values in options.items()}, draw(seeds()))


@st.composite
def batch_norm2d_cases(draw: st.DrawFn) -> Case:
    """In training (at least four values per channel: of two, one is +1 and the other −1 whatever they are), or not."""
    training = draw(st.booleans())
    N, C, H, W = draw(_picture_shapes.filter(lambda s: not training or s[0] * s[2] * s[3] >= 4))
    options: dict[str, Any] = {"training": training} | given_options(
        momentum=(draw(st.sampled_from([0.1, 0.3])), 0.1), eps=(draw(st.sampled_from([1e-5, 0.1])), 1e-5)
    )
    if not training or draw(st.booleans()):
        options |= {"running_mean": np.arange(C) / 4, "running_var": 1 + np.arange(C) / 2}
    return Case("batch_norm2d", ((N, C, H, W), (C,), (C,)), options, draw(seeds()))


@st.composite
def dense_cases(draw: st.DrawFn) -> Case:
    N, inputs, outputs = (draw(st.integers(1, 4)) for _ in range(3))
    bias = [(outputs,)] if draw(st.booleans()) else []
    return Case("dense", ((N, inputs), (outputs, inputs), *bias), {}, draw(seeds()))


@st.composite
def _on_any_shape(draw: st.DrawFn, op: str, least: int = 0, **options: st.SearchStrategy[Any]) -> Case:
    """An op of one argument of any shape of at least so many axes."""
    return Case(op, (draw(_shapes(least)),), {name: draw(values) for name, values in options.items()}, draw(seeds()))


@st.composite
def softmax_cases(draw: st.DrawFn, op: str = "softmax") -> Case:
    """Softmax or "log_softmax" along any axis."""
    shape = draw(_shapes(least=1))
    axis = draw(st.sampled_from([-1, *range(len(shape))]))
    return Case(op, (shape,), given_options(axis=(axis, -1)), draw(seeds()))


@st.composite
def cross_entropy_cases(draw: st.DrawFn) -> Case:
    """Labels and distributions, one classification per picture or per pixel."""
    N, K = draw(st.integers(1, 4)), draw(st.integers(1, 5))
    rest = tuple(draw(st.lists(st.integers(1, 3), max_size=2)))
    shape = (N, K, *rest)
    target = draw(labels((N, *rest), K)) if draw(st.booleans()) else shape
    options = given_options(
        label_smoothing=(draw(st.sampled_from([0.0, 0.1, 1.0])), 0.0),
        reduction=(draw(st.sampled_from(["mean", "sum", "none"])), "mean"),
    )
    return Case("cross_entropy", (shape, target), options, draw(seeds()))


@st.composite
def mse_cases(draw: st.DrawFn) -> Case:
    shape = draw(_shapes())
    options = given_options(reduction=(draw(st.sampled_from(["mean", "sum", "none"])), "mean"))
    return Case("mse", (shape, shape), options, draw(seeds()))


@st.composite
def concat_cases(draw: st.DrawFn) -> Case:
    """One to three arrays that differ along one axis."""
    shape = draw(st.lists(st.integers(1, 3), min_size=2, max_size=4))
    axis = draw(st.integers(-len(shape), len(shape) - 1))
    shapes = []
    for length in draw(st.lists(st.integers(1, 3), min_size=1, max_size=3)):
        shapes.append((*shape[: axis % len(shape)], length, *shape[axis % len(shape) + 1 :]))
    return Case("concat", tuple(shapes), given_options(axis=(axis, 1)), draw(seeds()))


@st.composite
def add_cases(draw: st.DrawFn) -> Case:
    return Case("add", (draw(_shapes()),) * draw(st.integers(1, 3)), {}, draw(seeds()))


def _dropout_cases(op: str, strategy: Callable[..., st.SearchStrategy[Case]]) -> st.SearchStrategy[Case]:
    return strategy(op, p=st.sampled_from([0.5, 0.0, 0.2, 1.0]), training=st.sampled_from([True, False]), rng=seeds())


CASES: dict[str, st.SearchStrategy[Case]] = {
    "adaptive_avg_pool2d": _on_pictures("adaptive_avg_pool2d", output_size=pairs(1, 4)),
    "add": add_cases(),
    "avg_pool2d": pool2d_cases("avg_pool2d"),
    "batch_norm2d": batch_norm2d_cases(),
    "clip": _on_any_shape("clip", low=st.sampled_from([None, -0.5, 0.0]), high=st.sampled_from([None, 0.5, 6.0])),
    "concat": concat_cases(),
    "conv2d": conv2d_cases(),
    "conv2d_relu_max_pool2d": conv2d_relu_max_pool2d_cases(),
    "conv_transpose2d": conv_transpose2d_cases(),
    "cross_entropy": cross_entropy_cases(),
    "dense": dense_cases(),
    "dropout": _dropout_cases("dropout", _on_any_shape),
    "dropout2d": _dropout_cases("dropout2d", _on_pictures),
    "flatten": _on_any_shape("flatten", least=1),
    "global_avg_pool2d": _on_pictures("global_avg_pool2d"),
    "leaky_relu": _on_any_shape("leaky_relu", negative_slope=st.sampled_from([0.01, 0.2, 1.0])),
    "local_response_norm": _on_pictures(
        "local_response_norm",
        size=st.integers(1, 5),
        alpha=st.sampled_from([0.5, 1e-4]),
        beta=st.sampled_from([0.75, 0.5]),
        k=st.sampled_from([1.0, 2.0]),
    ),
    "log_softmax": softmax_cases("log_softmax"),
    "max_pool2d": pool2d_cases("max_pool2d"),
    "max_unpool2d": max_unpool2d_cases(),
    "mse": mse_cases(),
    "pad": _on_pictures(
        "pad",
        padding=st.lists(st.integers(0, 2), min_size=4, max_size=4)
        | st.lists(st.integers(0, 2), min_size=6, max_size=6),
        value=st.sampled_from([0.0, -1.5]),
    ),
    "relu": _on_any_shape("relu"),
    "sigmoid": _on_any_shape("sigmoid"),
    "softmax": softmax_cases("softmax"),
}
