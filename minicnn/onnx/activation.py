"""Activations and dropout: operators that keep the shape."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..layers import (
    ELU,
    GELU,
    Clip,
    Dropout,
    Dropout2d,
    Erf,
    Hardsigmoid,
    Hardswish,
    Layer,
    LeakyReLU,
    LogSoftmax,
    PReLU,
    ReLU,
    Sigmoid,
    SiLU,
    Softmax,
    Tanh,
)
from .arithmetic import per_channel
from .emitting import Emitter, Writer, plain
from .files import OnnxError
from .nodes import Node, Reader
from .values import Value

LARGEST_FLOAT = float(np.finfo(np.float32).max)  # how a missing bound of Clip was written before opset 11

# Reading


def _pointwise(layer: Callable[[Node], Layer]) -> Reader:
    """The axes may be in any order."""
    return lambda node: node.then(node.as_it_lies(0), layer(node))


def _clip(node: Node) -> Value:
    if node.opset < 11:
        low, high = node.attribute("min", -LARGEST_FLOAT), node.attribute("max", LARGEST_FLOAT)
    else:
        low, high = node.number(1, -LARGEST_FLOAT), node.number(2, LARGEST_FLOAT)
    return _clipped(node, node.as_it_lies(0), low, high)


def _bound(node: Node, low: float = -LARGEST_FLOAT, high: float = LARGEST_FLOAT) -> Value:
    """Max or Min of the images' value and a number, on either side."""
    constants = [i for i in range(len(node.inputs)) if node.is_constant(i)]
    if len(node.inputs) != 2 or len(constants) != 1:
        raise OnnxError(f"{node}: of several maps is not supported, only of one and a number")
    number = node.number(constants[0], 0)
    x = node.as_it_lies(1 - constants[0])
    return _clipped(node, x, *((number, high) if node.op == "Max" else (low, number)))


def _clipped(node: Node, x: Value, low: float, high: float) -> Value:
    if not low <= high:
        raise OnnxError(f"{node}: expected min not above max, got {low} and {high}")
    if low == 0 and high >= LARGEST_FLOAT:
        return node.then(x, ReLU())
    return node.then(x, Clip(low if low > -LARGEST_FLOAT else None, high if high < LARGEST_FLOAT else None))


def _prelu(node: Node) -> Value:
    x = node.as_it_lies(0)
    slope = per_channel(node, 1, x)
    layer = PReLU(len(slope))
    node.fill(layer, weight=slope)
    return node.then(x, layer)


def _softmax(kind: type[Softmax] | type[LogSoftmax]) -> Reader:
    def read(node: Node) -> Value:
        x = node.as_it_lies(0)
        given = node.attribute("axis", 1 if node.opset < 13 else -1)
        axis = node.axis(given, x)
        # Until opset 13, all axes from this one on were combined.
        if axis == 0 or (node.opset < 13 and any(n != 1 for n in x.axes[given % len(x.axes) + 1 :])):
            raise OnnxError(f"{node}: axis={given} of {x} is not supported")
        return node.then(x, kind(axis))

    return read


def _dropout(node: Node) -> Value:
    p = node.attribute("ratio", 0.5) if node.opset < 12 else node.number(1, 0.5)
    node.attribute("seed")
    if node.number(2, 0):
        raise OnnxError(f"{node}: training_mode is not supported")
    if not 0 <= p <= 1:
        raise OnnxError(f"{node}: expected ratio to be a probability, got {p}")
    return node.then(node.as_it_lies(0), Dropout(p))


