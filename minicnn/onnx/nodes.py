"""A node of an ONNX graph, as the importers see it: each question asked of it is also a check."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from ..layers import Layer
from ..ops.contract import Array
from .files import MOST_VALUES, OnnxError, package

Shape = tuple[int | None, ...]  # without the batch: (C, H, W) or (F,); None where it is not known
Imported = tuple[list[Layer], Shape]  # what a node becomes, and the shape of what that gives
LARGEST = 10_000  # of any kernel, stride, padding or dilation


class Node:
    """One operation.

    Attributes:
        op: its kind.
        name: its own, or its output's, for messages.
        opset: the version of the operator set, on which some meanings depend.
        batch: how many pictures the graph takes at a time, if it says so.
        inputs: the names of what it takes; "" where an optional input is left out.
        outputs: the names of what it gives.
        attributes: all of them; importers ask by the methods below.
    """

    def __init__(self, proto: Any, opset: int, batch: int | None, constant: Callable[[str], Array | None]) -> None:
        self.op, self.opset, self.batch = proto.op_type, opset, batch
        self.inputs, self.outputs = list(proto.input), list(proto.output)
        self.name = proto.name or (self.outputs[0] if self.outputs else "")
        self.attributes = {attribute.name: _value(attribute) for attribute in proto.attribute}
        self._constant, self._asked_for = constant, set[str]()

    def __str__(self) -> str:
        return f"{self.op} {self.name!r:.80}"

    def attribute(self, name: str, default: Any = None) -> Any:
        """One of its attributes."""
        self._asked_for.add(name)
        value = self.attributes.get(name, default)
        if default is not None and not _of_the_kind(value, default):
            raise OnnxError(f"{self}: expected {name} to be of the kind of {default!r}, got {value!r:.80}")
        return value

    def integers(self, name: str, default: Sequence[int]) -> tuple[int, ...]:
        """An attribute of as many whole numbers as the default has, each within reason."""
        values = tuple(self.attribute(name, list(default)))
        if len(values) != len(default) or not all(0 <= value <= LARGEST for value in values):
            raise OnnxError(
                f"{self}: expected {name} to be {len(default)} numbers in 0…{LARGEST}, got {list(values)!s:.80}"
            )
        return values

    def expect(self, name: str, value: Any) -> None:
        """Refuse another value than this one, which stands for the default as well."""
        if (found := self.attribute(name, value)) != value:
            raise OnnxError(f"{self}: {name}={found!r:.80} is not supported, only {value!r}")

    def rest_is_known(self) -> None:
        """Refuse attributes that nobody asked for: they may change what the node means."""
        for name in self.attributes.keys() - self._asked_for:
            raise OnnxError(f"{self}: the attribute {name}={self.attributes[name]!r:.80} is not supported")

    def has(self, i: int) -> bool:
        return len(self.inputs) > i and self.inputs[i] != ""

    def constant(self, i: int, ndim: int | None = None) -> Array:
        """The input at this place, which must be known before the network runs."""
        array = self._constant(self.inputs[i]) if self.has(i) else None
        if array is None:
            raise OnnxError(f"{self}: expected input {i} to be an initialiser or a Constant")
        if ndim is not None and array.ndim != ndim:
            raise OnnxError(f"{self}: expected input {i} to have {ndim} axes, got shape {array.shape}")
        return array

    def optional(self, i: int) -> Array | None:
        return self.constant(i) if self.has(i) else None

    def number(self, i: int, default: float) -> float:
        """An input of one number."""
        array = self.optional(i)
        if array is not None and array.size != 1:
            raise OnnxError(f"{self}: expected input {i} to be one number, got shape {array.shape}")
        return default if array is None else float(array.reshape(()))

    def maps(self, x: Shape) -> Shape:
        """x, refused unless it is (C, H, W)."""
        if len(x) != 3:
            raise OnnxError(f"{self}: expected pictures (N, C, H, W), got {spelled(x)}")
        return x

    def vector(self, x: Shape) -> Shape:
        """x, refused unless it is (F,)."""
        if len(x) != 1:
            raise OnnxError(f"{self}: expected vectors (N, F), got {spelled(x)}; flatten them first")
        return x


def _value(attribute: Any) -> Any:
    """An attribute as a number, a string, a list or a TensorProto; one that is damaged as None."""
    try:
        value = package().helper.get_attribute_value(attribute)
    except ValueError:
        return None
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    return list(value) if hasattr(value, "__iter__") and not isinstance(value, str) else value


def _of_the_kind(value: Any, default: Any) -> bool:
    if isinstance(default, list):
        return isinstance(value, list) and all(type(v) is int for v in value)
    return isinstance(value, int | float) if isinstance(default, float) else type(value) is type(default)


def spelled(x: Shape) -> str:
    """A shape with its batch axis, as people write it."""
    return f"({', '.join(['N', *('?' if size is None else str(size) for size in x)])})"


def checked(node: Node, y: Shape) -> Shape:
    """A shape, refused where it is empty or beyond all reason."""
    known = [size for size in y if size is not None]
    if min(known, default=1) < 1 or math.prod(known) > MOST_VALUES:
        raise OnnxError(f"{node}: its output would have the absurd shape {spelled(y)}")
    return y
