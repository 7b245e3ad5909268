"""Convolutions and dense layers: Conv, ConvTranspose, Gemm, MatMul."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..layers import Conv2d, ConvTranspose2d, Dense, Slice
from ..ops.contract import Array
from ..ops.geometry import reach
from .emitting import Emitter, Writer
from .files import OnnxError
from .nodes import SIZE_NEEDED, Node, Reader
from .values import Shape, Value
from .windows import Windows, shared_out

# Reading


def _conv(node: Node) -> Value:
    x, w = node.maps(), node.constant(1, ndim=4)
    bias = _vector(node, 2, w.shape[0])
    groups = node.attribute("group", 1)
    given = node.with_channels(x, w.shape[1] * groups)
    windows = Windows.of(node, given, w.shape[2:])
    before, padding, given = windows.padding(given, 0.0)
    layer = Conv2d(
        w.shape[1] * groups,
        w.shape[0],
        windows.kernel,
        windows.stride,
        padding,
        windows.dilation,
        groups,
        bias=bias is not None,
    )
    node.fill(layer, weight=w, bias=bias)
    return node.then(x, *before, layer, shape=(w.shape[0], *windows.count(given, padding)))


def _conv_transpose(node: Node) -> Value:
    """Asymmetric pads are realized by output padding, or else by a Slice after the layer."""
    x, w = node.maps(), node.constant(1, ndim=4)
    groups = node.attribute("group", 1)
    out_channels = w.shape[1] * groups
    bias = _vector(node, 2, out_channels)
    given = node.with_channels(x, w.shape[0])
    extra = node.integers("output_padding", (0, 0))
    windows = Windows.of(node, given, w.shape[2:], transposed=True)
    axes = list(zip(given[1:], windows.kernel, windows.stride, windows.dilation, extra, strict=True))
    whole = [None if n is None else reach(n, d * (k - 1) + 1, s) + e for n, k, s, d, e in axes]
    top, left, bottom, right = _cut_off(node, windows, given, whole)
    padding, output_padding, cuts = [], [], []
    for before, after, (_, _, stride, dilation, more) in zip((top, left), (bottom, right), axes, strict=True):
        if 0 <= more + before - after < max(stride, dilation):
            padding.append(before)
            output_padding.append(more + before - after)
            cuts.append((0, 0))
        else:
            if more >= max(stride, dilation):
                raise OnnxError(f"{node}: expected output_padding below the strides or dilations, got {list(extra)}")
            common = min(before, after)
            padding.append(common)
            output_padding.append(more)
            cuts.append((before - common, after - common))
    layer = ConvTranspose2d(
        w.shape[0],
        out_channels,
        windows.kernel,
        windows.stride,
        (padding[0], padding[1]),
        (output_padding[0], output_padding[1]),
        groups,
        bias=bias is not None,
        dilation=windows.dilation,
    )
    node.fill(layer, weight=w, bias=bias)
    behind = [Slice(start, -stop or None, axis=axis) for axis, (start, stop) in enumerate(cuts, 2) if start or stop]
    ends = zip(whole, (top, left), (bottom, right), strict=True)
    sizes = [None if n is None else n - before - after for n, before, after in ends]
    return node.then(x, layer, *behind, shape=(out_channels, *sizes))


def _cut_off(node: Node, windows: Windows, x: Shape, whole: list[int | None]) -> tuple[int, int, int, int]:
    """The part cropped from the full output of a transposed convolution: (top, left, bottom, right)."""
    mode, wanted = node.attribute("auto_pad", "NOTSET"), node.attribute("output_shape", [])
    if mode not in ("NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER"):
        raise OnnxError(f"{node}: auto_pad={mode!r:.80} is not supported")
    if not wanted and mode in ("NOTSET", "VALID"):
        return windows.pads if mode == "NOTSET" else (0, 0, 0, 0)
    sizes = wanted[-2:] if wanted else [n and n * s for n, s in zip(x[1:], windows.stride, strict=True)]
    if None in whole or None in sizes:
        raise OnnxError(f"{node}: its padding {SIZE_NEEDED}")
    totals = [(full or 0) - (size or 0) for full, size in zip(whole, sizes, strict=True)]
    if min(totals) < 0:
        raise OnnxError(f"{node}: an output of {sizes} is larger than its filters reach")
    return shared_out(totals, mode)


def _gemm(node: Node) -> Value:
    node.expect("transA", 0)
    alpha, beta = node.attribute("alpha", 1.0), node.attribute("beta", 1.0)
    w = node.constant(1, ndim=2)
    w = w if node.flag("transB") else w.T
    bias = node.optional(2)
    if bias is not None:
        if bias.shape not in ((), (1,), (1, 1), (len(w),), (1, len(w))):
            raise OnnxError(f"{node}: expected a bias of {len(w)} numbers, got shape {bias.shape}")
        bias = None if beta == 0 else _times(node, beta, np.broadcast_to(bias.ravel(), len(w)))
    return _dense(node, _times(node, alpha, w), bias)


def _times(node: Node, factor: float, array: Array) -> Array:
    """A factor merged into the weights, which must stay finite: otherwise sums would be NaN."""
    if factor == 1:
        return array
    with np.errstate(over="ignore", invalid="ignore"):
        product: Array = factor * array
    if np.isfinite(array).all() and not np.isfinite(product).all():
        raise OnnxError(f"{node}: {factor} times its constants is more than {array.dtype} holds")
    return product


def _matmul(node: Node) -> Value:
    return _dense(node, node.constant(1, ndim=2).T, None)


def _dense(node: Node, w: Array, bias: Array | None) -> Value:
    x = node.value(0)
    if len(x.shape) != 1:
        raise OnnxError(f"{node}: expected vectors (N, F), got {x}; flatten them first")
    if x.shape[0] not in (None, w.shape[1]):
        raise OnnxError(f"{node}: its weights take {w.shape[1]} features, but it is given {x.shape[0]}")
    layer = Dense(w.shape[1], w.shape[0], bias=bias is not None)
    node.fill(layer, weight=w, bias=bias)
    return node.then(x, layer, shape=(w.shape[0],))


def _vector(node: Node, i: int, length: int) -> Array | None:
    if not node.has(i):
        return None
    array = node.constant(i, ndim=1)
    if len(array) != length:
        raise OnnxError(f"{node}: expected input {i} to be {length} numbers, got {len(array)}")
    return array


READERS: dict[str, Reader] = {"Conv": _conv, "ConvTranspose": _conv_transpose, "Gemm": _gemm, "MatMul": _matmul}


# Writing


def _write_conv(writer: Writer, layer: Conv2d, path: str, x: str) -> str:
    inputs = [x, *writer.arrays(layer, path, "weight", "bias")]
    return writer.node("Conv", path, inputs, **_window(layer), dilations=layer.dilation, group=layer.groups)


def _write_conv_transpose(writer: Writer, layer: ConvTranspose2d, path: str, x: str) -> str:
    inputs = [x, *writer.arrays(layer, path, "weight", "bias")]
    options = {"dilations": layer.dilation, "group": layer.groups, "output_padding": layer.output_padding}
    return writer.node("ConvTranspose", path, inputs, **_window(layer), **options)


def _write_dense(writer: Writer, layer: Dense, path: str, x: str) -> str:
    return writer.node("Gemm", path, [x, *writer.arrays(layer, path, "weight", "bias")], transB=1)


def _window(layer: Any) -> dict[str, Any]:
    return {"kernel_shape": layer.kernel_size, "strides": layer.stride, "pads": layer.padding * 2}


WRITERS: dict[type, Emitter] = {Conv2d: _write_conv, ConvTranspose2d: _write_conv_transpose, Dense: _write_dense}
