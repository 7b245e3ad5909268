"""Ops of tuples, lists and dicts of arrays as ops of plain arrays with one output."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from ..gradient_check.contract import GradientError, is_float, output_and_pullback
from ..gradient_check.trees import StructureError, Tree, children, leaves, mapped, paired
from .arrays import Array


def one_output(y: Tree, pullback: Callable[..., Any]) -> tuple[Array, Callable[..., Any]]:
    """The floating-point outputs as one array, and the pullback of that.

    A single output is returned as it is, such as the first of `max_pool2d(..., return_indices=True)`; several as one
    row of all their entries.
    """
    floats = [np.asarray(leaf) for _, leaf in leaves(y) if _is_output(leaf)]
    if children(y) is None or (isinstance(y, tuple) and len(floats) == 1):
        return (floats[0] if floats else y), pullback
    ends = list(pairwise(np.cumsum([0, *(a.size for a in floats)])))

    def of_the_row(dy: Array, **options: Any) -> Any:
        parts = iter(dy[a:b].reshape(f.shape) for (a, b), f in zip(ends, floats, strict=True))
        return pullback(mapped(lambda _, leaf: next(parts) if _is_output(leaf) else None, y), **options)

    of_the_row.__wrapped__ = pullback  # type: ignore[attr-defined]  # its own signature tells whether it takes `wants`
    return np.concatenate([a.reshape(-1) for a in floats]), of_the_row


def of_plain_arrays(op: Callable[..., Any], arguments: Sequence[Tree]) -> tuple[Callable[..., Any], list[Any]]:
    """An op that takes the leaves of its arguments one after the other, and those leaves.

    An argument's gradient is requested if one of its leaves is wanted; unwanted leaves are None.
    """
    if all(children(argument) is None for argument in arguments):
        return op, list(arguments)
    title = getattr(op, "__name__", type(op).__name__)
    owners = [argument for argument in arguments if any(is_float(leaf) for _, leaf in leaves(argument))]
    counts = [sum(is_float(leaf) for _, leaf in leaves(owner)) for owner in owners]

    def flat(*given: Any, **options: Any) -> tuple[Any, Callable[..., Any]]:
        rest = iter(given)
        y, pullback = output_and_pullback(title, op(*(mapped(lambda *_: next(rest), a) for a in arguments), **options))

        def gradients(dy: Any, wants: Sequence[bool] = (True,) * sum(counts)) -> Any:
            ends = pairwise(np.cumsum([0, *counts]))
            some = {} if all(wants) else {"wants": tuple(any(wants[a:b]) for a, b in ends)}
            returned = pullback(dy, **some)
            if not isinstance(returned, tuple) or len(returned) != len(owners):
                return returned  # the property `shapes` says what is wrong
            found: list[Any] = []
            for owner, gradient in zip(owners, returned, strict=True):
                try:
                    found += [g for _, leaf, g in paired(owner, gradient) if is_float(leaf)]
                except StructureError as error:
                    raise GradientError(f"{title}: a gradient: {error}") from None
            return tuple(g if want else None for g, want in zip(found, wants, strict=True))

        return y, gradients

    flat.__name__ = title
    return flat, [leaf for argument in arguments for _, leaf in leaves(argument)]


def _is_output(leaf: Any) -> bool:
    return isinstance(leaf, float) or getattr(getattr(leaf, "dtype", None), "kind", "") in ("f", "c")
