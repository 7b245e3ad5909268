"""What a pair is, how it joins the others, and the arguments that many of them share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minicnn.testing import tie_free

Pair = Callable[[bool], tuple[Callable[..., Any], list[Any], dict[str, Any]]]
PAIRS: dict[str, Pair] = {}


def pair(function: Callable[[bool], Any]) -> Pair:
    """Add it to PAIRS; options may be omitted."""

    def whole(wrong: bool) -> tuple[Callable[..., Any], list[Any], dict[str, Any]]:
        op, arguments, *options = function(wrong)
        return op, arguments, options[0] if options else {}

    whole.__doc__ = function.__doc__
    PAIRS[function.__name__.strip("_").replace("_", " ")] = whole
    return whole


x6, y6 = tie_free(6), tie_free(6, 1)
