"""How a pass through a network is run: an argument, never a global, a hook or a patch. And pullbacks of layers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..ops.contract import Array, Pullback, output_and_pullback
from ..ops.relu import RULES

WANTS = ("both", "input", "parameters")
LayerPullback = Callable[..., tuple[Any, dict[str, Array]]]


class Watch:
    """Records the outputs of chosen layers, and the gradients that arrive there in the backward pass.

    watch = Watch("conv2", "fire2.expand3x3")
    y, pullback = model.forward(x, Pass(watch=watch))
    pullback(dy)
    watch.activations["conv2"], watch.gradients["conv2"]

    Arrays in `inject` are added to the gradients that arrive at those layers when the pullback is called. So a function
    of several layers' activations is differentiated in one backward pass.
    """

    def __init__(self, *names: str) -> None:
        self.names = names
        self.activations: dict[str, Array] = {}
        self.gradients: dict[str, Array] = {}
        self.inject: dict[str, Array] = {}

    def __repr__(self) -> str:
        """The layers, and the shapes of what was recorded there."""
        parts = [f"{name}: {self.activations[name].shape}" if name in self.activations else name for name in self.names]
        return f"Watch({', '.join(parts)})"


@dataclass(frozen=True)
class Total:
    """Sums an array over all shards of a batch that are computed at the same time.

    Attributes:
        add: the sum.
        first: whether this shard, among those that one model computes, is the one that updates running statistics.
    """

    add: Callable[[Array], Array]
    first: bool


@dataclass(frozen=True)
class Pass:
    """How to run a pass.

    Attributes:
        train: dropout and batch statistics on.
        rng: the generator for dropout's masks; needed in training if there is dropout.
        relu: the rule for ReLU's backward pass: "plain", "guided", "deconv" or "linear" (see `ops.relu`).
        watch: layers to record, by their paths ("fire2.expand3x3").
        until: the path of the layer to stop after: its output is the pass's output.
        announce: called in the backward pass with a parameter's path and gradient (of its shape), as soon as it is
            computed.
        total: sums over the shards of a batch; with it, batch normalization uses the statistics of the whole batch.
        path: the path of the current layer; containers extend it as they descend.

    Raises:
        ValueError: the ReLU rule is unknown.
    """

    train: bool = False
    rng: np.random.Generator | None = None
    relu: str = "plain"
    watch: Watch | None = None
    until: str | None = None
    announce: Callable[[str, Array], None] | None = None
    total: Total | None = None
    path: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        if self.relu not in RULES:
            raise ValueError(f"Pass: expected relu to be one of {', '.join(RULES)}, got {self.relu!r}")

    def within(self, name: str) -> Pass:
        """The same pass, one level down."""
        inner = object.__new__(Pass)  # `replace` would check the rule again, in every layer of every step
        inner.__dict__.update(self.__dict__, path=f"{self.path}.{name}" if self.path else name)
        return inner

    @property
    def ends_here(self) -> bool:
        """Whether `until` names this layer or one inside it: nothing after it is run."""
        return self.until is not None and (self.until == self.path or self.until.startswith(self.path + "."))

    @property
    def watched(self) -> bool:
        return self.watch is not None and self.path in self.watch.names


def record(watch: Watch, path: str, y: Array, pullback: Any) -> Any:
    """Store a layer's output under its path, and make its pullback store the gradient that arrives."""
    watch.activations[path] = y

    def recording(dy: Array, wants: str = "both") -> Any:
        if path in watch.inject:
            dy = dy + watch.inject[path]
        watch.gradients[path] = dy
        return pullback(dy, wants)

    return recording


def announced(announce: Callable[[str, Array], None], path: str, pullback: Any) -> Any:
    """Make a layer's pullback announce its gradients immediately, not only when the whole backward pass is done."""

    def announcing(dy: Array, wants: str = "both") -> Any:
        dx, gradients = pullback(dy, wants)
        for name, gradient in gradients.items():
            announce(f"{path}.{name}", gradient)
        return dx, gradients

    return announcing


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