READERS: dict[str, Reader] = {
    "Clip": _clip,
    "Dropout": _dropout,
    "Elu": _pointwise(lambda node: ELU(node.attribute("alpha", 1.0))),
    "Erf": _pointwise(lambda node: Erf()),
    "Gelu": _pointwise(lambda node: GELU(node.attribute("approximate", "none"))),
    "HardSigmoid": _pointwise(lambda node: Hardsigmoid(node.attribute("alpha", 0.2), node.attribute("beta", 0.5))),
    "HardSwish": _pointwise(lambda node: Hardswish()),
    "LeakyRelu": _pointwise(lambda node: LeakyReLU(node.attribute("alpha", 0.01))),
    "LogSoftmax": _softmax(LogSoftmax),
    "Max": _bound,
    "Min": _bound,
    "PRelu": _prelu,
    "Relu": _pointwise(lambda node: ReLU()),
    "Sigmoid": _pointwise(lambda node: Sigmoid()),
    "Softmax": _softmax(Softmax),
    "Tanh": _pointwise(lambda node: Tanh()),
}


# Writing


def _with(op: str, **options: str) -> Emitter:
    """A node whose attributes are options of the layer."""

    def write(writer: Writer, layer: Any, path: str, x: str) -> str:
        return writer.node(op, path, [x], **{name: getattr(layer, option) for name, option in options.items()})

    return write


def _write_clip(writer: Writer, layer: Clip, path: str, x: str) -> str:
    bounds = {"min": layer.low, "max": layer.high}
    given = ["" if v is None else writer.number(f"{path}.{name}", v) for name, v in bounds.items()]
    return writer.node("Clip", path, [x, *given])


def _write_dropout(writer: Writer, layer: Dropout, path: str, x: str) -> str:
    return writer.node("Dropout", path, [x, writer.number(f"{path}.ratio", layer.p)])


def _write_prelu(writer: Writer, layer: PReLU, path: str, x: str) -> str:
    slope = layer.weight.reshape(-1, *(1,) * (len(writer.shapes[x]) - 1))
    return writer.node("PRelu", path, [x, writer.array(f"{path}.weight", slope)])


def _write_silu(writer: Writer, layer: SiLU, path: str, x: str) -> str:
    return writer.node("Mul", path, [x, writer.step("Sigmoid", f"{path}.sigmoid", [x], writer.shapes[x])])


def _write_gelu(writer: Writer, layer: GELU, path: str, x: str) -> str:
    """x/2 · (1 + erf(x / √2)), or with a tanh: the operator of this name exists only since opset 20."""
    shape = writer.shapes[x]

    def step(op: str, name: str, *inputs: str) -> str:
        return writer.step(op, f"{path}.{name}", list(inputs), shape)

    def number(name: str, value: float) -> str:
        return writer.number(f"{path}.{name}", value)

    if layer.approximate == "none":
        bent = step("Erf", "erf", step("Mul", "scaled", x, number("root", float(np.sqrt(0.5)))))
    else:
        cube = step("Mul", "cube", step("Mul", "square", x, x), x)
        inner = step("Add", "inner", x, step("Mul", "bend", cube, number("third", 0.044715)))
        bent = step("Tanh", "tanh", step("Mul", "scaled", inner, number("root", float(np.sqrt(2 / np.pi)))))
    half = step("Mul", "half", x, number("one_half", 0.5))
    return writer.node("Mul", path, [half, step("Add", "raised", bent, number("one", 1.0))])


WRITERS: dict[type, Emitter] = {
    Clip: _write_clip,
    Dropout: _write_dropout,
    Dropout2d: _write_dropout,
    ELU: _with("Elu", alpha="alpha"),
    Erf: plain("Erf"),
    GELU: _write_gelu,
    Hardsigmoid: _with("HardSigmoid", alpha="alpha", beta="beta"),
    Hardswish: plain("HardSwish"),
    LeakyReLU: _with("LeakyRelu", alpha="negative_slope"),
    LogSoftmax: _with("LogSoftmax", axis="axis"),
    PReLU: _write_prelu,
    ReLU: plain("Relu"),
    SiLU: _write_silu,
    Sigmoid: plain("Sigmoid"),
    Softmax: _with("Softmax", axis="axis"),
    Tanh: plain("Tanh"),
}
