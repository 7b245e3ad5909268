"""Pooling: MaxPool, AveragePool, GlobalAveragePool, GlobalMaxPool, and ReduceMean and ReduceMax over whole maps."""

from __future__ import annotations

import math
from typing import Any

from ..layers import AdaptiveAvgPool2d, AvgPool2d, GlobalAvgPool2d, GlobalMaxPool2d, Layer, MaxPool2d, Reshape
from ..ops.geometry import sides
from .emitting import Emitter, Writer
from .files import OnnxError
from .nodes import SIZE_NEEDED, Node, Reader
from .unrolled import mean_of_channels
from .values import Value
from .windows import Windows

# Reading


def _max_pool(node: Node) -> Value:
    node.attribute("storage_order")  # of the indices, which are not an output here
    return _pool(node, MaxPool2d)


def _average_pool(node: Node) -> Value:
    if len(node.as_it_lies(0).shape) == 4:
        return mean_of_channels(node, node.value(0))
    node.expect("dilations", [1, 1])
    return _pool(node, AvgPool2d)


def _pool(node: Node, kind: type[MaxPool2d] | type[AvgPool2d]) -> Value:
    """Padding must be that of the pooling layer: it determines where the last window may start, and the area of a
    window."""
    x = node.maps()
    windows = Windows.of(node, x.shape)
    ceil_mode = node.flag("ceil_mode")
    top, left, bottom, right = windows.pads
    if max(top, bottom) >= windows.kernel[0] or max(left, right) >= windows.kernel[1]:
        raise OnnxError(f"{node}: expected pads below kernel_shape {list(windows.kernel)}, got {list(windows.pads)}")
    around = left, right, top, bottom
    if kind is AvgPool2d:
        counted = node.flag("count_include_pad")
        layer: Layer = AvgPool2d(windows.kernel, windows.stride, around, ceil_mode, counted)
    else:
        layer = MaxPool2d(windows.kernel, windows.stride, around, windows.dilation, ceil_mode)
    return node.then(x, layer, shape=(x.shape[0], *windows.count(x.shape, windows.pads, ceil_mode)))


def _global_average_pool(node: Node) -> Value:
    x = node.maps()
    return node.then(x, AdaptiveAvgPool2d(1), shape=(x.shape[0], 1, 1))


def _global_max_pool(node: Node) -> Value:
    x = node.maps()
    return node.then(x, *_maxima(node, x), shape=(x.shape[0], 1, 1))


def _maxima(node: Node, x: Value) -> list[Layer]:
    if x.shape[0] is None:
        raise OnnxError(f"{node}: its number of channels {SIZE_NEEDED}")
    return [GlobalMaxPool2d(), Reshape((x.shape[0], 1, 1))]


def _reduced(node: Node, mean: bool) -> Value:
    """Over the two axes of maps, wherever they are; or over the one axis of maps that were flattened separately."""
    x = node.as_it_lies(0)
    axes = node.listed("axes", 1, since=18)
    if node.flag("noop_with_empty_axes") and not axes:
        return x
    ours = sorted(node.axis(axis, x) for axis in axes or ())
    if ours == [2] and len(x.shape) == 2:
        flat = node.straightened(x)
        maps = node.reshaped(flat, (*flat.shape, 1))
        pooled = node.then(maps, GlobalAvgPool2d() if mean else GlobalMaxPool2d(), shape=flat.shape[:1])
        return node.reshaped(pooled, (*pooled.shape, 1)) if node.flag("keepdims", 1) else pooled
    if ours != [2, 3] or len(x.shape) != 3:
        raise OnnxError(f"{node}: over the axes {axes} of {x} is not supported, only over the two axes of maps")
    C = x.shape[0]
    if not node.flag("keepdims", 1):
        order = [axis for axis in x.order if axis < 2]
        pooled = node.then(x, GlobalAvgPool2d() if mean else GlobalMaxPool2d(), shape=(C,))
        return Value(pooled.source, pooled.shape, tuple(order))
    layers: list[Layer] = [AdaptiveAvgPool2d(1)] if mean else _maxima(node, x)
    pooled = node.then(x, *layers, shape=(C, 1, 1))
    return Value(pooled.source, pooled.shape, x.order)


READERS: dict[str, Reader] = {
    "AveragePool": _average_pool,
    "GlobalAveragePool": _global_average_pool,
    "GlobalMaxPool": _global_max_pool,
    "MaxPool": _max_pool,
    "ReduceMax": lambda node: _reduced(node, mean=False),
    "ReduceMean": lambda node: _reduced(node, mean=True),
}


# Writing


def _write_max_pool(writer: Writer, layer: MaxPool2d, path: str, x: str) -> str:
    options = {"dilations": layer.dilation, "ceil_mode": _ceil_mode(writer, layer, path, x)}
    return writer.node("MaxPool", path, [x], **_window(layer), **options)


def _write_avg_pool(writer: Writer, layer: AvgPool2d, path: str, x: str) -> str:
    options = {"ceil_mode": _ceil_mode(writer, layer, path, x), "count_include_pad": int(layer.count_include_pad)}
    return writer.node("AveragePool", path, [x], **_window(layer), **options)


def _window(layer: Any) -> dict[str, Any]:
    left, right, top, bottom = sides("pooling", layer.padding)
    return {"kernel_shape": layer.kernel_size, "strides": layer.stride, "pads": (top, left, bottom, right)}


def _ceil_mode(writer: Writer, layer: Any, path: str, x: str) -> int:
    """The `ceil_mode` attribute: whether the last window extends past the edge.

    A last window that would start past the image is dropped here; the ONNX standard says so only since opset 22.
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


def _write_global(op: str) -> Emitter:
    def write(writer: Writer, layer: Layer, path: str, x: str) -> str:
        maps = writer.step(op, f"{path}.maps", [x], (writer.shapes[x][0], 1, 1))
        return writer.node("Flatten", path, [maps])

    return write


def _write_adaptive_avg_pool(writer: Writer, layer: AdaptiveAvgPool2d, path: str, x: str) -> str:
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


WRITERS: dict[type, Emitter] = {
    AdaptiveAvgPool2d: _write_adaptive_avg_pool,
    AvgPool2d: _write_avg_pool,
    GlobalAvgPool2d: _write_global("GlobalAveragePool"),
    GlobalMaxPool2d: _write_global("GlobalMaxPool"),
    MaxPool2d: _write_max_pool,
}
