"""The contract of an op, `op(*arrays, **options) -> (y, pullback)`: which functions keep it."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from ..ops import contract


class GradientError(AssertionError):
    """A pullback is not the gradient of its function, or there is none."""


def output_and_pullback(title: str, returned: Any) -> tuple[Any, Callable[..., Any]]:
    """What a function that keeps the contract returns.

    Raises:
        GradientError: it is not (y, pullback).
    """
    return contract.output_and_pullback(title, returned, GradientError)


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
