"""Containers as ONNX: the nodes of their layers, connected accordingly."""

from __future__ import annotations

from ..layers import Concat, Graph, Join, Residual, Sequential
from .emitting import Emitter, Writer, below


def _sequential(writer: Writer, layer: Sequential, path: str, x: str) -> str:
    for name, child in layer.children.items():
        x = writer.emit(child, below(path, name), x)
    return x


def _concat(writer: Writer, layer: Concat, path: str, x: str) -> str:
    branches = [writer.emit(child, below(path, name), x) for name, child in layer.children.items()]
    return writer.node("Concat", path, branches, axis=1)


def _residual(writer: Writer, layer: Residual, path: str, x: str) -> str:
    learned = around = x
    for name, child in layer.children.items():
        if name == layer.shortcut_name:
            around = writer.emit(child, below(path, name), x)
        else:
            learned = writer.emit(child, below(path, name), learned)
    return writer.node("Add", path, [learned, around])


def _graph(writer: Writer, layer: Graph, path: str, x: str) -> str:
    values = {layer.INPUT: x}
    for name, child in layer.children.items():
        given = [values[source] for source in layer.sources[name]]
        if isinstance(child, Join):
            values[name] = _join(writer, child, below(path, name), given)
        else:
            values[name] = writer.emit(child, below(path, name), *given)
    return values[name]


def _join(writer: Writer, layer: Join, path: str, xs: list[str]) -> str:
    if layer.operation == "concat":
        return writer.node("Concat", path, xs, axis=1)
    if layer.operation == "add":
        return writer.node("Add" if len(xs) == 2 else "Sum", path, xs)
    *firsts, last = xs
    product = firsts[0]
    for i, x in enumerate(firsts[1:], start=2):  # Mul takes two inputs
        shape = _repeated(writer.shapes[product], writer.shapes[x])
        product = writer.step("Mul", f"{path}.product{i}", [product, x], shape)
    return writer.node("Mul", path, [product, last])


def _repeated(a: tuple[int, ...], b: tuple[int, ...]) -> tuple[int, ...]:
    """The shape of a product with broadcasting along axes of length 1."""
    return tuple(max(m, n) for m, n in zip(a, b, strict=True))


WRITERS: dict[type, Emitter] = {Concat: _concat, Graph: _graph, Residual: _residual, Sequential: _sequential}
