"""The options that a layer was built with, and the call that builds it again."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np


def options_of(layer: Any) -> dict[str, Any]:
    """The options a layer was built with: the attributes named as its constructor's parameters.

    An option that became an array (`bias=True`) is returned as True or False.

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
        is_array = isinstance(value, np.ndarray) or name in getattr(layer, "parameter_names", ())
        options[name] = value is not None if is_array else value
    return options


def takes_layers(kind: type) -> bool:
    """Whether its constructor takes layers, as `Sequential`'s does; otherwise it makes its own."""
    kinds = {parameter.kind for parameter in inspect.signature(kind).parameters.values()}
    return not kinds.isdisjoint({inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD})


def before_layers(kind: type) -> list[str]:
    """The options that a constructor takes by position, before `*layers`: a call does not name them."""
    parameters = inspect.signature(kind).parameters
    names = list(parameters)
    starred = [name for name in names if parameters[name].kind is inspect.Parameter.VAR_POSITIONAL]
    return names[: names.index(starred[0])] if starred else []


def written_options(layer: Any) -> tuple[list[str], list[str]]:
    """The constructor's arguments as Python: options without a default by position, options that differ from their
    default by name.

        Conv2d(1, 10, 3, padding=1)  →  ["1", "10", "3"], ["padding=1"]

    A pair of equal numbers is written as one number for this package's layers, where they accept both.
    """
    parameters, leading = inspect.signature(type(layer)).parameters, before_layers(type(layer))
    positional, named = [], []
    for name, value in options_of(layer).items():
        default, kind = parameters[name].default, parameters[name].kind
        if value is None and isinstance(default, bool):  # an option that would have become an array
            value = False
        required = default is inspect.Parameter.empty and kind is not inspect.Parameter.KEYWORD_ONLY
        if required or name in leading:
            positional.append(_literal(value, layer, parameters[name].annotation))
        elif not _same(value, default, layer, name):
            named.append(f"{name}={_literal(value, layer, parameters[name].annotation)}")
    return positional, named


def _same(value: Any, default: Any, layer: Any, name: str) -> bool:
    if isinstance(value, tuple) and isinstance(default, int):
        return all(side == default for side in value)
    if default is None and name == "stride":  # pooling: the kernel's size
        return bool(value == layer.kernel_size)
    return bool(value == default)


def _literal(value: Any, layer: Any, annotation: Any) -> str:
    if isinstance(value, np.generic):
        value = value.item()
    pairs = type(layer).__module__.startswith("minicnn.layers.") and str(annotation).startswith(("Pair", "Padding"))
    if pairs and isinstance(value, tuple) and len(value) == 2 and value[0] == value[1]:
        return repr(value[0])
    return repr(value)
