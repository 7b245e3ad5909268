"""A network as the Python that builds it."""

from __future__ import annotations

import inspect
import keyword
from typing import Any

import numpy as np

from minicnn.layers import LAYERS, children_of, options_of, takes_layers

WIDTH = 100  # columns that a layer may take on one line


def python_code(model: Any) -> str:
    """Python that builds a model of the same layers, names and options; its arrays have not yet their values.

        namespace = {}
        exec(python_code(model), namespace)
        namespace["model"].load_state(model.state())         # now it computes the same

    Options that have their defaults are left out. Layers of your own are written by their class's name, which must be
    there when the code runs.

    Raises:
        ValueError: a layer has an option that it does not store under its own name.
    """
    return f"import minicnn as cnn\n\nmodel = {_build(model, 0)}\n"


def _build(layer: Any, depth: int) -> str:
    """The call that builds a layer; containers over several lines, indented."""
    name = f"cnn.{type(layer).__name__}" if _ours(layer) else type(layer).__name__
    children = children_of(layer) if takes_layers(type(layer)) else {}
    positional, keywords = _options(layer)
    if not children:
        return f"{name}({', '.join([*positional, *keywords.values()])})"
    inner = "    " * (depth + 1)
    rows = [_build(child, depth + 1) for child in children.values()]
    if list(children) == [str(i) for i in range(len(children))]:
        pass
    elif all(map(_is_keyword, children)) and not set(children) & set(options_of(layer)):
        rows = [f"{child}={row}" for child, row in zip(children, rows, strict=True)]
    else:
        pairs = [f"{child!r}: {row}" for child, row in zip(children, rows, strict=True)]
        rows = ["{" + ", ".join(pairs) + "}"]
    rows = [*positional, *rows, *keywords.values()]
    one_line = f"{name}({', '.join(rows)})"
    if "\n" not in one_line and len(inner) + len(one_line) <= WIDTH and depth:
        return one_line
    return f"{name}(\n" + "".join(f"{inner}{row},\n" for row in rows) + "    " * depth + ")"


def _options(layer: Any) -> tuple[list[str], dict[str, str]]:
    """The constructor's arguments: by position those without a default, by name those that are not at theirs."""
    parameters = inspect.signature(type(layer)).parameters
    before_layers = any(p.kind is p.VAR_POSITIONAL for p in parameters.values())  # such options have no names in a call
    positional: list[str] = []
    keywords: dict[str, str] = {}
    for name, value in options_of(layer).items():
        default, kind = parameters[name].default, parameters[name].kind
        if value is None and isinstance(default, bool):  # an option that would have become an array
            value = False
        if kind is not inspect.Parameter.KEYWORD_ONLY and (default is inspect.Parameter.empty or before_layers):
            positional.append(_written(value, layer))
        elif not _same(value, default, layer, name):
            keywords[name] = f"{name}={_written(value, layer)}"
    return positional, keywords


def _same(value: Any, default: Any, layer: Any, name: str) -> bool:
    if isinstance(value, tuple) and isinstance(default, int):
        return all(side == default for side in value)
    if default is None and name == "stride":  # pooling: the kernel's size
        return bool(value == layer.kernel_size)
    return bool(value == default)


def _written(value: Any, layer: Any) -> str:
    """A value as Python; a pair of equal numbers as one of them, which our layers take too."""
    if isinstance(value, np.generic):
        value = value.item()
    if _ours(layer) and isinstance(value, tuple) and len(value) == 2 and value[0] == value[1]:
        return repr(value[0])
    return repr(value)


def _ours(layer: Any) -> bool:
    return LAYERS.get(type(layer).__name__) is type(layer)


def _is_keyword(name: str) -> bool:
    return name.isidentifier() and not keyword.iskeyword(name) and name not in ("self", "layers")
