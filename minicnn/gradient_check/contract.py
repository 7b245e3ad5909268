"""The contract of an op, `op(*arrays, **options) -> (y, pullback)`: what keeps it told from what does not."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np


class GradientError(AssertionError):
    """A pullback is not the gradient of its function, or there is none."""


def output_and_pullback(title: str, returned: Any) -> tuple[Any, Callable[..., Any]]:
    """What a function that keeps the contract returns.

    Raises:
        GradientError: it is not (y, pullback).
    """
    if isinstance(returned, tuple) and len(returned) == 2 and callable(returned[1]):
        return returned
    raise GradientError(f"{title}: expected it to return (y, pullback), got {kind_of(returned)}")


def kind_of(value: Any) -> str:
    """The type, and those of a tuple's members."""
    if isinstance(value, tuple):
        return f"({', '.join(map(kind_of, value))})"
    return type(value).__name__


def takes(function: Callable[..., Any], *arguments: Any, **options: Any) -> bool:
    """Whether it can be called like this."""
    try:
        inspect.signature(function).bind(*arguments, **options)
    except TypeError:
        return False
    return True


def is_float(value: Any) -> bool:
    """Whether it is a floating-point array: what derivatives are taken by."""
    return isinstance(value, np.ndarray) and value.dtype.kind == "f"
