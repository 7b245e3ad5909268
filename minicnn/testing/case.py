"""A call of an op: shapes, options and a seed, so a failing one shrinks to something readable that can be pasted.

conv2d(tie_free((1, 1, 2, 1), 0), tie_free((1, 1, 1, 1), 1), stride=2)
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .arrays import in_order, tie_free


@dataclass(frozen=True, repr=False)
class Case:
    """A call of an op.

    Attributes:
        op: its name.
        arguments: what it is called with: the shape of a floating-point array, or integers as they are.
        options: its keyword arguments.
        seed: of the values.
    """

    op: str
    arguments: tuple[Any, ...]
    options: dict[str, Any] = field(default_factory=dict)
    seed: int = 0

    def arrays(self, dtype: Any = np.float64, order: str = "C") -> list[Any]:
        """The arguments, in a dtype and a memory order."""
        return [
            in_order(tie_free(a, self.seed + i, dtype) if isinstance(a, tuple) else a, order)
            for i, a in enumerate(self.arguments)
        ]

    def __repr__(self) -> str:
        shown = [
            f"tie_free({a}, {self.seed + i})" if isinstance(a, tuple) else f"np.array({a.tolist()})"
            for i, a in enumerate(self.arguments)
        ]
        shown += [
            f"{name}=np.array({v.tolist()})" if isinstance(v, np.ndarray) else f"{name}={v!r}"
            for name, v in self.options.items()
        ]
        return f"{self.op}({', '.join(shown)})"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(repr(self))  # Hypothesis would spell out the fields


def given_options(**options: tuple[Any, Any]) -> dict[str, Any]:
    """The options that are not at their default; each is given as (value, default)."""
    return {name: value for name, (value, default) in options.items() if value != default}


def both(value: int | tuple[int, int]) -> tuple[int, int]:
    return value if isinstance(value, tuple) else (value, value)
