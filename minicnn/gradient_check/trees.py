"""Trees: arrays and other objects in nested tuples, lists and dicts. Everything that is not a container is a leaf."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

Tree = Any


class StructureError(ValueError):
    """Two trees have different structures: `path` says where, `expected` and `got` how they differ."""

    def __init__(self, path: str, expected: str, got: str) -> None:
        super().__init__(f"expected {expected}{f' at {path}' if path else ''}, got {got}")


def children(tree: Tree) -> list[tuple[str, Tree]] | None:
    """What a tuple, list or dict holds, each with its index as one writes it; None for a leaf."""
    if isinstance(tree, dict):
        return [(f"[{key!r}]", child) for key, child in tree.items()]
    if isinstance(tree, (tuple, list)):
        return [(f"[{i}]", child) for i, child in enumerate(tree)]
    return None


def leaves(tree: Tree, path: str = "") -> Iterator[tuple[str, Any]]:
    """All leaves with their paths, such as "['layers'][0]"; the path of a tree that is a leaf is empty."""
    below = children(tree)
    if below is None:
        yield path, tree
        return
    for index, child in below:
        yield from leaves(child, path + index)


def mapped(change: Callable[[str, Any], Any], tree: Tree, path: str = "") -> Tree:
    """The same structure, with change(path, leaf) in place of each leaf."""
    below = children(tree)
    if below is None:
        return change(path, tree)
    changed = [mapped(change, child, path + index) for index, child in below]
    if isinstance(tree, dict):
        return dict(zip(tree, changed, strict=True))
    return type(tree)(*changed) if hasattr(tree, "_fields") else type(tree)(changed)  # a named tuple


def paired(tree: Tree, other: Tree, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """The leaves of a tree, each with its path and the value there in another tree; None stands for everything below
    it.

    Raises:
        StructureError: the other tree has another structure.
    """
    below = children(tree)
    if below is None:
        yield path, tree, other
        return
    if other is None:
        yield from ((where, leaf, None) for where, leaf in leaves(tree, path))
        return
    found = children(other)
    if found is None or isinstance(tree, dict) is not isinstance(other, dict):
        raise StructureError(path, f"a {type(tree).__name__}", f"a {type(other).__name__}")
    there = dict(found)
    if there.keys() != dict(below).keys():
        raise StructureError(path, f"a {type(tree).__name__} with {_listed(below)}", f"one with {_listed(found)}")
    for index, child in below:
        yield from paired(child, there[index], path + index)


def _listed(below: list[tuple[str, Tree]]) -> str:
    return ", ".join(index for index, _ in below) or "nothing"
