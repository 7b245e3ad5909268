"""Arithmetic on maps: Add, Sub, Mul, Div, Sum of values and constants; BatchNormalization and LRN."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..layers import (
    Affine,
    BatchNorm1d,
    BatchNorm2d,
    Conv2d,
    ConvTranspose2d,
    Dense,
    LocalResponseNorm,
    Scale,
)
from ..ops.contract import Array
from .emitting import Emitter, Writer
from .files import OnnxError
from .nodes import Node, Reader
from .unrolled import normalized, power
from .values import Shape, Value

# Reading


def _add(node: Node) -> Value:
    found = _constant_and_value(node)
    if found is None:
        return _joined(node, "add")
    i, x = found
    shift = per_channel(node, i, x)
    layer = node.building.behind(x)
    if isinstance(layer, Conv2d | ConvTranspose2d | Dense) and layer.bias is None and x.shape[0] is not None:
        layer.bias = np.zeros(x.shape[0], np.float32)  # MatMul and Add together are a dense layer
        node.fill(layer, bias=np.broadcast_to(shift, x.shape[0]))
        return x
    if isinstance(layer, Affine) and layer.bias is None and len(shift) in (1, layer.num_features):
        layer.bias = np.zeros_like(layer.weight)
        node.fill(layer, bias=np.broadcast_to(shift, layer.num_features))
        return x
    if isinstance(layer, Scale) and layer.shift == 0 and len(shift) == 1:
        layer.shift = float(shift[0])
        return x
    return _affine(node, x, np.ones(1, shift.dtype), shift)


def _sub(node: Node) -> Value:
    found = _constant_and_value(node)
    if found is None:
        less, more = node.as_it_lies(1), node.as_it_lies(0)
        negative = Value(node.building.add(f"{node.name}_negative", Scale(-1.0), [less.source]), less.shape, less.order)
        return _joined(node, "add", [more, negative])
    i, x = found
    c = per_channel(node, i, x)
    one = np.ones(1, c.dtype)
    return _affine(node, x, one, -c) if i == 1 else _affine(node, x, -one, c)


def _mul(node: Node) -> Value:
    found = _constant_and_value(node)
    if found is None:
        return _joined(node, "mul")
    i, x = found
    return _affine(node, x, per_channel(node, i, x), None)


def _div(node: Node) -> Value:
    found = _constant_and_value(node)
    if found is None:
        return normalized(node, node.as_it_lies(0), node.as_it_lies(1))
    if found[0] == 0:
        raise OnnxError(f"{node}: dividing by a value computed from the images is not supported, only by a constant")
    divisor = per_channel(node, 1, found[1])
    with np.errstate(divide="ignore", over="ignore"):
        factor = 1 / divisor
    if np.isinf(factor[divisor != 0]).any():
        raise OnnxError(f"{node}: one over its constant is more than {divisor.dtype} holds")
    return _affine(node, found[1], factor, None)


def _pow(node: Node) -> Value:
    """A small integer power is a product; other powers may be part of a local response normalization."""
    x, exponent = node.as_it_lies(0), node.number(1, 0)
    return _joined(node, "mul", [x] * int(exponent)) if exponent in (1, 2, 3, 4) else power(node, x, exponent)


def _constant_and_value(node: Node) -> tuple[int, Value] | None:
    """The constant input and the other one; None if neither is constant."""
    constants = [i for i in range(len(node.inputs)) if node.is_constant(i)]
    if not constants:
        return None
    if len(node.inputs) != 2 or len(constants) != 1:
        raise OnnxError(f"{node}: expected two inputs, at most one of them a constant")
    return constants[0], node.as_it_lies(1 - constants[0])


def per_channel(node: Node, i: int, x: Value) -> Array:
    """A constant input as (C,) or (1,) numbers: one for each channel of x, or one for all."""
    array, axes = node.constant(i), x.axes
    sizes = (1,) * (len(axes) - array.ndim) + array.shape
    long = [axis for axis, size in enumerate(sizes) if size != 1]
    C = x.shape[0] if x.shape else None
    if array.dtype.kind != "f" or len(sizes) > len(axes):
        raise OnnxError(f"{node}: expected numbers for the channels of {x}, got {array.dtype} of shape {array.shape}")
    if [x.order[axis] for axis in long] not in ([], [1]) or (long and C not in (None, sizes[long[0]])):
        raise OnnxError(f"{node}: expected one number, or one for each channel of {x}, got a constant {array.shape}")
    return array.reshape(-1)


def _affine(node: Node, x: Value, factor: Array, shift: Array | None) -> Value:
    """factor · x + shift; two single numbers are treated as fixed, not learned."""
    if len(factor) == 1 and (shift is None or len(shift) == 1):
        return node.then(x, Scale(float(factor[0]), 0.0 if shift is None else float(shift[0])))
    C = max(len(factor), 1 if shift is None else len(shift))
    layer = Affine(C, bias=shift is not None)
    node.fill(layer, weight=np.broadcast_to(factor, C), bias=None if shift is None else np.broadcast_to(shift, C))
    return node.then(x, layer)


def _sum(node: Node) -> Value:
    return _joined(node, "add")


def _concat(node: Node) -> Value:
    xs = _in_one_order(node)
    first = xs[0]
    if node.axis(node.attribute("axis"), first) != 1:
        raise OnnxError(f"{node}: axis={node.attribute('axis')} of {first} is not supported, only the channels'")
    for x in xs:
        _fit(node, first, x, first.shape[1:], x.shape[1:])
    channels = [x.shape[0] for x in xs]
    total = None if None in channels else sum(filter(None, channels))
    return node.joined("concat", xs, (total, *first.shape[1:]), first.order)


def _joined(node: Node, operation: str, values: Sequence[Value] | None = None) -> Value:
    """Values of one shape; in a product, axes of length 1 may differ."""
    xs = _in_one_order(node, values)
    first, shape = xs[0], list(xs[0].shape)
    for x in xs[1:]:
        if operation == "mul" and len(x.shape) == len(shape):
            shape = [b if a == 1 else a for a, b in zip(shape, x.shape, strict=True)]
        _fit(node, first, x, tuple(shape), x.shape, repeated=operation == "mul")
    return node.joined(operation, xs, tuple(shape), first.order)


def _fit(node: Node, first: Value, x: Value, a: Shape, b: Shape, repeated: bool = False) -> None:
    if len(a) == len(b):
        pairs = zip(a, b, strict=True)
        if all(m == n or None in (m, n) or (repeated and 1 in (m, n)) for m, n in pairs):
            return
    raise OnnxError(f"{node}: {first} and {x} do not fit together")


def _in_one_order(node: Node, values: Sequence[Value] | None = None) -> list[Value]:
    """The inputs, with their axes put in order if they are not all in the same order."""
    if values is None:
        if any(node.is_constant(i) for i in range(len(node.inputs))):
            raise OnnxError(f"{node}: joining with constants is not supported")
        values = [node.as_it_lies(i) for i in range(len(node.inputs))]
    if not values:
        raise OnnxError(f"{node}: expected at least one input, got none")
    if len({x.order for x in values}) == 1:
        return list(values)
    return [node.straightened(x) for x in values]


def _batch_norm(node: Node) -> Value:
    node.expect("training_mode", 0)
    node.expect("spatial", 1)
    scale, shift, mean, var = (node.constant(i, ndim=1) for i in range(1, 5))
    x = node.value(0)
    kind: type[BatchNorm2d] = BatchNorm1d if len(x.shape) == 1 else BatchNorm2d
    if kind is BatchNorm1d:
        if x.shape[0] not in (None, len(scale)):
            raise OnnxError(f"{node}: its weights take {len(scale)} features, but it is given {x.shape[0]}")
        shape: Shape = (len(scale),)
    else:
        x = node.maps()
        shape = node.with_channels(x, len(scale))
    layer = kind(len(scale), node.attribute("epsilon", 1e-5), 1 - node.attribute("momentum", 0.9))
    node.fill(layer, weight=scale, bias=shift, running_mean=mean, running_var=var)
    return node.then(x, layer, shape=shape)


def _lrn(node: Node) -> Value:
    size = node.attribute("size", 0)
    if size not in range(1, 2**16, 2):  # an even window is off center to the other side in ONNX
        raise OnnxError(f"{node}: expected an odd size, got {size}")
    constants = {"alpha": 1e-4, "beta": 0.75, "bias": 1.0}
    alpha, beta, k = (float(node.attribute(name, default)) for name, default in constants.items())
    return node.then(node.maps(), LocalResponseNorm(size, alpha, beta, k))


READERS: dict[str, Reader] = {
    "Add": _add,
    "BatchNormalization": _batch_norm,
    "Concat": _concat,
    "Div": _div,
    "LRN": _lrn,
    "Mul": _mul,
    "Pow": _pow,
    "Sub": _sub,
    "Sum": _sum,
}


# Writing


def _write_affine(writer: Writer, layer: Affine, path: str, x: str) -> str:
    after = (1,) * (len(writer.shapes[x]) - 1)
    weight = writer.array(f"{path}.weight", layer.weight.reshape(-1, *after))
    if layer.bias is None:
        return writer.node("Mul", path, [x, weight])
    scaled = writer.step("Mul", f"{path}.scaled", [x, weight], writer.shapes[x])
    return writer.node("Add", path, [scaled, writer.array(f"{path}.bias", layer.bias.reshape(-1, *after))])


def _write_scale(writer: Writer, layer: Scale, path: str, x: str) -> str:
    factor, shift = (writer.number(f"{path}.{name}", getattr(layer, name)) for name in ("factor", "shift"))
    return writer.node("Add", path, [writer.step("Mul", f"{path}.scaled", [x, factor], writer.shapes[x]), shift])


def _write_batch_norm(writer: Writer, layer: BatchNorm2d, path: str, x: str) -> str:
    inputs = [x, *writer.arrays(layer, path, "weight", "bias", "running_mean", "running_var")]
    return writer.node("BatchNormalization", path, inputs, epsilon=layer.eps, momentum=1 - layer.momentum)


def _write_lrn(writer: Writer, layer: LocalResponseNorm, path: str, x: str) -> str:
    if layer.size % 2 == 0:
        raise OnnxError(f"{path}: ONNX counts an even size ({layer.size}) from the other side; use an odd one")
    return writer.node("LRN", path, [x], size=layer.size, alpha=layer.alpha, beta=layer.beta, bias=layer.k)


WRITERS: dict[type, Emitter] = {
    Affine: _write_affine,
    BatchNorm1d: _write_batch_norm,
    BatchNorm2d: _write_batch_norm,
    LocalResponseNorm: _write_lrn,
    Scale: _write_scale,
}
