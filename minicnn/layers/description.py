"""A network's architecture as plain data, for files: the type of each layer, its options and its children.

    {"type": "Sequential", "options": {}, "children": {"conv1": {"type": "Conv2d", "options": {"in_channels": 1, …}}}}

Reading a description builds only layers of known types: a file cannot make the reader import or execute anything.
"""

from __future__ import annotations

import inspect
import json
from typing import Any

from ..message import nearest
from .base import Layer, check_composed
from .options import options_of, takes_layers
from .tree import arrays_of, children_of, walk


def describe(layer: Any) -> dict[str, Any]:
    """The description of a layer and its children, ready for JSON.

    Raises:
        ValueError: the layer's constructor has an option that it does not store under its own name.
    """
    options = {name: list(v) if isinstance(v, tuple) else v for name, v in options_of(layer).items()}
    description: dict[str, Any] = {"type": type(layer).__name__, "options": options}
    if children := children_of(layer):
        description["children"] = {name: describe(child) for name, child in children.items()}
    return description


def build(description: Any, layers: tuple[type, ...] = ()) -> Any:
    """The layer for a description; its arrays are not filled yet.

    A layer whose constructor takes no layers makes its own; they must match the description.

    Args:
        description: what `describe` returned.
        layers: your own layer types that may occur in it.

    Raises:
        ValueError: the description is malformed, or names a type that is unknown or makes other layers.
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
    kind = known[name]
    if options.get("bias", True) is None:
        options["bias"] = False  # as old files say
    try:
        if takes_layers(kind):
            return _given(kind, options, {child: build(inner, layers) for child, inner in children.items()})
        layer = kind(**options)
    except TypeError as error:
        raise ValueError(f"{name}: its options do not fit: {error}") from error
    made = _plain(describe(layer)).get("children", {})
    if made != children:
        raise ValueError(f"{name}: its class makes other layers from the options {options} than were there")
    return layer


def check_rebuildable(model: Any) -> None:
    """Raise an error if `build` could not rebuild this model, before an unreadable file is written.

    Only layer types from outside this package are in question, and only those are built.

    Raises:
        ValueError: a layer could not be rebuilt; the message names it and says why.
    """
    from . import LAYERS

    check_composed(model)
    own = {type(layer).__name__: type(layer) for _, layer in walk(model) if type(layer) not in LAYERS.values()}
    if own and not isinstance(model, Layer):
        raise ValueError(
            f"{type(model).__name__} could not be loaded again: derive it from minicnn.Layer, or put it into a "
            "Sequential"
        )
    for path, layer in walk(model):
        name = type(layer).__name__
        if name not in own:
            continue
        where = f"{path}: {name}" if path else name
        if name in LAYERS:
            raise ValueError(f"{where} could not be loaded again: minicnn has a layer of this name; choose another")
        try:
            description = _plain(describe(layer))
            twin = build(description, tuple(own.values()))
        except Exception as error:  # a constructor may raise anything
            raise ValueError(f"{where} could not be loaded again: {error}") from error
        before, after = (
            {n: a.shape for kind in ("parameters", "buffers") for n, a in arrays_of(one, kind).items()}
            for one in (layer, twin)
        )
        if _plain(describe(twin)) != description or before != after:
            raise ValueError(
                f"{where} could not be loaded again: built with its options {description['options']}, it has other "
                "layers or arrays than this one; make everything that differs an option of its constructor"
            )


def _given(kind: type, options: dict[str, Any], children: dict[str, Any]) -> Any:
    """A layer made from these options and children; options before `*layers` are passed by position."""
    parameters = inspect.signature(kind).parameters
    if not any(parameter.kind is parameter.VAR_POSITIONAL for parameter in parameters.values()):
        return kind(**options, **children)
    first = [
        options.pop(name)
        for name, parameter in parameters.items()
        if parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD) and name in options
    ]
    return kind(*first, *([children] if children else []), **options)


def _plain(description: dict[str, Any]) -> Any:
    """The description as it would be read back from a file."""
    return json.loads(json.dumps(description, allow_nan=False))
