"""Pullbacks of layers: dy → (dx, gradients by parameter name), made from the pullbacks of ops."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..ops.contract import Array, Pullback, output_and_pullback
from .running import Pass

WANTS = ("both", "input", "parameters")
LayerPullback = Callable[..., tuple[Any, dict[str, Array]]]


def run_layer(layer: Any, x: Any, pass_: Pass = Pass()) -> tuple[Array, LayerPullback]:
    """A layer's forward. Its pullback may be None if no backward pass will follow.

    Raises:
        ValueError: it does not return (y, pullback).
    """
    returned = layer.forward(x, pass_)
    if isinstance(returned, tuple) and len(returned) == 2:
        return returned
    return output_and_pullback(f"{type(layer).__name__}.forward", returned)


def layer_pullback(pullback: Pullback, *names: str) -> LayerPullback:
    """An op's pullback dy → (dx, dweight, …) as a layer's: dy → (dx, {"weight": dweight, …})."""

    def named(dy: Array, wants: str = "both") -> tuple[Array | None, dict[str, Array]]:
        check_wants(wants)
        dx, *gradients = pullback(dy, (wants != "parameters",) + (wants != "input",) * len(names))
        found = zip(names, gradients, strict=True)
        return dx, {} if wants == "input" else {name: gradient for name, gradient in found if gradient is not None}

    return named


def without_parameters(pullback: LayerPullback) -> LayerPullback:
    """The pullback of a frozen layer: dy → (dx, {})."""

    def frozen(dy: Array, wants: str = "both") -> tuple[Array | None, dict[str, Array]]:
        check_wants(wants)
        return (None if wants == "parameters" else pullback(dy, "input")[0]), {}

    return frozen


def check_wants(wants: str) -> None:
    if wants not in WANTS:
        raise ValueError(f"pullback: expected wants to be one of {', '.join(WANTS)}, got {wants!r}")
