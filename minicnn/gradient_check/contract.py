"""The contract of an op, `op(*arrays, **options) -> (y, pullback)`, and which functions follow it."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from ..ops import contract

ADAPTERS = {"torch": "from_torch", "jax": "from_jax", "jaxlib": "from_jax"}  # by the framework's package


class GradientError(AssertionError):
    """A pullback is wrong or missing."""


def output_and_pullback(title: str, returned: Any) -> tuple[Any, Callable[..., Any]]:
    """The value returned by a function that follows the contract.

    Raises:
        GradientError: it is not (y, pullback).
    """
    return contract.output_and_pullback(title, returned, GradientError)


def takes(function: Callable[..., Any], *arguments: Any, **options: Any) -> bool:
    """Whether it can be called with these arguments."""
    try:
        inspect.signature(function).bind(*arguments, **options)
    except TypeError:
        return False
    return True


def is_float(value: Any) -> bool:
    """Whether it is a floating-point array, with respect to which derivatives are taken."""
    return isinstance(value, np.ndarray) and value.dtype.kind == "f"


def adapter_for(function: Any) -> str | None:
    """What makes an op of a function or module of another framework; None for all others."""
    modules = [getattr(function, "__module__", None), *(kind.__module__ for kind in type(function).__mro__)]
    return next((ADAPTERS[root] for root in (str(m).partition(".")[0] for m in modules) if root in ADAPTERS), None)
