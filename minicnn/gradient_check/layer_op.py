"""Layers and models seen as ops, for `gradcheck` and `minicnn.testing`."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..layers.base import check_composed
from ..layers.running import Pass
from ..layers.tree import arrays_of, cast
from ..ops.contract import kind_of
from .contract import GradientError, output_and_pullback, takes
from .search import Array
from .trees import Tree, leaves, mapped


class LayerOp:
    """A layer or model as an op: its input and its parameters become arguments, `op(x, *parameters)`.

    Each call runs a copy of the layer in the dtype of its arguments; the layer itself is not changed.
    """

    def __init__(self, layer: Any, seed: int) -> None:
        check_composed(layer)
        self.layer, self.seed = layer, seed
        self.names = ["x", *arrays_of(layer, "parameters")]
        self.__name__ = type(layer).__name__

    def arguments(self, x: Tree) -> list[Tree]:
        x = mapped(lambda _, leaf: np.asarray(leaf), x)
        return [x, *(array.copy() for array in arrays_of(self.layer, "parameters").values())]

    def __call__(self, x: Tree, *parameters: Array, **options: Any) -> tuple[Tree, Callable[..., Any]]:
        twin = copy.deepcopy(self.layer)
        cast(twin, np.result_type(*(a.dtype for _, a in [*leaves(x), *leaves(parameters)] if a.dtype.kind in "fc")))
        for name, live, value in zip(self.names[1:], arrays_of(twin, "parameters").values(), parameters, strict=True):
            if live.dtype != value.dtype:
                raise ValueError(
                    f"gradcheck: {self.__name__} keeps {name} in {live.dtype}; make it float64, or name it in "
                    "parameter_names, so that it can be converted"
                )
            live[...] = value
        returned = twin.forward(x, Pass(**{"rng": np.random.default_rng(self.seed), **options}))
        y, layer_pullback = output_and_pullback(f"{self.__name__}.forward", returned)
        if not takes(layer_pullback, y, "both"):
            raise GradientError(
                f"{self.__name__}: expected a pullback(dy, wants), wants one of both, input, parameters; "
                f"got pullback{inspect.signature(layer_pullback)}"
            )

        def pullback(dy: Any, wants: Sequence[bool] = (True,) * (1 + len(parameters))) -> tuple[Array | None, ...]:
            some = any(wants[1:])
            returned = layer_pullback(dy, "both" if wants[0] and some else "parameters" if some else "input")
            if not (isinstance(returned, tuple) and len(returned) == 2 and isinstance(returned[1], dict)):
                raise GradientError(
                    f"{self.__name__}: expected its pullback to return (dx, gradients by name), got {kind_of(returned)}"
                )
            dx, grads = returned
            if some and set(grads) != set(self.names[1:]) and not options.get("until"):
                raise GradientError(f"{self.__name__}: expected gradients of {self.names[1:]}, got {sorted(grads)}")
            # A pass that ends early returns no gradient for layers it did not run: it is zero.
            found = (grads.get(name, np.zeros_like(p)) for name, p in zip(self.names[1:], parameters, strict=True))
            gradients = [dx, *found]
            return tuple(gradient if want else None for gradient, want in zip(gradients, wants, strict=True))

        return y, pullback
