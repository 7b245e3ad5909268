"""What each layer becomes in ONNX: a function of the writer, the layer, its path and the name of the value it is given,
which adds nodes and gives the name of the value they give.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..layers import (
    AdaptiveAvgPool2d,
    AvgPool2d,
    BatchNorm2d,
    Clip,
    Concat,
    Conv2d,
    ConvTranspose2d,
    Dense,
    Dropout,
    Dropout2d,
    Flatten,
    GlobalAvgPool2d,
    Graph,
    Join,
    LeakyReLU,
    LocalResponseNorm,
    MaxPool2d,
    Pad,
    ReLU,
    Residual,
    Sequential,
    Sigmoid,
    Softmax,
)
from ..ops.geometry import sides
from .files import OnnxError

if TYPE_CHECKING:
    from .write import Writer


def _conv(writer: Writer, layer: Conv2d, path: str, x: str) -> str:
    inputs = [x, *writer.arrays(layer, path, "weight", "bias")]
    return writer.node("Conv", path, inputs, **_window(layer), dilations=layer.dilation, group=layer.groups)


def _conv_transpose(writer: Writer, layer: ConvTranspose2d, path: str, x: str) -> str:
    inputs = [x, *writer.arrays(layer, path, "weight", "bias")]
    options = {"dilations": layer.dilation, "group": layer.groups, "output_padding": layer.output_padding}
    return writer.node("ConvTranspose", path, inputs, **_window(layer), **options)


def _dense(writer: Writer, layer: Dense, path: str, x: str) -> str:
    return writer.node("Gemm", path, [x, *writer.arrays(layer, path, "weight", "bias")], transB=1)


def _batch_norm(writer: Writer, layer: BatchNorm2d, path: str, x: str) -> str:
    inputs = [x, *writer.arrays(layer, path, "weight", "bias", "running_mean", "running_var")]
    return writer.node("BatchNormalization", path, inputs, epsilon=layer.eps, momentum=1 - layer.momentum)


def _max_pool(writer: Writer, layer: MaxPool2d, path: str, x: str) -> str:
    options = {"dilations": layer.dilation, "ceil_mode": _ceil_mode(writer, layer, path, x)}
    return writer.node("MaxPool", path, [x], **_pooling(layer), **options)


def _avg_pool(writer: Writer, layer: AvgPool2d, path: str, x: str) -> str:
    options = {"ceil_mode": _ceil_mode(writer, layer, path, x), "count_include_pad": int(layer.count_include_pad)}
    return writer.node("AveragePool", path, [x], **_pooling(layer), **options)


def _ceil_mode(writer: Writer, layer: Any, path: str, x: str) -> int:
    """Whether windows hang over the edge here.

    We drop a last window that would begin beyond the picture; by its letter, ONNX does so only from opset 22 on.
    """
    dilation = getattr(layer, "dilation", (1, 1))
    left, right, top, bottom = sides(path, layer.padding)
    around = top + bottom, left + right
    axes = zip(writer.shapes[x][1:], layer.kernel_size, layer.stride, around, dilation, strict=True)
    steps = [(n + p - d * (k - 1) - 1) / s for n, k, s, p, d in axes]
    counts = list(writer.shapes[path][1:])
    if counts == [math.floor(step) + 1 for step in steps]:
        return 0
    if counts != [math.ceil(step) + 1 for step in steps]:
        raise OnnxError(f"{path}: ONNX would count the windows of {layer} on {writer.shapes[x]} differently")
    return 1


def _global_avg_pool(writer: Writer, layer: GlobalAvgPool2d, path: str, x: str) -> str:
    maps = f"{path}.maps"
    writer.shapes[maps] = (*writer.shapes[path], 1, 1)
    return writer.node("Flatten", path, [writer.node("GlobalAveragePool", maps, [x])])


def _adaptive_avg_pool(writer: Writer, layer: AdaptiveAvgPool2d, path: str, x: str) -> str:
    size, wanted = writer.shapes[x][1:], layer.output_size
    if wanted == (1, 1):
        return writer.node("GlobalAveragePool", path, [x])
    if any(s % w for s, w in zip(size, wanted, strict=True)):
        raise OnnxError(
            f"{path}: ONNX has no adaptive pooling, and windows of one size do not cut {size} into {wanted}; "
            "give an input_shape with which they do"
        )
    kernel = [s // w for s, w in zip(size, wanted, strict=True)]
    return writer.node("AveragePool", path, [x], kernel_shape=kernel, strides=kernel)


def _lrn(writer: Writer, layer: LocalResponseNorm, path: str, x: str) -> str:
    if layer.size % 2 == 0:
        raise OnnxError(f"{path}: ONNX counts an even size ({layer.size}) from the other side; use an odd one")
    return writer.node("LRN", path, [x], size=layer.size, alpha=layer.alpha, beta=layer.beta, bias=layer.k)


def _clip(writer: Writer, layer: Clip, path: str, x: str) -> str:
    bounds = {"min": layer.low, "max": layer.high}
    given = ["" if v is None else writer.number(f"{path}.{name}", v) for name, v in bounds.items()]
    return writer.node("Clip", path, [x, *given])


def _pad(writer: Writer, layer: Pad, path: str, x: str) -> str:
    left, right, top, bottom, front, back = (*layer.padding, 0, 0)[:6]
    pads = np.array([0, front, top, left, 0, back, bottom, right], np.int64)
    inputs = [x, writer.array(f"{path}.pads", pads), writer.number(f"{path}.value", layer.value)]
    return writer.node("Pad", path, inputs)


def _dropout(writer: Writer, layer: Dropout, path: str, x: str) -> str:
    return writer.node("Dropout", path, [x, writer.number(f"{path}.ratio", layer.p)])


def _leaky_relu(writer: Writer, layer: LeakyReLU, path: str, x: str) -> str:
    return writer.node("LeakyRelu", path, [x], alpha=layer.negative_slope)


def _softmax(writer: Writer, layer: Softmax, path: str, x: str) -> str:
    return writer.node("Softmax", path, [x], axis=layer.axis)


def _plain(op: str) -> Callable[[Writer, Any, str, str], str]:
    return lambda writer, layer, path, x: writer.node(op, path, [x])


def _sequential(writer: Writer, layer: Sequential, path: str, x: str) -> str:
    for name, child in layer.children.items():
        x = writer.emit(child, _below(path, name), x)
    return x


def _concat(writer: Writer, layer: Concat, path: str, x: str) -> str:
    branches = [writer.emit(child, _below(path, name), x) for name, child in layer.children.items()]
    return writer.node("Concat", path, branches, axis=1)


def _residual(writer: Writer, layer: Residual, path: str, x: str) -> str:
    learned = around = x
    for name, child in layer.children.items():
        if name == layer.shortcut_name:
            around = writer.emit(child, _below(path, name), x)
        else:
            learned = writer.emit(child, _below(path, name), learned)
    return writer.node("Add", path, [learned, around])


def _graph(writer: Writer, layer: Graph, path: str, x: str) -> str:
    values = {layer.INPUT: x}
    for name, child in layer.children.items():
        given = [values[source] for source in layer.sources[name]]
        below = _below(path, name)
        values[name] = (
            _join(writer, child, below, given) if isinstance(child, Join) else writer.emit(child, below, *given)
        )
    return values[name]


def _join(writer: Writer, layer: Join, path: str, xs: list[str]) -> str:
    if layer.operation == "concat":
        return writer.node("Concat", path, xs, axis=1)
    return writer.node("Add" if len(xs) == 2 else "Sum", path, xs)


def _below(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _window(layer: Any) -> dict[str, Any]:
    return {"kernel_shape": layer.kernel_size, "strides": layer.stride, "pads": layer.padding * 2}


def _pooling(layer: Any) -> dict[str, Any]:
    left, right, top, bottom = sides("pooling", layer.padding)
    return {"kernel_shape": layer.kernel_size, "strides": layer.stride, "pads": (top, left, bottom, right)}


EXPORTERS: dict[type, Callable[..., str]] = {
    AdaptiveAvgPool2d: _adaptive_avg_pool,
    AvgPool2d: _avg_pool,
    BatchNorm2d: _batch_norm,
    Clip: _clip,
    Concat: _concat,
    Conv2d: _conv,
    ConvTranspose2d: _conv_transpose,
    Dense: _dense,
    Dropout: _dropout,
    Dropout2d: _dropout,
    Flatten: _plain("Flatten"),
    GlobalAvgPool2d: _global_avg_pool,
    Graph: _graph,
    LeakyReLU: _leaky_relu,
    LocalResponseNorm: _lrn,
    MaxPool2d: _max_pool,
    Pad: _pad,
    ReLU: _plain("Relu"),
    Residual: _residual,
    Sequential: _sequential,
    Sigmoid: _plain("Sigmoid"),
    Softmax: _softmax,
}
