"""Hypothesis strategies for calls of every op: all their options, on arrays as small as shows the matter.

    @given(conv2d_cases())
    def test_gradient(case):
        gradcheck(conv2d, *case.arrays(), **case.options)

A case holds shapes, options and a seed, so that a failing one shrinks to a call one can read, and paste:

    conv2d(tie_free((1, 1, 2, 1), 0), tie_free((1, 1, 1, 1), 1), stride=2)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from hypothesis import strategies as st

from .. import ops
from ..ops.geometry import geometry, windows
from .arrays import in_order, labels, pairs, seeds, tie_free


@dataclass(frozen=True, repr=False)
class Case:
    """A call of an op.

    Attributes:
        op: its name.
        arguments: what it is called with: the shape of a floating-point array, or integers as they are.
        options: its keyword arguments.
        seed: of the values.
    """

    op: str
    arguments: tuple[Any, ...]
    options: dict[str, Any] = field(default_factory=dict)
    seed: int = 0

    def arrays(self, dtype: Any = np.float64, order: str = "C") -> list[Any]:
        """The arguments, in a dtype and a memory order."""
        return [
            in_order(tie_free(a, self.seed + i, dtype) if isinstance(a, tuple) else a, order)
            for i, a in enumerate(self.arguments)
        ]

    def __repr__(self) -> str:
        shown = [
            f"tie_free({a}, {self.seed + i})" if isinstance(a, tuple) else f"np.array({a.tolist()})"
            for i, a in enumerate(self.arguments)
        ]
        shown += [
            f"{name}=np.array({v.tolist()})" if isinstance(v, np.ndarray) else f"{name}={v!r}"
            for name, v in self.options.items()
        ]
        return f"{self.op}({', '.join(shown)})"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(repr(self))  # Hypothesis would spell out the fields


def _given(**options: tuple[Any, Any]) -> dict[str, Any]:
    """The options that are not at their default; each is given as (value, default)."""
    return {name: value for name, (value, default) in options.items() if value != default}


def _both(value: int | tuple[int, int]) -> tuple[int, int]:
    return value if isinstance(value, tuple) else (value, value)


@st.composite
def _pictures_under(draw: st.DrawFn, kernel: Any, padding: Any, dilation: Any = 1, more: int = 4) -> tuple[int, int]:
    """A height and width into which the window just fits, or up to `more` pixels larger."""
    least = [
        max(1, d * (k - 1) + 1 - 2 * p) for k, p, d in zip(_both(kernel), _both(padding), _both(dilation), strict=True)
    ]
    return draw(st.integers(least[0], least[0] + more)), draw(st.integers(least[1], least[1] + more))


@st.composite
def conv2d_cases(draw: st.DrawFn) -> Case:
    """Convolutions: any stride, padding, dilation and groups, oblong kernels, from 1 × 1 pictures up."""
    groups, in_, out = draw(st.integers(1, 3)), draw(st.integers(1, 2)), draw(st.integers(1, 2))
    kernel = draw(st.tuples(st.integers(1, 3), st.integers(1, 3)))
    stride, padding, dilation = draw(pairs(1, 3)), draw(pairs(0, 2)), draw(pairs(1, 2))
    size = draw(_pictures_under(kernel, padding, dilation))
    shapes: list[tuple[int, ...]] = [(draw(st.integers(1, 2)), groups * in_, *size), (groups * out, in_, *kernel)]
    if draw(st.booleans()):
        shapes.append((groups * out,))
    options = _given(stride=(stride, 1), padding=(padding, 0), dilation=(dilation, 1), groups=(groups, 1))
    return Case("conv2d", tuple(shapes), options, draw(seeds()))


@st.composite
def wide_conv2d_cases(draw: st.DrawFn) -> Case:
    """Convolutions of many channels, for which the engine has faster ways: the widths and kernels of real networks."""
    in_, out = draw(st.sampled_from([3, 8, 16, 20, 32, 64])), draw(st.sampled_from([8, 10, 16, 32, 64]))
    kernel = draw(st.sampled_from([1, 3, 5]))
    stride, padding = draw(st.sampled_from([1, 2])), draw(st.sampled_from([0, kernel // 2]))
    size = draw(_pictures_under(kernel, padding, more=12))
    shapes = ((draw(st.integers(1, 2)), in_, *size), (out, in_, kernel, kernel), (out,))
    return Case("conv2d", shapes, _given(stride=(stride, 1), padding=(padding, 0)), draw(seeds()))


@st.composite
def conv2d_relu_max_pool2d_cases(draw: st.DrawFn) -> Case:
    """Convolutions, with a pooling of their output that overlaps, touches, leaves gaps or a remainder."""
    case = draw(conv2d_cases())
    x, w = case.arguments[:2]
    steps = [case.options.get(name, default) for name, default in (("stride", 1), ("padding", 0), ("dilation", 1))]
    OH, OW = windows("conv2d", x[2:], geometry("conv2d", w[2:], *steps))
    pool_size = draw(st.tuples(st.integers(1, min(3, OH)), st.integers(1, min(3, OW))))
    pooling = _given(pool_size=(pool_size, (1, 1)), pool_stride=(draw(st.none() | pairs(1, 4)), None))
    return Case("conv2d_relu_max_pool2d", case.arguments, case.options | pooling, case.seed)


@st.composite
def conv_transpose2d_cases(draw: st.DrawFn) -> Case:
    """Transposed convolutions, output_padding included."""
    groups, in_, out = draw(st.integers(1, 3)), draw(st.integers(1, 2)), draw(st.integers(1, 2))
    kernel = draw(st.tuples(st.integers(1, 3), st.integers(1, 3)))
    stride, dilation = _both(draw(pairs(1, 3))), _both(draw(pairs(1, 2)))
    output_padding = tuple(draw(st.integers(0, max(s, d) - 1)) for s, d in zip(stride, dilation, strict=True))
    size = draw(st.tuples(st.integers(1, 4), st.integers(1, 4)))
    padding = []
    for n, s, d, k, extra in zip(size, stride, dilation, kernel, output_padding, strict=True):
        uncut = (n - 1) * s + d * (k - 1) + extra + 1
        padding.append(draw(st.integers(0, min(2, (uncut - 1) // 2))))
    shapes: list[tuple[int, ...]] = [(draw(st.integers(1, 2)), groups * in_, *size), (groups * in_, out, *kernel)]
    if draw(st.booleans()):
        shapes.append((groups * out,))
    options = _given(
        stride=(stride, (1, 1)),
        padding=(tuple(padding), (0, 0)),
        output_padding=(output_padding, (0, 0)),
        dilation=(dilation, (1, 1)),
        groups=(groups, 1),
    )
    return Case("conv_transpose2d", tuple(shapes), options, draw(seeds()))


@st.composite
def pool2d_cases(draw: st.DrawFn, op: str = "max_pool2d") -> Case:
    """Poolings ("max_pool2d" or "avg_pool2d"): windows that overlap, touch, or leave gaps, and hang over the edge."""
    kernel = draw(pairs(1, 3))
    stride = draw(st.none() | pairs(1, 4))
    padding = tuple(draw(st.integers(0, k // 2)) for k in _both(kernel))
    dilation = draw(pairs(1, 2)) if op == "max_pool2d" else 1
    size = draw(_pictures_under(kernel, padding, dilation))
    if any(p and d > n for p, d, n in zip(padding, _both(dilation), size, strict=True)):
        dilation = 1  # it would step over the whole picture, from padding to padding
    options = {"kernel_size": kernel} | _given(
        stride=(stride, None),
        padding=(padding, (0, 0)),
        dilation=(dilation, 1),
        ceil_mode=(draw(st.booleans()), False),
    )
    if op == "avg_pool2d":
        options |= _given(count_include_pad=(draw(st.booleans()), True))
    return Case(op, ((draw(st.integers(1, 2)), draw(st.integers(1, 2)), *size),), options, draw(seeds()))


@st.composite
def max_unpool2d_cases(draw: st.DrawFn) -> Case:
    """What `max_pool2d` of a random picture recorded, to put other values back by."""
    pooling = draw(pool2d_cases().filter(lambda case: "dilation" not in case.options))
    (x,) = pooling.arrays()
    (_, indices), _ = ops.max_pool2d(x, **pooling.options, return_indices=True)
    options = {k: v for k, v in pooling.options.items() if k != "ceil_mode"} | {"output_size": x.shape[2:]}
    return Case("max_unpool2d", (indices.shape, indices), options, pooling.seed)


@st.composite
def _on_pictures(draw: st.DrawFn, op: str, **options: st.SearchStrategy[Any]) -> Case:
    """An op of one argument, pictures (N, C, H, W)."""
    shape = draw(st.tuples(st.integers(1, 3), st.integers(1, 4), st.integers(1, 5), st.integers(1, 5)))
    return Case(op, (shape,), {name: draw(values) for name, values in options.items()}, draw(seeds()))


@st.composite
def batch_norm2d_cases(draw: st.DrawFn) -> Case:
    """In training (at least four values per channel: of two, one is +1 and the other −1 whatever they are), or not."""
    training = draw(st.booleans())
    N, C = draw(st.integers(1, 3)), draw(st.integers(1, 4))
    H, W = draw(st.tuples(st.integers(1, 4), st.integers(1, 4)).filter(lambda s: not training or N * s[0] * s[1] >= 4))
    options: dict[str, Any] = {"training": training} | _given(
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
    shape = tuple(draw(st.lists(st.integers(1, 4), min_size=least, max_size=4)))
    return Case(op, (shape,), {name: draw(values) for name, values in options.items()}, draw(seeds()))


@st.composite
def softmax_cases(draw: st.DrawFn, op: str = "softmax") -> Case:
    """Softmax or "log_softmax" along any axis."""
    shape = tuple(draw(st.lists(st.integers(1, 4), min_size=1, max_size=4)))
    axis = draw(st.sampled_from([-1, *range(len(shape))]))
    return Case(op, (shape,), _given(axis=(axis, -1)), draw(seeds()))


@st.composite
def cross_entropy_cases(draw: st.DrawFn) -> Case:
    """Labels and distributions, one classification per picture or per pixel."""
    N, K = draw(st.integers(1, 4)), draw(st.integers(1, 5))
    rest = tuple(draw(st.lists(st.integers(1, 3), max_size=2)))
    shape = (N, K, *rest)
    target = draw(labels((N, *rest), K)) if draw(st.booleans()) else shape
    options = _given(
        label_smoothing=(draw(st.sampled_from([0.0, 0.1, 1.0])), 0.0),
        reduction=(draw(st.sampled_from(["mean", "sum", "none"])), "mean"),
    )
    return Case("cross_entropy", (shape, target), options, draw(seeds()))


@st.composite
def mse_cases(draw: st.DrawFn) -> Case:
    shape = tuple(draw(st.lists(st.integers(1, 4), max_size=3)))
    options = _given(reduction=(draw(st.sampled_from(["mean", "sum", "none"])), "mean"))
    return Case("mse", (shape, shape), options, draw(seeds()))


@st.composite
def concat_cases(draw: st.DrawFn) -> Case:
    """One to three arrays that differ along one axis."""
    shape = draw(st.lists(st.integers(1, 3), min_size=2, max_size=4))
    axis = draw(st.integers(-len(shape), len(shape) - 1))
    shapes = []
    for length in draw(st.lists(st.integers(1, 3), min_size=1, max_size=3)):
        shapes.append((*shape[: axis % len(shape)], length, *shape[axis % len(shape) + 1 :]))
    return Case("concat", tuple(shapes), _given(axis=(axis, 1)), draw(seeds()))


@st.composite
def add_cases(draw: st.DrawFn) -> Case:
    shape = tuple(draw(st.lists(st.integers(1, 3), max_size=4)))
    return Case("add", (shape,) * draw(st.integers(1, 3)), {}, draw(seeds()))


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


def cases(op: str) -> st.SearchStrategy[Case]:
    """Calls of the op of this name."""
    return CASES[op]
