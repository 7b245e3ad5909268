"""Forty ops, each once right and once with a mistake: `PAIRS["square"](wrong)` gives the op, its arguments and options.

The first line of a docstring says what the mistake is. Every op is differentiable at the given point; its
pullback takes no `wants`, because all checkers here want every gradient.
"""

from . import everyday, hidden, numerical  # noqa: F401 (each adds its own to PAIRS, in the order of the table)
from .pair import PAIRS

__all__ = ["PAIRS"]
