"""Layers one after the other."""

from __future__ import annotations

from typing import Any

from ..ops.contract import Array
from .base import LayerPullback, check_wants, nearest
from .container import Container, has_parameters, prefixed, run
from .fusion import fused
from .running import Pass


class Sequential(Container):
    """Each layer takes the output of the one before: y = fₙ(… f₂(f₁(x))), and dx = f₁*(f₂*(… fₙ*(dy))).

    Slices are networks that share the layers: `model[:3]`, and by name with both ends included, as in
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
        return chain(self.children, x, pass_)


def chain(layers: dict[str, Any], x: Array, pass_: Pass) -> tuple[Array, LayerPullback]:
    """Run layers in a row, up to where the pass ends."""
    steps: list[tuple[str, LayerPullback]] = []
    first_trained = None  # nothing before it needs a gradient when only parameters are wanted
    for name, layer in fused(layers, pass_).items():
        x, step = run(name, layer, x, pass_)
        if first_trained is None and has_parameters(layer):
            first_trained = len(steps)
        steps.append((name, step))
        if pass_.within(name).ends_here:
            break

    def pullback(dy: Array, wants: str = "both") -> tuple[Array | None, dict[str, Array]]:
        check_wants(wants)
        gradients: list[dict[str, Array]] = []
        last = 0
        if wants == "parameters":
            if first_trained is None:
                return None, {}
            last = first_trained
        for i in range(len(steps) - 1, last - 1, -1):
            name, step = steps[i]
            if wants == "parameters":
                dy, found = step(dy, "both" if i > last else "parameters")
            else:
                dy, found = step(dy, wants)
            gradients.append(prefixed(name, found))
        return dy, {name: gradient for found in reversed(gradients) for name, gradient in found.items()}

    return x, pullback
