"""Arrays to test with: values without ties or kinks, in every order that memory can have."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

Array = NDArray[Any]


def tie_free(shape: int | tuple[int, ...], seed: int = 0, dtype: Any = np.float64) -> Array:
    """Values between −2 and 2, no two alike and none near 0: a shuffled grid, each point moved a little.

    A maximum over any of them has one clear winner, and no ReLU stands at its kink: gaps are at least 2 / size.
    """
    rng = np.random.default_rng(seed)
    size = int(np.prod(shape))
    points = rng.permutation(size) - size // 2 + rng.uniform(0.25, 0.75, size)
    return (points * (4 / max(size, 1))).reshape(shape).astype(dtype)


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
    """The same values in another memory order, one of MEMORY_ORDERS; integers and scalars too."""
    return MEMORY_ORDERS[order](x) if x.ndim else x


def memory_orders() -> st.SearchStrategy[str]:
    """Names for `in_order`."""
    return st.sampled_from(list(MEMORY_ORDERS))


def dtypes() -> st.SearchStrategy[Any]:
    return st.sampled_from([np.float64, np.float32])


def seeds() -> st.SearchStrategy[int]:
    return st.integers(0, 999)


def pairs(least: int, most: int) -> st.SearchStrategy[int | tuple[int, int]]:
    """An option given once for both directions, or as (vertical, horizontal)."""
    numbers = st.integers(least, most)
    return numbers | st.tuples(numbers, numbers)


@st.composite
def images(
    draw: st.DrawFn, *, channels: int | None = None, least: int = 1, most: int = 6, dtype: Any = np.float64
) -> Array:
    """One to three pictures (N, C, H, W) without ties, each side from `least` to `most` pixels."""
    N, C = draw(st.integers(1, 3)), channels or draw(st.integers(1, 4))
    H, W = draw(st.integers(least, most)), draw(st.integers(least, most))
    return tie_free((N, C, H, W), draw(seeds()), dtype)


@st.composite
def labels(draw: st.DrawFn, shape: int | tuple[int, ...], classes: int) -> Array:
    """Integer labels of a shape, from 0 to classes − 1."""
    size = int(np.prod(shape))
    return np.array(draw(st.lists(st.integers(0, classes - 1), min_size=size, max_size=size)), np.int64).reshape(shape)
