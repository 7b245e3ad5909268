"""Hypothesis strategies for calls of every op: all their options, on arrays as small as possible.

    @given(conv2d_cases())
    def test_gradient(case):
        gradcheck(conv2d, *case.arrays(), **case.options)

`CASES` has them all by the op's name.
"""

from __future__ import annotations

import math
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

# A few batches have equally many channels, rows and columns. Only there can an op confuse two axes without an error.
_cubes = st.integers(2, 3).map(lambda n: (2, n, n, n))
_image_shapes = st.tuples(st.integers(1, 3), st.integers(1, 4), st.integers(1, 5), st.integers(1, 5)) | _cubes


def _shapes(least: int = 0) -> st.SearchStrategy[tuple[int, ...]]:
    """Shapes of `least` to four axes."""
    return st.lists(st.integers(1, 4), min_size=least, max_size=4).map(tuple) | _cubes


@st.composite
def _on_images(draw: st.DrawFn, op: str, **options: st.SearchStrategy[Any]) -> Case:
    """An op of one argument, images (N, C, H, W)."""
    return Case(op, (draw(_image_shapes),), {name: draw(values) for name, values in options.items()}, draw(seeds()))


@st.composite
def batch_norm2d_cases(draw: st.DrawFn) -> Case:
    """In training (at least four values per channel: of two, one is +1 and the other −1 whatever they are), or not."""
    training = draw(st.booleans())
    N, C, H, W = draw(_image_shapes.filter(lambda s: not training or s[0] * s[2] * s[3] >= 4))
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
    """An op of one argument of any shape with at least `least` axes."""
    return Case(op, (draw(_shapes(least)),), {name: draw(values) for name, values in options.items()}, draw(seeds()))


@st.composite
def softmax_cases(draw: st.DrawFn, op: str = "softmax") -> Case:
    """Softmax or "log_softmax" along any axis."""
    shape = draw(_shapes(least=1))
    axis = draw(st.sampled_from([-1, *range(len(shape))]))
    return Case(op, (shape,), given_options(axis=(axis, -1)), draw(seeds()))


@st.composite
def cross_entropy_cases(draw: st.DrawFn) -> Case:
    """Labels and distributions, one classification per image or per pixel."""
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


@st.composite
def mul_cases(draw: st.DrawFn) -> Case:
    """One to three arrays whose axes are alike, or of length 1."""
    shape = draw(_shapes())
    count = draw(st.integers(1, 3))
    shapes = [tuple(draw(st.sampled_from([n, 1])) if i else n for n in shape) for i in range(count)]
    return Case("mul", tuple(shapes), {}, draw(seeds()))


@st.composite
def channel_cases(draw: st.DrawFn, op: str) -> Case:
    """An op with one number for each channel, or one for all: "affine", with a bias or without, or "prelu"."""
    shape = draw(_shapes(least=2))
    numbers = st.sampled_from([(shape[1],), (1,)])
    bias = [draw(numbers)] if op == "affine" and draw(st.booleans()) else []
    return Case(op, (shape, draw(numbers), *bias), {}, draw(seeds()))


@st.composite
def permute_cases(draw: st.DrawFn) -> Case:
    shape = draw(_shapes(least=1))
    return Case("permute", (shape,), {"axes": tuple(draw(st.permutations(range(len(shape)))))}, draw(seeds()))


