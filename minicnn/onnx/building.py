"""The model that is being read: its layers so far, and what is known of every value by its name."""

from __future__ import annotations

from collections import Counter
from typing import Any

from ..layers import Flatten, Graph, Layer, LogSoftmax, Permute, Reshape, Sequential, Softmax
from ..ops.contract import Array
from .files import OnnxError, Tensors
from .values import Shape, Value

ENDS = (Softmax, LogSoftmax)  # what classifiers end in, and losses do without


class Building:
    """A graph of ours, as it grows.

    Attributes:
        batch: how many images the file says it takes at a time, if it does.
        uses: how many nodes that are needed take a value, by its name.
        values: what is computed from the images, by name.
        constants: what is known before the network runs: initializers as they are in the file, or arrays.
        layers: by their names, and `sources`: what each of them takes.
    """

    def __init__(self, tensors: Tensors, batch: int | None, uses: Counter[str]) -> None:
        self.tensors, self.batch, self.uses = tensors, batch, uses
        self.values: dict[str, Value] = {}
        self.constants: dict[str, Any] = {}
        self.layers: dict[str, Layer] = {}
        self.sources: dict[str, list[str]] = {}
        self._names: dict[str, list[str]] = {}  # of the values that a layer gives
        self._times: Counter[str] = Counter()  # how often a name was wanted again

    def constant(self, name: str) -> Array | None:
        """An array that is known before the network runs, or None. Each call is counted: it is about to be copied."""
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
        """Put a layer into the graph, under a name of its own."""
        stem = name.replace(".", "/").strip("/") or type(layer).__name__.lower()
        name = stem
        while name in self.layers or name == Graph.INPUT:
            self._times[stem] += 1
            name = f"{stem}_{self._times[stem] + 1}"
        self.layers[name], self.sources[name] = layer, sources
        return name

    def behind(self, value: Value) -> Layer | None:
        """The layer that gives a value, if nothing but the node that is being read takes what it gives."""
        if any(self.uses[name] > 1 for name in self._names.get(value.source, [])):
            return None
        return self.layers.get(value.source)

    def straightened(self, name: str, value: Value) -> Value:
        """A value with its axes in order, which takes a layer where they are not."""
        if value.in_order:
            return value
        if value.order[0] != 0:
            raise OnnxError(f"{name!r:.80}: expected the batch to be the first axis, but it was transposed to {value}")
        shape = tuple(value.shape[axis - 1] for axis in value.order[1:])
        moved = [axis for axis in value.order[1:] if value.shape[axis - 1] != 1]
        if moved == sorted(moved):  # an axis of length 1 is moved by name alone
            return self.reshaped(name, Value(value.source, value.shape, tuple(range(len(value.order)))), shape)
        return Value.of(self.add(f"{name}_permute", Permute(value.order), [value.source]), shape)

    def reshaped(self, name: str, value: Value, shape: Shape) -> Value:
        """A value, its axes in order, in another shape: by one layer, however many nodes say so in a row."""
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
        return Value.of(self.add(name, Reshape([size or 0 for size in shape]), [source]), shape)

    def model(self, name: str, keep_softmax: bool) -> Sequential | Graph:
        """The layers that a value depends on, which becomes the model's output."""
        value = self.straightened(name, self.values[name])
        last = value.source
        if not keep_softmax:
            last = self._without_softmax(last)
        if len(value.shape) == 3 and value.shape[1:] == (1, 1):
            last = self.add("flatten", Flatten(), [last])
        if last == Graph.INPUT:
            raise OnnxError("its output is its input: there is no network in between")
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
        """Take a softmax over the classes from the end, behind which there may be flattening."""
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
