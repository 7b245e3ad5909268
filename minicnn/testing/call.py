"""A repeatable call of an op, and the error that properties raise."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .. import ops
from .. import reference as textbook
from ..gradient_check.contract import is_float, output_and_pullback
from ..gradient_check.layer_op import LayerOp
from .arrays import Array, tie_free
from .flat import of_plain_arrays, one_output


class ContractError(AssertionError):
    """An op breaks the contract; `property` says how."""

    def __init__(self, op: str, property: str, message: str) -> None:
        super().__init__(f"{op}: {property}: {message}")
        self.property = property


@dataclass
class Call:
    """A call of an op that can be repeated: no run can affect the next."""

    op: Callable[..., Any]
    arguments: Sequence[Any]
    options: dict[str, Any] = field(default_factory=dict)
    reference: Callable[..., Any] | None = None
    layer: Any = None  # what `op` was made from, if it is not an op itself

    @classmethod
    def of(
        cls, op: Any, *arrays: Any, reference: Callable[..., Any] | None = None, seed: int = 0, **options: Any
    ) -> Call:
        """The arguments of `assert_contract` as a call: a layer seen as an op, the reference looked up."""
        layer = None
        if hasattr(op, "forward"):
            layer, op = op, LayerOp(op, seed)
            arrays = tuple(np.asarray(a, np.float64) for a in op.arguments(*arrays))
        if reference is None and op in [getattr(ops, name) for name in ops.__all__]:
            reference = getattr(textbook, op.__name__)
        op, arguments = of_plain_arrays(op, arrays)
        return cls(op, arguments, options, reference, layer)

    def run(self, arguments: Sequence[Any] | None = None) -> tuple[Array, Callable[..., Any]]:
        """The differentiable output, or several as one row, and the pullback.

        Raises:
            GradientError: the op does not return these two.
        """
        returned = self.op(*(self.arguments if arguments is None else arguments), **copy.deepcopy(self.options))
        y, pullback = output_and_pullback(getattr(self.op, "__name__", "op"), returned)
        return one_output(y, pullback)

    def dy(self, y: Array, seed: int = 0) -> Array:
        """A random upstream gradient."""
        return tie_free(np.shape(y), seed, np.asarray(y).dtype)

    def as_(self, change: Callable[[Array], Array]) -> list[Any]:
        """The arguments, changed where they are floating-point arrays."""
        return [change(a) if is_float(a) else a for a in self.arguments]

    @property
    def floats(self) -> list[Array]:
        return [a for a in self.arguments if is_float(a)]

    def error(self, property: str, message: str) -> ContractError:
        return ContractError(getattr(self.op, "__name__", "op"), property, message)

    def check_close(self, property: str, actual: Any, expected: Any, what: str, tolerance: float = 1e-12) -> None:
        """Equal up to rounding relative to the largest value (values that result from cancellation have few correct
        digits).

        Raises:
            ContractError: they are not.
        """
        actual, expected = np.asarray(actual), np.asarray(expected)
        if actual.shape != expected.shape:
            raise self.error(property, f"{what} has shape {actual.shape}, expected {expected.shape}")
        size = max(1.0, float(np.abs(expected).max(initial=0)))
        if not np.allclose(actual, expected, rtol=0, atol=tolerance * size, equal_nan=True):
            gaps = np.where(np.isnan(actual) & np.isnan(expected), 0, np.abs(actual - expected))
            worst = np.unravel_index(int(np.nan_to_num(gaps, nan=np.inf).argmax()), actual.shape)
            index = tuple(int(k) for k in worst)
            raise self.error(property, f"{what} at {index} is {actual[index]:.9g}, expected {expected[index]:.9g}")