@st.composite
def reshape_cases(draw: st.DrawFn) -> Case:
    """To any order of the same lengths, to one axis, or split in two at a factor."""
    shape = draw(_shapes(least=1))
    size = math.prod(shape[1:])
    factor = draw(st.sampled_from([n for n in range(1, size + 1) if size % n == 0]))
    new = draw(st.permutations(shape[1:]).map(tuple) | st.just((size,)) | st.just((factor, size // factor)))
    return Case("reshape", (shape,), {"shape": new}, draw(seeds()))


@st.composite
def slice_axis_cases(draw: st.DrawFn) -> Case:
    shape = draw(_shapes(least=2))
    axis = draw(st.integers(-len(shape), len(shape) - 1))
    start = draw(st.integers(0, shape[axis] - 1))
    options = given_options(
        axis=(axis, 1),
        start=(start, 0),
        stop=(draw(st.none() | st.integers(start + 1, shape[axis])), None),
        step=(draw(st.integers(1, 3)), 1),
    )
    return Case("slice_axis", (shape,), options, draw(seeds()))


@st.composite
def interpolate2d_cases(draw: st.DrawFn) -> Case:
    mode = draw(st.sampled_from(["nearest", "bilinear"]))
    aligned = mode == "bilinear" and draw(st.booleans())
    options = given_options(mode=(mode, "nearest"), align_corners=(aligned, False))
    return Case("interpolate2d", (draw(_image_shapes),), {"size": draw(pairs(1, 7)), **options}, draw(seeds()))


@st.composite
def pad_cases(draw: st.DrawFn) -> Case:
    """With a constant, perhaps whole channels of it, or with copies: no wider than each mode can."""
    shape = draw(_image_shapes)
    mode = draw(st.sampled_from(["constant", "reflect", "replicate", "circular"]))
    most = {"reflect": (shape[3] - 1, shape[2] - 1), "circular": (shape[3], shape[2])}.get(mode, (2, 2))
    padding = tuple(draw(st.integers(0, min(2, most[i // 2]))) for i in range(4))
    if mode == "constant" and draw(st.booleans()):
        padding += draw(st.integers(0, 2)), draw(st.integers(0, 2))
    value = draw(st.sampled_from([0.0, -1.5])) if mode == "constant" else 0.0
    options = {"padding": padding} | given_options(value=(value, 0.0), mode=(mode, "constant"))
    return Case("pad", (shape,), options, draw(seeds()))


def _dropout_cases(op: str, strategy: Callable[..., st.SearchStrategy[Case]]) -> st.SearchStrategy[Case]:
    return strategy(op, p=st.sampled_from([0.5, 0.0, 0.2, 1.0]), training=st.sampled_from([True, False]), rng=seeds())


CASES: dict[str, st.SearchStrategy[Case]] = {
    "adaptive_avg_pool2d": _on_images("adaptive_avg_pool2d", output_size=pairs(1, 4)),
    "add": add_cases(),
    "affine": channel_cases("affine"),
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
    "dropout2d": _dropout_cases("dropout2d", _on_images),
    "elu": _on_any_shape("elu", alpha=st.sampled_from([1.0, 0.3])),
    "erf": _on_any_shape("erf"),
    "flatten": _on_any_shape("flatten", least=1),
    "gelu": _on_any_shape("gelu", approximate=st.sampled_from(["none", "tanh"])),
    "global_avg_pool2d": _on_images("global_avg_pool2d"),
    "global_max_pool2d": _on_images("global_max_pool2d"),
    "hardsigmoid": _on_any_shape("hardsigmoid", alpha=st.sampled_from([1 / 6, 0.6]), beta=st.sampled_from([0.5, 0.2])),
    "hardswish": _on_any_shape("hardswish"),
    "interpolate2d": interpolate2d_cases(),
    "leaky_relu": _on_any_shape("leaky_relu", negative_slope=st.sampled_from([0.01, 0.2, 1.0])),
    "local_response_norm": _on_images(
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
    "mul": mul_cases(),
    "pad": pad_cases(),
    "permute": permute_cases(),
    "prelu": channel_cases("prelu"),
    "relu": _on_any_shape("relu"),
    "reshape": reshape_cases(),
    "sigmoid": _on_any_shape("sigmoid"),
    "silu": _on_any_shape("silu"),
    "slice_axis": slice_axis_cases(),
    "softmax": softmax_cases("softmax"),
    "tanh": _on_any_shape("tanh"),
}
