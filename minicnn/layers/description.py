"""A network's architecture as plain data, for files: what kind each layer is, its options, and what is inside it.

    {"type": "Sequential", "options": {}, "children": {"conv1": {"type": "Conv2d", "options": {"in_channels": 1, …}}}}

Children are told where the constructor takes them (`*layers`); others make theirs from their options.

Reading one builds layers of known types only: nothing is imported or executed because a file says so.
"""

from __future__ import annotations

from typing import Any

from .base import children_of, nearest
from .options import before_layers, options_of, takes_layers


def describe(layer: Any) -> dict[str, Any]:
    """The description of a layer and all that is inside it, ready for JSON.

    Raises:
        ValueError: the layer's constructor has an option that it does not store under its own name.
    """
    options = {name: list(v) if isinstance(v, tuple) else v for name, v in options_of(layer).items()}
    description: dict[str, Any] = {"type": type(layer).__name__, "options": options}
    if takes_layers(type(layer)) and (children := children_of(layer)):
        description["children"] = {name: describe(child) for name, child in children.items()}
    return description


def build(description: Any, layers: tuple[type, ...] = ()) -> Any:
    """The layer that a description tells of, its arrays not yet filled.

    Args:
        description: what `describe` returned.
        layers: layer types of your own that may occur in it.

    Raises:
        ValueError: the description is malformed, or names a type that is not known here.
    """
    from . import LAYERS

    known = LAYERS | {kind.__name__: kind for kind in layers}
    if not isinstance(description, dict) or not isinstance(description.get("type"), str):
        raise ValueError(f"expected the description of a layer (an object with a type), got {str(description)[:60]!r}")
    name = description["type"]
    if name not in known:
        hint = nearest(name, list(known))
        raise ValueError(f"unknown layer type {name!r}{hint}; give a type of your own as load(path, layers=[{name}])")
    options, children = description.get("options", {}), description.get("children", {})
    if not isinstance(options, dict) or not isinstance(children, dict):
        raise ValueError(f"{name}: expected options and children to be objects, got {type(options).__name__}")
    options = {key: tuple(value) if isinstance(value, list) else value for key, value in options.items()}
    inside = {child: build(inner, layers) for child, inner in children.items()}
    leading = [options.pop(key) for key in before_layers(known[name]) if key in options] if inside else []
    try:
        return known[name](*leading, *([inside] if inside else []), **options)
    except TypeError as error:
        raise ValueError(f"{name}: its options do not fit: {error}") from error
