"""What Sequential, Concat and Residual share: named layers, and access to them by path."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..message import nearest
from ..ops.contract import Array
from .base import Layer
from .pullback import LayerPullback, run_layer, without_parameters
from .running import Pass, announced, record
from .tree import arrays_of, children_of, walk


class Container(Layer):
    """Layers by name: as keywords, as one dict, or as positional arguments, which are named "0", "1", …

    `container["fire2.expand3x3"]` is the layer at a path, `container[0]` the layer at a position.

    Raises:
        ValueError: there are no layers, or an object is not a layer.
    """

    def __init__(self, *layers: Any, **named: Any) -> None:
        if len(layers) == 1 and isinstance(layers[0], dict):
            named = layers[0] | named
        else:
            named = {str(i): layer for i, layer in enumerate(layers)} | named
        kind = type(self).__name__
        if not named:
            raise ValueError(f"{kind}: expected at least one layer, got none")
        for name, layer in named.items():
            if not callable(getattr(layer, "forward", None)):
                raise ValueError(f"{kind}: expected {name!r} to be a layer with a forward(x, pass_), got {layer!r}")
            if not name or "." in name:
                raise ValueError(f"{kind}: expected names without dots, got {name!r}")
        self._children = named

    @property
    def children(self) -> dict[str, Any]:
        return self._children

    def __len__(self) -> int:
        return len(self._children)

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, int):
            return list(self._children.values())[key]
        name, _, rest = key.partition(".")
        if name not in self._children:
            raise KeyError(f"{type(self).__name__} has no layer {name!r}{nearest(name, list(self._children))}")
        child = self._children[name]
        return child[rest] if rest else child

    def _headline(self) -> str:
        leaves = sum(not children_of(layer) for _, layer in walk(self))
        count = sum(array.size for array in (self.state() if self.frozen else self.parameters()).values())
        return f"{leaves} layers, {count:,} {'numbers, frozen' if self.frozen else 'parameters'}"

    def __repr__(self) -> str:
        lines = [f"{name}={layer!r},".replace("\n", "\n    ") for name, layer in self._children.items()]
        return f"{type(self).__name__}(\n    " + "\n    ".join(lines) + "\n)"

    def check_paths(self, pass_: Pass) -> None:
        """In the outermost container: raise an error if the pass watches, or ends at, a layer that does not exist."""
        if pass_.path or (pass_.watch is None and pass_.until is None):
            return
        known = [path for path, _ in walk(self) if path]
        for path in (*(pass_.watch.names if pass_.watch else ()), *([pass_.until] if pass_.until else ())):
            if path not in known:
                raise ValueError(f"Pass: there is no layer {path!r}{nearest(path, known)}")


def run(name: str, layer: Any, x: Array, pass_: Pass) -> tuple[Array, LayerPullback]:
    """Run one child: one level down, watched if the pass says so, its errors prefixed with its path."""
    inner = pass_.within(name)
    try:
        y, pullback = run_layer(layer, x, inner)
    except ValueError as error:
        if children_of(layer) and str(error).startswith(f"{inner.path}."):
            raise  # its message already names the layer inside
        if getattr(x, "dtype", np.dtype(float)).kind in "iub":
            raise ValueError(
                f"{inner.path}: expected floating-point input, got {x.dtype}; model.transform(images) makes it from "
                "images, and so do cnn.predict and cnn.evaluate"
            ) from error
        raise ValueError(f"{inner.path}: {error}") from error
    if getattr(layer, "frozen", False) and not children_of(layer):
        pullback = without_parameters(pullback)
    if pass_.announce is not None and not children_of(layer):
        pullback = announced(pass_.announce, inner.path, pullback)
    if inner.watched:
        assert pass_.watch is not None
        pullback = record(pass_.watch, inner.path, y, pullback)
    return y, pullback


def has_parameters(layer: Any) -> bool:
    return bool(arrays_of(layer, "parameters"))


def prefixed(name: str, gradients: dict[str, Array]) -> dict[str, Array]:
    return {f"{name}.{key}": gradient for key, gradient in gradients.items()}
