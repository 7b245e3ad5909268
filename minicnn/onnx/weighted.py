"""The operators with weights: convolutions, dense layers, batch normalisation."""

from __future__ import annotations

import numpy as np

from ..layers import BatchNorm2d, Conv2d, ConvTranspose2d, Dense, Layer
from ..ops.contract import Array
from .files import OnnxError
from .nodes import Imported, Node, Shape
from .windows import Windows


def conv(node: Node, x: Shape) -> Imported:
    w = node.constant(1, ndim=4)
    bias = _vector(node, 2, w.shape[0])
    groups = node.attribute("group", 1)
    x = _with_channels(node, x, w.shape[1] * groups)
    windows = Windows.of(node, x, w.shape[2:])
    before, padding, x = windows.padding(x, 0.0)
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
    _fill(node, layer, weight=w, bias=bias)
    return [*before, layer], (w.shape[0], *windows.count(x, padding))


def conv_transpose(node: Node, x: Shape) -> Imported:
    w = node.constant(1, ndim=4)
    groups = node.attribute("group", 1)
    out_channels = w.shape[1] * groups
    bias = _vector(node, 2, out_channels)
    x = _with_channels(node, x, w.shape[0])
    node.expect("auto_pad", "NOTSET")
    windows = Windows.of(node, x, w.shape[2:])
    top, left, bottom, right = windows.pads
    # Less padding behind than in front cuts less off: the same as more output padding.
    extra = node.integers("output_padding", (0, 0))
    extra = extra[0] + top - bottom, extra[1] + left - right
    steps = zip(extra, windows.stride, windows.dilation, strict=True)
    if not all(0 <= e < max(stride, dilation) for e, stride, dilation in steps):
        raise OnnxError(f"{node}: pads {list(windows.pads)} and output_padding are not supported together")
    layer = ConvTranspose2d(
        w.shape[0],
        out_channels,
        windows.kernel,
        windows.stride,
        (top, left),
        (extra[0], extra[1]),
        groups,
        bias=bias is not None,
        dilation=windows.dilation,
    )
    _fill(node, layer, weight=w, bias=bias)
    axes = zip(x[1:], windows.kernel, windows.stride, windows.dilation, (top, left), extra, strict=True)
    sizes = [None if n is None else (n - 1) * s - 2 * p + d * (k - 1) + e + 1 for n, k, s, d, p, e in axes]
    return [layer], (out_channels, *sizes)


def gemm(node: Node, x: Shape) -> Imported:
    node.expect("transA", 0)
    alpha, beta = node.attribute("alpha", 1.0), node.attribute("beta", 1.0)
    w = node.constant(1, ndim=2)
    w = alpha * (w if node.attribute("transB", 0) else w.T)
    bias = node.optional(2)
    if bias is not None:
        if bias.shape not in ((), (1,), (1, 1), (len(w),), (1, len(w))):
            raise OnnxError(f"{node}: expected a bias of {len(w)} numbers, got shape {bias.shape}")
        bias = beta * np.broadcast_to(bias.ravel(), len(w))
    return _dense(node, x, w, bias)


def matmul(node: Node, x: Shape) -> Imported:
    return _dense(node, x, node.constant(1, ndim=2).T, None)


def _dense(node: Node, x: Shape, w: Array, bias: Array | None) -> Imported:
    (features,) = node.vector(x)
    if features not in (None, w.shape[1]):
        raise OnnxError(f"{node}: its weights take {w.shape[1]} features, but it is given {features}")
    layer = Dense(w.shape[1], w.shape[0], bias=bias is not None)
    _fill(node, layer, weight=w, bias=bias)
    return [layer], (w.shape[0],)


def batch_norm(node: Node, x: Shape) -> Imported:
    node.expect("training_mode", 0)
    node.expect("spatial", 1)
    scale, shift, mean, var = (node.constant(i, ndim=1) for i in range(1, 5))
    x = _with_channels(node, x, len(scale))
    layer = BatchNorm2d(len(scale), node.attribute("epsilon", 1e-5), 1 - node.attribute("momentum", 0.9))
    _fill(node, layer, weight=scale, bias=shift, running_mean=mean, running_var=var)
    return [layer], x


def _with_channels(node: Node, x: Shape, channels: int) -> Shape:
    """x as (C, H, W), with as many channels as the weights take."""
    C, H, W = node.maps(x)
    if C not in (None, channels):
        raise OnnxError(f"{node}: its weights take {channels} channels, but it is given {C}")
    return channels, H, W


def _vector(node: Node, i: int, length: int) -> Array | None:
    if not node.has(i):
        return None
    array = node.constant(i, ndim=1)
    if len(array) != length:
        raise OnnxError(f"{node}: expected input {i} to be {length} numbers, got {len(array)}")
    return array


def _fill(node: Node, layer: Layer, **arrays: Array | None) -> None:
    for name, array in arrays.items():
        if array is None:
            continue
        shape = getattr(layer, name).shape
        if array.shape != shape or array.dtype.kind != "f":
            raise OnnxError(f"{node}: expected its {name} to be {shape} numbers, got {array.shape} {array.dtype}")
        setattr(layer, name, np.array(array, order="C"))  # a copy: the file's own bytes cannot be written to
