"""Arrays for tests: values without ties or kinks, in every memory order. Does not need Hypothesis."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def tie_free(shape: int | tuple[int, ...], seed: int = 0, dtype: Any = np.float64, reach: float = 2) -> Array:
    """Values between −reach and reach, no two alike and none near 0: a shuffled grid, each point moved a little.

    A maximum over any of them has one clear winner, and no value is at ReLU's kink: gaps are at least reach / size.
    (A single value may be up to 1.5 · reach.)

    Args:
        shape: of the array, or its length.
        seed: the same seed gives the same values.
        dtype: in which they are returned.
        reach: use 8 to also cover the ends of a hard sigmoid, 50 for functions that saturate late.
    """
    rng = np.random.default_rng(seed)
    size = int(np.prod(shape))
    points = rng.permutation(size) - size // 2 + rng.uniform(0.25, 0.75, size)
    return (points * (2 * reach / max(size, 1))).reshape(shape).astype(dtype)


def _channels_last(x: Array) -> Array:
    if x.ndim != 4:
        return np.asfortranarray(x)
    return np.ascontiguousarray(x.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)


def _strided(x: Array) -> Array:
    """Every second element, along each axis, of a larger array."""
    large = np.full([2 * n for n in x.shape], 77, x.dtype)
    view = large[(slice(None, None, 2),) * x.ndim]
    view[...] = x
    return view


def _backwards(x: Array) -> Array:
    """Negative strides along each axis."""
    flipped = (slice(None, None, -1),) * x.ndim
    return x[flipped].copy()[flipped]


def _read_only(x: Array) -> Array:
    x = x.copy()
    x.flags.writeable = False
    return x


MEMORY_ORDERS: dict[str, Callable[[Array], Array]] = {
    "C": np.ascontiguousarray,
    "F": np.asfortranarray,
    "channels_last": _channels_last,
    "strided": _strided,
    "backwards": _backwards,
    "read_only": _read_only,
}


def in_order(x: Array, order: str) -> Array:
    """The same values, of the same shape, in another memory order; integers and scalars too.

    Args:
        x: an array of any shape.
        order: one of `MEMORY_ORDERS`.

    Raises:
        KeyError: the order is unknown.
    """
    return MEMORY_ORDERS[order](x) if x.ndim else x
