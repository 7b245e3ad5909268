"""Layers run one after the other."""

from __future__ import annotations

import operator
from functools import cached_property
from typing import Any

from ..message import nearest
from ..ops.contract import Array
from .container import Container, has_parameters, prefixed, run
from .fusion import fused
from .running import LayerPullback, Pass, check_wants


class Sequential(Container):
    """Each layer takes the output of the one before: y = fₙ(… f₂(f₁(x))), and dx = f₁*(f₂*(… fₙ*(dy))).

    Where a pass does not look between them, convolution, ReLU and max pooling in a row run as one op: see `fusion`.

    Slices are networks that share the layers: `model[:3]`, or by name with both ends included, as in
    `model["conv1":"pool1"]` or `model["fc1":]`.
    """

    def __getitem__(self, key: Any) -> Any:
        if not isinstance(key, slice):
            return super().__getitem__(key)
        names = list(self.children)
        start = self._position(key.start, names)
        stop = self._position(key.stop, names)
        if isinstance(key.stop, str) and stop is not None:
            stop += 1
        return Sequential({name: self.children[name] for name in names[start : stop : key.step]})

    @staticmethod
    def _position(end: Any, names: list[str]) -> int | None:
        if isinstance(end, str) and end not in names:
            raise KeyError(f"Sequential has no layer {end!r}{nearest(end, names)}")
        return names.index(end) if isinstance(end, str) else end

    def forward(self, x: Array, pass_: Pass = Pass()) -> tuple[Array, LayerPullback]:
        self.check_paths(pass_)
        return self._chain.forward(self.children, x, pass_)

    @cached_property
    def _chain(self) -> Chain:
        return Chain(tuple(self.children))


class Chain:
    """Layers of a container that run in sequence. The first pass determines which of them can be fused."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self.names = names
        self._fused: dict[str, Any] = {}
        self._of: list[Any] = []  # the layers that were fused

    def __deepcopy__(self, memo: dict[int, Any]) -> Chain:
        """Without what was fused: the copied layers may be fused differently, once they are frozen."""
        return Chain(self.names)

    def _to_run(self, children: dict[str, Any], pass_: Pass) -> dict[str, Any]:
        """The layers to run for this pass, by name."""
        layers = [children[name] for name in self.names]
        if pass_.relu != "plain" or pass_.watch is not None or pass_.until is not None:
            return fused(dict(zip(self.names, layers, strict=True)), pass_)
        if len(layers) != len(self._of) or not all(map(operator.is_, layers, self._of)):
            self._fused, self._of = fused(dict(zip(self.names, layers, strict=True)), pass_), layers
        return self._fused

    def forward(self, children: dict[str, Any], x: Array, pass_: Pass) -> tuple[Array, LayerPullback]:
        """Run them in sequence, up to where the pass ends."""
        steps: list[tuple[str, Any, LayerPullback]] = []
        for name, layer in self._to_run(children, pass_).items():
            x, step = run(name, layer, x, pass_)
            steps.append((name, layer, step))
            if pass_.until is not None and pass_.within(name).ends_here:
                break

        def pullback(dy: Array, wants: str = "both") -> tuple[Array | None, dict[str, Array]]:
            check_wants(wants)
            gradients: list[dict[str, Array]] = []
            last = 0  # no earlier layer needs a gradient
            if wants == "parameters":
                trained = (i for i, (_, layer, _) in enumerate(steps) if has_parameters(layer))
                last = next(trained, len(steps))
            for i in range(len(steps) - 1, last - 1, -1):
                name, _, step = steps[i]
                if wants == "parameters":
                    dy, found = step(dy, "both" if i > last else "parameters")
                else:
                    dy, found = step(dy, wants)
                gradients.append(prefixed(name, found))
            dx = dy if wants != "parameters" else None
            return dx, {name: gradient for found in reversed(gradients) for name, gradient in found.items()}

        return x, pullback
