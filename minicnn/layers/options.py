"""What a layer was built with, and the call that builds it again."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import numpy as np

Parameters = inspect.Parameter


def options_of(layer: Any) -> dict[str, Any]:
    """The options a layer was built with: the attributes named as its constructor's parameters.

    An option that became an array (`bias=True`) is given as whether there is one.

    Raises:
        ValueError: an option is not stored under its own name.
    """
    options = {}
    for name, parameter in inspect.signature(type(layer)).parameters.items():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        if not hasattr(layer, name):
            raise ValueError(f"{type(layer).__name__}: expected the option {name!r} to be stored as self.{name}")
        value = getattr(layer, name)
        options[name] = True if isinstance(value, np.ndarray) else value
    return options


def takes_layers(kind: type) -> bool:
    """Whether the layers inside are arguments of the constructor (`*layers`), or made by it from its options."""
    return any(p.kind is Parameters.VAR_POSITIONAL for p in inspect.signature(kind).parameters.values())


def before_layers(kind: type) -> list[str]:
    """The options that a constructor takes by place, before `*layers`."""
    names: list[str] = []
    for name, parameter in inspect.signature(kind).parameters.items():
        if parameter.kind is Parameters.VAR_POSITIONAL:
            return names
        names.append(name)
    return []


def written_options(layer: Any) -> tuple[list[str], list[str]]:
    """The constructor's arguments as Python: those by place, then those by name that are not the defaults.

        Conv2d(1, 10, 3, padding=1)  →  ["1", "10", "3"], ["padding=1"]

    A pair of equal numbers is written as one of them, where the default is one number, or ours.
    """
    parameters = inspect.signature(type(layer)).parameters
    leading = before_layers(type(layer)) if takes_layers(type(layer)) else []
    return (
        [text for name, text in _written(layer, parameters, leading) if not name],
        [f"{name}={text}" for name, text in _written(layer, parameters, leading) if name],
    )


def _written(layer: Any, parameters: Any, leading: list[str]) -> Iterator[tuple[str, str]]:
    for name, value in options_of(layer).items():
        default = parameters[name].default
        if value is None and isinstance(default, bool):  # an option that would have become an array
            value = False
        by_place = default is Parameters.empty and parameters[name].kind is not Parameters.KEYWORD_ONLY
        if by_place or name in leading:
            yield "", _literal(value, layer)
        elif not _same(value, default, layer, name):
            yield name, _literal(value, layer)


def _same(value: Any, default: Any, layer: Any, name: str) -> bool:
    if isinstance(value, tuple) and isinstance(default, int):
        return all(side == default for side in value)
    if default is None and name == "stride":  # pooling: the kernel's size
        return bool(value == layer.kernel_size)
    return bool(value == default)


def _literal(value: Any, layer: Any) -> str:
    if isinstance(value, np.generic):
        value = value.item()
    ours = type(layer).__module__.startswith("minicnn.layers.")
    if ours and isinstance(value, tuple) and len(value) == 2 and value[0] == value[1]:
        return repr(value[0])
    return repr(value)
