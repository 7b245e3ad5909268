"""The contract of layers and models beyond that of ops."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from ..layers.running import Pass, Watch
from ..layers.tree import arrays_of, cast, walk
from .call import Call


def evaluation(call: Call) -> None:
    """Outside training nothing is drawn and nothing is updated: two passes agree to the last bit."""
    layer, x = _layer(call)
    before = copy.deepcopy(_state(layer))
    if not np.array_equal(layer.forward(x, Pass())[0], layer.forward(x, Pass())[0], equal_nan=True):
        raise call.error("evaluation", "two passes differ")
    for name, array in _state(layer).items():
        if not np.array_equal(array, before[name]):
            raise call.error("evaluation", f"a pass changed {name}")


def independence(call: Call) -> None:
    """Outside training an example's output does not depend on its neighbors in the batch."""
    layer, x = _layer(call)
    together = layer.forward(x, Pass())[0]
    for n in range(len(x)):
        call.check_close("independence", layer.forward(x[n : n + 1], Pass())[0][0], together[n], f"example {n} alone")


def watching(call: Call) -> None:
    """Watching the inside of a container changes nothing: fused or not, the numbers are the same."""
    layer, x = _layer(call)
    watch = Watch(*_paths(layer))
    y, pullback = layer.forward(x, Pass())
    watched, watched_pullback = layer.forward(x, Pass(watch=watch))
    call.check_close("watching", watched, y, "output, watched")
    dy = call.dy(y)
    (dx, grads), (watched_dx, watched_grads) = pullback(dy), watched_pullback(dy)
    call.check_close("watching", watched_dx, dx, "gradient of x, watched")
    for name, gradient in grads.items():
        call.check_close("watching", watched_grads[name], gradient, f"gradient of {name}, watched")
    for path in watch.names:
        if watch.activations[path].shape != watch.gradients[path].shape:
            raise call.error("watching", f"{path} and its gradient differ in shape")


def until(call: Call) -> None:
    """A pass that ends at a layer returns that layer's output in a whole pass."""
    layer, x = _layer(call)
    watch = Watch(*_paths(layer))
    layer.forward(x, Pass(watch=watch))
    for path in watch.names:
        call.check_close("until", layer.forward(x, Pass(until=path))[0], watch.activations[path], path)


LAYER_PROPERTIES = {
    "evaluation": evaluation,
    "independence": independence,
    "watching": watching,
    "until": until,
}


def _layer(call: Call) -> tuple[Any, Any]:
    """A copy of the layer in float64, and its input."""
    layer = copy.deepcopy(call.layer)
    cast(layer, np.float64)
    return layer, call.arguments[0]


def _state(layer: Any) -> dict[str, Any]:
    return arrays_of(layer, "parameters") | arrays_of(layer, "buffers")


def _paths(layer: Any) -> list[str]:
    return [path for path, _ in walk(layer) if path]
