"""Hypothesis strategies for calls of the ops that slide a window: convolutions and poolings."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from .. import ops
from ..ops.geometry import geometry, sides, windows
from .case import Case, both, given_options
from .strategies import pairs, seeds


@st.composite
def _images_under(draw: st.DrawFn, kernel: Any, padding: Any, dilation: Any = 1, more: int = 4) -> tuple[int, int]:
    """A height and width into which the window just fits, or up to `more` pixels larger."""
    least = [
        max(1, d * (k - 1) + 1 - 2 * p) for k, p, d in zip(both(kernel), both(padding), both(dilation), strict=True)
    ]
    return draw(st.integers(least[0], least[0] + more)), draw(st.integers(least[1], least[1] + more))


@st.composite
def conv2d_cases(draw: st.DrawFn) -> Case:
    """Convolutions: any stride, padding, dilation and groups, oblong kernels, from 1 × 1 images up."""
    groups, in_, out = draw(st.integers(1, 3)), draw(st.integers(1, 4)), draw(st.integers(1, 3))
    kernel = draw(st.tuples(st.integers(1, 3), st.integers(1, 3)))
    stride, padding, dilation = draw(pairs(1, 3)), draw(pairs(0, 2)), draw(pairs(1, 2))
    size = draw(_images_under(kernel, padding, dilation))
    shapes: list[tuple[int, ...]] = [(draw(st.integers(1, 2)), groups * in_, *size), (groups * out, in_, *kernel)]
    if draw(st.booleans()):
        shapes.append((groups * out,))
    options = given_options(stride=(stride, 1), padding=(padding, 0), dilation=(dilation, 1), groups=(groups, 1))
    return Case("conv2d", tuple(shapes), options, draw(seeds()))


@st.composite
def wide_conv2d_cases(draw: st.DrawFn) -> Case:
    """Convolutions of many channels, for which the engine has faster algorithms: the widths and kernels of real
    networks."""
    in_, out = draw(st.sampled_from([3, 8, 16, 20, 32, 64])), draw(st.sampled_from([8, 10, 16, 32, 64]))
    kernel = draw(st.sampled_from([1, 3, 5]))
    stride, padding = draw(st.sampled_from([1, 2])), draw(st.sampled_from([0, kernel // 2]))
    size = draw(_images_under(kernel, padding, more=12))
    shapes = ((draw(st.integers(1, 2)), in_, *size), (out, in_, kernel, kernel), (out,))
    return Case("conv2d", shapes, given_options(stride=(stride, 1), padding=(padding, 0)), draw(seeds()))


@st.composite
def conv2d_relu_max_pool2d_cases(draw: st.DrawFn) -> Case:
    """Convolutions, with a pooling of their output that overlaps, touches, leaves gaps or a remainder."""
    case = draw(conv2d_cases())
    x, w = case.arguments[:2]
    steps = [case.options.get(name, default) for name, default in (("stride", 1), ("padding", 0), ("dilation", 1))]
    OH, OW = windows("conv2d", x[2:], geometry("conv2d", w[2:], *steps))
    pool_size = draw(st.tuples(st.integers(1, min(3, OH)), st.integers(1, min(3, OW))))
    pooling = given_options(pool_size=(pool_size, (1, 1)), pool_stride=(draw(st.none() | pairs(1, 4)), None))
    return Case("conv2d_relu_max_pool2d", case.arguments, case.options | pooling, case.seed)


@st.composite
def conv_transpose2d_cases(draw: st.DrawFn) -> Case:
    """Transposed convolutions, output_padding included."""
    groups, in_, out = draw(st.integers(1, 3)), draw(st.integers(1, 2)), draw(st.integers(1, 2))
    kernel = draw(st.tuples(st.integers(1, 3), st.integers(1, 3)))
    stride, dilation = both(draw(pairs(1, 3))), both(draw(pairs(1, 2)))
    output_padding = tuple(draw(st.integers(0, max(s, d) - 1)) for s, d in zip(stride, dilation, strict=True))
    size = draw(st.tuples(st.integers(1, 4), st.integers(1, 4)))
    padding = []
    for n, s, d, k, extra in zip(size, stride, dilation, kernel, output_padding, strict=True):
        uncut = (n - 1) * s + d * (k - 1) + extra + 1
        padding.append(draw(st.integers(0, min(2, (uncut - 1) // 2))))
    shapes: list[tuple[int, ...]] = [(draw(st.integers(1, 2)), groups * in_, *size), (groups * in_, out, *kernel)]
    if draw(st.booleans()):
        shapes.append((groups * out,))
    options = given_options(
        stride=(stride, (1, 1)),
        padding=(tuple(padding), (0, 0)),
        output_padding=(output_padding, (0, 0)),
        dilation=(dilation, (1, 1)),
        groups=(groups, 1),
    )
    return Case("conv_transpose2d", tuple(shapes), options, draw(seeds()))


@st.composite
def pool2d_cases(draw: st.DrawFn, op: str = "max_pool2d", sided: bool = True) -> Case:
    """Poolings ("max_pool2d" or "avg_pool2d"): windows that overlap, touch, leave gaps, or extend past the edge.

    Args:
        sided: also padding that differs from side to side, and up to a pixel less than the kernel; otherwise at most
            half the kernel, which is what PyTorch takes.
    """
    kernel_size = draw(pairs(1, 3))
    kernel = both(kernel_size)
    stride = draw(st.none() | pairs(1, 4))
    if sided and draw(st.booleans()):
        vertical, horizontal = (st.tuples(*[st.integers(0, k - 1)] * 2) for k in kernel)
        padding: Any = (*draw(horizontal), *draw(vertical))
    else:
        padding = tuple(draw(st.integers(0, k // 2)) for k in kernel)
    dilation = draw(pairs(1, 2)) if op == "max_pool2d" else 1
    ceil_mode = draw(st.booleans())
    left, right, top, bottom = sides(op, padding)
    size = []
    for k, d, before, after, s in zip(
        kernel, both(dilation), (top, left), (bottom, right), both(kernel if stride is None else stride), strict=True
    ):
        fits = d * (k - 1) + 1 - before - after - (s - 1 if ceil_mode else 0)
        least = max(1, fits, d + 1 if before else 1)  # dilation does not step over the image, from padding to padding
        size.append(draw(st.integers(least, least + 4)))
    options = {"kernel_size": kernel_size} | given_options(
        stride=(stride, None), padding=(padding, (0, 0)), dilation=(dilation, 1), ceil_mode=(ceil_mode, False)
    )
    if op == "avg_pool2d":
        options |= given_options(count_include_pad=(draw(st.booleans()), True))
    return Case(op, ((draw(st.integers(1, 2)), draw(st.integers(1, 2)), *size),), options, draw(seeds()))


@st.composite
def max_unpool2d_cases(draw: st.DrawFn) -> Case:
    """Switches recorded by `max_pool2d` of a random image, at which to place other values."""
    pooling = draw(pool2d_cases(sided=False).filter(lambda case: "dilation" not in case.options))
    (x,) = pooling.arrays()
    (_, indices), _ = ops.max_pool2d(x, **pooling.options, return_indices=True)
    options = {k: v for k, v in pooling.options.items() if k != "ceil_mode"} | {"output_size": x.shape[2:]}
    return Case("max_unpool2d", (indices.shape, indices), options, pooling.seed)
