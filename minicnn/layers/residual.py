"""Residual blocks: layers with a shortcut around them."""

from __future__ import annotations

from typing import Any

from .. import ops
from ..ops.contract import Array
from .concat import alone
from .container import Container, has_parameters, prefixed, run
from .running import LayerPullback, Pass, check_wants
from .sequential import Chain


class Residual(Container):
    """The layers, run in sequence, learn what to add to the input: y = f(x) + s(x).

    The layer named `shortcut` is s; without one, s(x) = x. All other layers are f.

    A pass that ends inside f or s runs only that branch.

    Raises:
        ValueError: there is no layer besides the shortcut, or `shortcut_name` is not a string.

    Source: He et al. (2016), Deep residual learning for image recognition, equations 1 and 2.
    """

    def __init__(self, *layers: Any, shortcut_name: str = "shortcut", **named: Any) -> None:
        super().__init__(*layers, **named)
        if not isinstance(shortcut_name, str):
            raise ValueError(f"Residual: expected shortcut_name to be a string, got {shortcut_name!r:.80}")
        self.shortcut_name = shortcut_name
        if set(self.children) == {shortcut_name}:
            raise ValueError(f"Residual: expected at least one layer besides {shortcut_name!r}, got none")
        self._body = Chain(tuple(name for name in self.children if name != shortcut_name))

    def forward(self, x: Array, pass_: Pass = Pass()) -> tuple[Array, LayerPullback]:
        self.check_paths(pass_)
        name = self.shortcut_name
        shortcut = self.children.get(name)
        if any(pass_.within(child).ends_here for child in self._body.names):
            return self._body.forward(self.children, x, pass_)
        if shortcut is not None and pass_.within(name).ends_here:
            return alone(name, shortcut, x, pass_)
        learned, body_pullback = self._body.forward(self.children, x, pass_)
        if shortcut is None:
            y, _ = ops.add(learned, x)
        else:
            around, shortcut_pullback = run(name, shortcut, x, pass_)
            y, _ = ops.add(learned, around)

        def pullback(dy: Array, wants: str = "both") -> tuple[Array | None, dict[str, Array]]:
            check_wants(wants)
            dx, gradients = body_pullback(dy, wants)
            if shortcut is None:
                return (None if wants == "parameters" else ops.add(dx, dy)[0]), gradients
            if wants == "parameters" and not has_parameters(shortcut):
                return None, gradients
            daround, found = shortcut_pullback(dy, wants)
            return (None if wants == "parameters" else ops.add(dx, daround)[0]), gradients | prefixed(name, found)

        return y, pullback
