"""The model being read: its layers so far, and what is known of every value, by name."""

from __future__ import annotations

from collections import Counter
from typing import Any

from ..layers import Flatten, Graph, Layer, LogSoftmax, Permute, Reshape, Sequential, Softmax
from ..ops.contract import Array
from .files import OnnxError, Tensors
from .values import Shape, Value

ENDS = (Softmax, LogSoftmax)  # a classifier's last layer, which losses do not need


class Building:
    """The graph of layers under construction.

    Attributes:
        batch: the batch size that the file declares, if it does.
        uses: how many of the needed nodes take a value, by name.
        values: values computed from the images, by name.
        constants: values known before the network runs: initializers as in the file, or arrays.
        layers: by name, and `sources`: the inputs of each.
    """

    def __init__(self, tensors: Tensors, batch: int | None, uses: Counter[str]) -> None:
        self.tensors, self.batch, self.uses = tensors, batch, uses
        self.values: dict[str, Value] = {}
        self.constants: dict[str, Any] = {}
        self.layers: dict[str, Layer] = {}
        self.sources: dict[str, list[str]] = {}
        self._names: dict[str, list[str]] = {}  # of a layer's output values
        self._times: Counter[str] = Counter()  # how often a name was requested again

    def constant(self, name: str) -> Array | None:
        """An array that is known before the network runs, or None. Each call is counted, because the array will be
        copied."""
        found = self.constants.get(name)
        if found is None:
            return None
        if hasattr(found, "data_type"):
            return self.tensors.array(found)
        array: Array = found
        (self.tensors.compute if any(array.strides) else self.tensors.fill)(array.nbytes)
        return array

    def give(self, name: str, value: Value) -> None:
        self.values[name] = value
        self._names.setdefault(value.source, []).append(name)

    def add(self, name: str, layer: Layer, sources: list[str]) -> str:
        """Add a layer to the graph, under a unique name."""
        stem = name.replace(".", "/").strip("/") or type(layer).__name__.lower()
        name = stem
        while name in self.layers or name == Graph.INPUT:
            self._times[stem] += 1
            name = f"{stem}_{self._times[stem] + 1}"
        self.layers[name], self.sources[name] = layer, sources
        return name

    def behind(self, value: Value) -> Layer | None:
        """The layer that outputs a value, if only the node being read uses it."""
        if any(self.uses[name] > 1 for name in self._names.get(value.source, [])):
            return None
        return self.layers.get(value.source)

    def straightened(self, name: str, value: Value) -> Value:
        """A value with its axes in order, if necessary by an additional layer."""
        if value.in_order:
            return value
        if value.order[0] != 0:
            raise OnnxError(f"{name!r:.80}: expected the batch to be the first axis, but it was transposed to {value}")
        shape = tuple(value.shape[axis - 1] for axis in value.order[1:])
        moved = [axis for axis in value.order[1:] if value.shape[axis - 1] != 1]
        if moved == sorted(moved):  # moving an axis of length 1 changes only its name
            return self.reshaped(name, Value(value.source, value.shape, tuple(range(len(value.order)))), shape)
        return Value.of(self.add(f"{name}_permute", Permute(value.order), [value.source]), shape)

    def reshaped(self, name: str, value: Value, shape: Shape) -> Value:
        """A value, its axes in order, in another shape: by one layer, however many nodes in a row do it."""
        if value.shape == shape:
            return value
        source = value.source
        if isinstance(self.behind(value), Flatten | Reshape):
            (source,) = self.sources.pop(source)
            del self.layers[value.source]
        if len(shape) == 1:
            return Value.of(self.add(name, Flatten(), [source]), shape)
        if None in shape:
            raise OnnxError(
                f"the shape of {name!r:.80} depends on the input's size; give load(…, input_shape=(C, H, W))"
            )
        return Value.of(self.add(name, Reshape([size for size in shape if size is not None]), [source]), shape)

    def model(self, name: str, keep_softmax: bool) -> Sequential | Graph:
        """The layers that a value depends on, which becomes the model's output."""
        value = self.straightened(name, self.values[name])
        last = value.source
        if not keep_softmax:
            last = self._without_softmax(last)
        if len(value.shape) == 3 and value.shape[1:] == (1, 1):
            last = self.add("flatten", Flatten(), [last])
        if last == Graph.INPUT:
            raise OnnxError("its output is its input: the graph has no layers")
        needed, pending = set(), [last]
        while pending:
            name = pending.pop()
            if name != Graph.INPUT and name not in needed:
                needed.add(name)
                pending += self.sources[name]
        layers = {name: layer for name, layer in self.layers.items() if name in needed}
        inputs, before = {}, Graph.INPUT
        for name in layers:
            if self.sources[name] != [before]:
                inputs[name] = self.sources[name]
            before = name
        return Graph(layers, inputs=inputs) if inputs else Sequential(layers)

    def _without_softmax(self, last: str) -> str:
        """Remove a final softmax over the classes, possibly followed by flattening."""
        after, name = "", last
        while isinstance(self.layers.get(name), Flatten):
            after, (name,) = name, self.sources[name]
        layer = self.layers.get(name)
        if not isinstance(layer, ENDS) or layer.axis != 1:
            return last
        (before,) = self.sources[name]
        if not after:
            return before
        self.sources[after] = [before]
        return last
