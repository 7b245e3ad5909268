"""Layers connected as any acyclic graph."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from .. import ops
from ..message import nearest
from ..ops.contract import Array
from .base import Layer
from .container import Container, has_parameters
from .pullback import LayerPullback, check_wants
from .running import Pass
from .sequential import Chain


class Join(Layer):
    """Combine several arrays into one: by `ops.concat` along the channels, by `ops.add` or by `ops.mul`.

    Its forward takes a sequence of arrays and its pullback returns a tuple of gradients, so it can be used only in a
    `Graph`.

    Raises:
        ValueError: the operation is none of "concat", "add" and "mul".
    """

    OPERATIONS: ClassVar[dict[str, Any]] = {"concat": ops.concat, "add": ops.add, "mul": ops.mul}

    def __init__(self, operation: str) -> None:
        if not isinstance(operation, str) or operation not in self.OPERATIONS:
            known = ", ".join(self.OPERATIONS)
            raise ValueError(f"Join: expected operation to be one of {known}, got {operation!r:.80}")
        self.operation = operation

    def forward(self, x: Any, pass_: Pass = Pass()) -> tuple[Array, LayerPullback]:
        y, pullback = self.OPERATIONS[self.operation](*x)

        def split(dy: Array, wants: str = "both") -> tuple[Any, dict[str, Array]]:
            check_wants(wants)
            return (None if wants == "parameters" else pullback(dy)), {}

        return y, split


class Graph(Container):
    """Named layers; each takes the output of the layer before it, unless `inputs` names others.

        Graph(
            conv1=Conv2d(64, 64, 3, padding=1),
            relu1=ReLU(),
            conv2=Conv2d(64, 64, 3, padding=1),
            add=Join("add"),
            relu2=ReLU(),
            inputs={"add": ["conv2", "input"]},
        )

    "input" is the input of the graph; its output is that of the last layer. A layer must come after the layers it takes
    from, so there is no cycle. In the backward pass an array receives the sum of the gradients of all layers that took
    it.

    A pass that ends at a layer runs only what that layer depends on.

    Attributes:
        sources: the inputs of every layer, by name: "input", or layers before it.

    Raises:
        ValueError: a layer takes the output of no earlier layer, or several arrays without being a `Join`; or a layer's
            output is unused.
    """

    INPUT = "input"

    def __init__(self, *layers: Any, inputs: Mapping[str, Iterable[str]], **named: Any) -> None:
        super().__init__(*layers, **named)
        if not isinstance(inputs, Mapping):
            raise ValueError(f"Graph: expected inputs to be a dict, got {inputs!r:.80}")
        self.inputs = {name: _names(name, sources) for name, sources in inputs.items()}
        self.sources: dict[str, list[str]] = {}
        before = self.INPUT
        for name, layer in self.children.items():
            if name == self.INPUT:
                raise ValueError(f"Graph: {name!r} is the graph's own input; give the layer another name")
            sources = self.inputs.get(name, [before])
            for source in sources:
                if source != self.INPUT and source not in self.sources:
                    raise ValueError(f"Graph: {name!r} takes {source!r}, but there is no such layer before it")
            if len(sources) < 1 or (len(sources) > 1) != isinstance(layer, Join):
                raise ValueError(f"Graph: a Join takes several arrays, any other layer one; {name!r} takes {sources}")
            self.sources[name] = sources
            before = name
        for name in self.inputs:
            if name not in self.sources:
                raise ValueError(f"Graph: there is no layer {name!r}{nearest(name, list(self.sources))}")
        if unused := [name for name in self.sources if name not in self._needed(before)]:
            raise ValueError(f"Graph: nothing takes the output of {unused[0]!r}")
        self._rows = [Chain(tuple(row)) for row in self._in_rows()]

    def _needed(self, last: str) -> set[str]:
        """A layer and everything it depends on."""
        needed: set[str] = set()
        pending = [last]
        while pending:
            name = pending.pop()
            if name != self.INPUT and name not in needed:
                needed.add(name)
                pending += self.sources[name]
        return needed

    def _in_rows(self) -> list[list[str]]:
        """The layers split into rows without forks or joins, each of which is run like a `Sequential`."""
        takers = Counter(source for sources in self.sources.values() for source in sources)
        rows: list[list[str]] = []
        row_of: dict[str, list[str]] = {}
        for name, sources in self.sources.items():
            if len(sources) == 1 and sources[0] != self.INPUT and takers[sources[0]] == 1:
                row_of[name] = row_of[sources[0]]
            else:
                rows.append(row_of.setdefault(name, []))
            row_of[name].append(name)
        return rows

    def _trained(self) -> set[str]:
        """The last layers of the rows that have parameters, or depend on one that has."""
        trained: set[str] = set()
        for row in self._rows:
            has = any(has_parameters(self.children[name]) for name in row.names)
            if has or not trained.isdisjoint(self.sources[row.names[0]]):
                trained.add(row.names[-1])
        return trained

    def forward(self, x: Array, pass_: Pass = Pass()) -> tuple[Array, LayerPullback]:
        self.check_paths(pass_)
        last = next(reversed(self.sources))
        if pass_.until is not None:
            last = next((name for name in self.sources if pass_.within(name).ends_here), last)
        needed = self._needed(last)
        values: dict[str, Any] = {self.INPUT: x}
        steps: list[tuple[list[str], str, LayerPullback]] = []  # a row's inputs, its last layer, its pullback
        for row in self._rows:
            if row.names[0] not in needed:
                continue
            sources, end = self.sources[row.names[0]], row.names[-1]
            given: Any = [values[source] for source in sources]
            values[end], step = row.forward(self.children, given[0] if len(given) == 1 else given, pass_)
            steps.append((sources, end, step))

        def pullback(dy: Array, wants: str = "both") -> tuple[Array | None, dict[str, Array]]:
            check_wants(wants)
            trained = self._trained() if wants == "parameters" else set()
            arrived = {steps[-1][1]: dy}
            gradients: list[dict[str, Array]] = []
            for sources, name, step in reversed(steps):
                if wants == "parameters" and name not in trained:
                    continue
                only_parameters = wants == "parameters" and trained.isdisjoint(sources)
                dx, found = step(arrived.pop(name), wants if wants == "input" or only_parameters else "both")
                gradients.append(found)
                if not only_parameters:
                    for source, part in zip(sources, (dx,) if len(sources) == 1 else dx, strict=True):
                        arrived[source] = ops.add(arrived[source], part)[0] if source in arrived else part
            return (
                None if wants == "parameters" else arrived[self.INPUT],
                {name: gradient for found in reversed(gradients) for name, gradient in found.items()},
            )

        return values[steps[-1][1]], pullback


def _names(layer: str, sources: Any) -> list[str]:
    names: list[Any] = list(sources) if isinstance(sources, Iterable) and not isinstance(sources, str) else [None]
    if not all(isinstance(name, str) for name in names):
        raise ValueError(f"Graph: expected inputs of {layer!r} to be a list of layers' names, got {sources!r:.80}")
    return names
