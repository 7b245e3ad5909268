"""A network as the Python that builds it."""

from __future__ import annotations

import keyword
from typing import Any

from minicnn.layers import LAYERS, children_of, options_of, takes_layers, written_options

WIDTH = 100  # columns that a layer may take on one line


def python_code(model: Any) -> str:
    """Python that builds a model of the same layers, names and options; its arrays are not filled yet.

        namespace = {}
        exec(python_code(model), namespace)
        namespace["model"].load_state(model.state())         # now it computes the same

    Options that have their defaults are left out. Your own layers are written by their class's name, which must be
    defined when the code runs.

    Raises:
        ValueError: a layer has an option that it does not store under its own name.
    """
    return f"import minicnn as cnn\n\nmodel = {_build(model, 0)}\n"


def _build(layer: Any, depth: int) -> str:
    """The call that builds a layer; containers over several lines, indented."""
    name = f"cnn.{type(layer).__name__}" if _ours(layer) else type(layer).__name__
    children = children_of(layer) if takes_layers(type(layer)) else {}
    positional, named = written_options(layer)
    if not children:
        return f"{name}({', '.join(positional + named)})"
    inner = "    " * (depth + 1)
    rows = [_build(child, depth + 1) for child in children.values()]
    if list(children) == [str(i) for i in range(len(children))]:
        pass
    elif all(map(_is_keyword, children)) and not set(children) & set(options_of(layer)):
        rows = [f"{child}={row}" for child, row in zip(children, rows, strict=True)]
    else:
        pairs = [f"{child!r}: {row}" for child, row in zip(children, rows, strict=True)]
        rows = ["{" + ", ".join(pairs) + "}"]
    rows = positional + rows + named
    one_line = f"{name}({', '.join(rows)})"
    if "\n" not in one_line and len(inner) + len(one_line) <= WIDTH and depth:
        return one_line
    return f"{name}(\n" + "".join(f"{inner}{row},\n" for row in rows) + "    " * depth + ")"


def _ours(layer: Any) -> bool:
    return LAYERS.get(type(layer).__name__) is type(layer)


def _is_keyword(name: str) -> bool:
    return name.isidentifier() and not keyword.iskeyword(name) and name not in ("self", "layers")
