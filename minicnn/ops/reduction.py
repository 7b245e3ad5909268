"""How the losses of examples become one number."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .contract import Array

REDUCTIONS = ("mean", "sum", "none")


def reduce(op: str, losses: Array, reduction: str) -> tuple[Array, Callable[[Array], Array]]:
    """The mean, the sum, or the losses as they are; and the function that turns a gradient of the result into one of
    each loss.

    Raises:
        ValueError: the reduction is unknown, or the batch is empty and has no mean.
    """
    if reduction not in REDUCTIONS:
        raise ValueError(f"{op}: expected reduction to be one of {', '.join(REDUCTIONS)}, got {reduction!r}")
    if reduction == "none":
        return losses, lambda dy: dy
    if reduction == "mean" and not losses.size:
        raise ValueError(f"{op}: an empty batch has no mean; give at least one example, or reduction='sum'")
    share = 1 / losses.size if reduction == "mean" else 1.0
    total = np.asarray(losses.sum() * losses.dtype.type(share))
    return total, lambda dy: np.full(losses.shape, dy * losses.dtype.type(share))
