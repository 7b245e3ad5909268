"""Walking a network: the layers inside a layer, with their paths and arrays."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..ops.contract import Array


def walk(layer: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """A layer and all layers inside it, parents before children, with their paths.

    A layer and its body have the same path.
    """
    yield path, layer
    if (body := getattr(layer, "body", None)) is not None:
        yield from walk(body, path)
        return
    for name, child in children_of(layer).items():
        yield from walk(child, f"{path}.{name}" if path else name)


def children_of(layer: Any) -> dict[str, Any]:
    """The layers inside a layer, by name; empty if it has no `children`."""
    return dict(getattr(layer, "children", {}))


def arrays_of(layer: Any, kind: str) -> dict[str, Array]:
    """A layer's "parameters" or "buffers", which may be a dict, a method that returns one, or missing."""
    found = getattr(layer, kind, {})
    return dict(found() if callable(found) else found)


def dtype_of(layer: Any) -> np.dtype:
    """The precision that a layer computes in: that of its parameters, or float32 if it has none."""
    return next((array.dtype for array in arrays_of(layer, "parameters").values()), np.dtype(np.float32))


def cast(model: Any, dtype: Any) -> None:
    """Convert the arrays of a model and of all layers inside it to any dtype, in place."""
    for _, layer in walk(model):
        for kind in ("parameters", "buffers"):
            for name in getattr(layer, f"{kind[:-1]}_names", ()):
                array = getattr(layer, name)
                setattr(layer, name, None if array is None else array.astype(dtype))
            if isinstance(arrays := getattr(layer, kind, None), dict):
                arrays.update({name: array.astype(dtype) for name, array in arrays.items()})
