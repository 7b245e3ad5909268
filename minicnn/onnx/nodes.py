"""A node of an ONNX graph, as readers see it: each access is also a check."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..layers import Join, Layer
from ..ops.contract import Array
from .building import Building
from .files import OnnxError, package
from .values import Shape, Value, checked

LARGEST = 10_000  # of any kernel, stride, padding or dilation
SIZE_NEEDED = "depends on the input's size; give load(…, input_shape=(C, H, W))"


class Node:
    """One operation.

    Attributes:
        op: the operator.
        name: its own, or its output's, for messages.
        opset: the version of the operator set, on which some semantics depend.
        inputs: the names of its inputs; "" for an omitted optional input.
        outputs: the names of its outputs.
        attributes: all of them; readers access them through the methods below.
        building: the model so far.
    """

    def __init__(self, proto: Any, opset: int, building: Building) -> None:
        self.op, self.opset, self.building = proto.op_type, opset, building
        self.inputs, self.outputs = list(proto.input), list(proto.output)
        self.name = proto.name or next((name for name in self.outputs if name), "")
        self.attributes = {attribute.name: _value(attribute) for attribute in proto.attribute}
        self._asked_for: set[str] = set()
        self._constants: dict[int, Array] = {}

    def __str__(self) -> str:
        return f"{self.op} {self.name!r:.80}"

    # Attributes

    def attribute(self, name: str, default: Any = None) -> Any:
        """The value of an attribute."""
        self._asked_for.add(name)
        value = self.attributes.get(name, default)
        if default is not None and not _of_the_kind(value, default):
            raise OnnxError(f"{self}: expected {name} to be of the kind of {default!r}, got {value!r:.80}")
        return value

    def flag(self, name: str, default: int = 0) -> bool:
        """An attribute that is 0 or 1: implementations disagree about other numbers."""
        value = self.attribute(name, default)
        if value not in (0, 1):
            raise OnnxError(f"{self}: expected {name} to be 0 or 1, got {value}")
        return bool(value)

    def integers(self, name: str, default: Sequence[int]) -> tuple[int, ...]:
        """An attribute with as many integers as the default, each within limits."""
        values = tuple(self.attribute(name, list(default)))
        if len(values) != len(default) or not all(0 <= value <= LARGEST for value in values):
            raise OnnxError(
                f"{self}: expected {name} to be {len(default)} numbers in 0…{LARGEST}, got {list(values)!s:.80}"
            )
        return values

    def expect(self, name: str, value: Any) -> None:
        """Raise an error unless an attribute has this value, which is also its default."""
        if (found := self.attribute(name, value)) != value:
            raise OnnxError(f"{self}: {name}={found!r:.80} is not supported, only {value!r}")

    def rest_is_known(self) -> None:
        """Raise an error if an attribute was not read: it may change the meaning of the node."""
        for name in self.attributes.keys() - self._asked_for:
            raise OnnxError(f"{self}: the attribute {name}={self.attributes[name]!r:.80} is not supported")

    # Inputs

    def has(self, i: int) -> bool:
        return len(self.inputs) > i and self.inputs[i] != ""

    def is_constant(self, i: int) -> bool:
        return self.has(i) and self.inputs[i] in self.building.constants

    def constant(self, i: int, ndim: int | None = None) -> Array:
        """An input that must be known before the network runs."""
        if i not in self._constants:
            array = self.building.constant(self.inputs[i]) if self.has(i) else None
            if array is None:
                raise OnnxError(f"{self}: expected input {i} to be an initializer or another constant")
            self._constants[i] = array
        array = self._constants[i]
        if ndim is not None and array.ndim != ndim:
            raise OnnxError(f"{self}: expected input {i} to have {ndim} axes, got shape {array.shape}")
        return array

    def optional(self, i: int) -> Array | None:
        return self.constant(i) if self.has(i) else None

    def number(self, i: int, default: float) -> float:
        """An input that is one number."""
        array = self.optional(i)
        if array is not None and array.size != 1:
            raise OnnxError(f"{self}: expected input {i} to be one number, got shape {array.shape}")
        return default if array is None else float(array.reshape(()))

    def whole(self, i: int) -> list[int]:
        """An input of integers, such as a shape."""
        array = self.constant(i)
        if array.ndim > 1 or array.size > LARGEST:
            raise OnnxError(f"{self}: expected input {i} to be a list of numbers, got shape {array.shape}")
        if np.isnan(array).any():
            raise OnnxError(f"{self}: its input {i} {SIZE_NEEDED}")
        if (array != np.round(array)).any():
            raise OnnxError(f"{self}: expected input {i} to be whole numbers, got {array.tolist()!s:.80}")
        return [int(value) for value in array.ravel()]

    def listed(self, name: str, i: int, since: int) -> list[int] | None:
        """Integers that are an attribute before an opset and an input since; None if there are none."""
        if self.opset >= since:
            return self.whole(i) if self.has(i) else None
        return list(self.attribute(name, [])) if name in self.attributes else None

    def as_it_lies(self, i: int) -> Value:
        """An input that must be computed from the images; its axes may be in another order."""
        name = self.inputs[i] if self.has(i) else ""
        if name not in self.building.values:
            raise OnnxError(f"{self}: expected its input {i} to be computed from the images")
        return self.building.values[name]

    def value(self, i: int) -> Value:
        """The same with its axes in order."""
        return self.straightened(self.as_it_lies(i))

    def straightened(self, x: Value) -> Value:
        """A value with its axes in order."""
        return self.building.straightened(self.name, x)

    def maps(self, i: int = 0) -> Value:
        """An input as maps (N, C, H, W)."""
        x = self.value(i)
        if len(x.shape) != 3:
            raise OnnxError(f"{self}: expected maps (N, C, H, W), got {x}")
        return x

    def with_channels(self, x: Value, channels: int) -> Shape:
        """The shape of maps; an error unless they have as many channels as the weights take."""
        C, H, W = x.shape
        if C not in (None, channels):
            raise OnnxError(f"{self}: its weights take {channels} channels, but it is given {C}")
        return channels, H, W

    def axis(self, value: Any, x: Value) -> int:
        """An axis of x, counted from either end, as an axis of the layer's output."""
        rank = len(x.order)
        if not isinstance(value, int) or not -rank <= value < rank:
            raise OnnxError(f"{self}: expected an axis of {x}, got {value!r:.80}")
        return x.order[value]

    # Results

    def fill(self, layer: Layer, **arrays: Array | None) -> None:
        """Set a layer's arrays: copies, because the file's own bytes are read-only."""
        for name, array in arrays.items():
            if array is None:
                continue
            shape = getattr(layer, name).shape
            if array.shape != shape or array.dtype.kind != "f":
                raise OnnxError(f"{self}: expected its {name} to be {shape} numbers, got {array.shape} {array.dtype}")
            setattr(layer, name, np.array(array, order="C"))

    def then(self, x: Value, *layers: Layer, shape: Shape | None = None) -> Value:
        """x after some layers in sequence; the shape is kept unless another is given."""
        source = x.source
        for layer in layers:
            last = layer is layers[-1]
            name = self.name if last else f"{self.name}_{type(layer).__name__.lower()}"
            source = self.building.add(name, layer, [source])
        if shape is None:
            return Value(source, x.shape, x.order)
        return Value.of(source, checked(f"{self}: its output", shape))

    def reshaped(self, x: Value, shape: Shape) -> Value:
        """x, its axes in order, in another shape."""
        return self.building.reshaped(self.name, x, checked(f"{self}: its output", shape))

    def joined(self, operation: str, values: Sequence[Value], shape: Shape, order: Sequence[int]) -> Value:
        """Several values, their axes in the same order, joined into one."""
        if len(values) == 1:
            return values[0]
        source = self.building.add(self.name, Join(operation), [value.source for value in values])
        return Value(source, checked(f"{self}: its output", shape), tuple(order))


Reader = Callable[[Node], "Value | list[Value | None]"]  # one value, or one for each output that is needed


def _value(attribute: Any) -> Any:
    """An attribute as a number, a string, a list or a TensorProto; a damaged one as None."""
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
