"""Branches side by side."""

from __future__ import annotations

from typing import Any

from .. import ops
from ..ops.contract import Array
from .container import Container, has_parameters, prefixed, run
from .pullback import LayerPullback, check_wants
from .running import Pass


class Concat(Container):
    """Every branch takes x, and the outputs are concatenated along the channels: y = [f₁(x), f₂(x), …].

    A pass that ends inside a branch runs only that branch.

    Source: Szegedy et al. (2015), Going deeper with convolutions, figure 2.
    """

    def forward(self, x: Array, pass_: Pass = Pass()) -> tuple[Array, LayerPullback]:
        self.check_paths(pass_)
        for name, branch in self.children.items():
            if pass_.within(name).ends_here:
                return alone(name, branch, x, pass_)
        outputs, steps = zip(*(run(name, branch, x, pass_) for name, branch in self.children.items()), strict=True)
        y, split = ops.concat(*outputs)
        trained = [has_parameters(branch) for branch in self.children.values()]

        def pullback(dy: Array, wants: str = "both") -> tuple[Array | None, dict[str, Array]]:
            check_wants(wants)
            dx: Any = None
            gradients: dict[str, Array] = {}
            for name, step, part, has in zip(self.children, steps, split(dy), trained, strict=True):
                if wants == "parameters" and not has:
                    continue
                dbranch, found = step(part, wants)
                dx = dbranch if dx is None else ops.add(dx, dbranch)[0]
                gradients |= prefixed(name, found)
            return dx, gradients

        return y, pullback


def alone(name: str, layer: Any, x: Array, pass_: Pass) -> tuple[Array, LayerPullback]:
    """Run one child and nothing else of its container."""
    y, step = run(name, layer, x, pass_)

    def pullback(dy: Array, wants: str = "both") -> tuple[Array | None, dict[str, Array]]:
        dx, found = step(dy, wants)
        return dx, prefixed(name, found)

    return y, pullback
