"""The one contract of this package, `y, pullback = op(*arrays, **options)`, and the checks that every op begins with.

`pullback(dy)` returns one gradient per floating-point array argument, in their order: the transposed Jacobian applied
to `dy`. `pullback(dy, wants=(True, False, …))` returns None in place of the ones that are not wanted, and does not
compute them. A pullback is pure: it can be called again, and it changes nothing that was given to the op or to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Pair = int | tuple[int, int]

FLOATS = (np.float32, np.float64)
COMPLEX = (np.complex64, np.complex128)  # for complex-step differentiation: forward only, branches on the real part
KNOWN = {np.dtype(kind) for kind in FLOATS + COMPLEX}


class Pullback(Protocol):
    """The second half of what an op returns."""

    def __call__(self, dy: Any, /, wants: Sequence[bool] = ...) -> tuple[Array | None, ...]: ...


def output_and_pullback(title: str, returned: Any, error: type[Exception] = ValueError) -> tuple[Any, Any]:
    """What a function that keeps the contract returns. (An array of two images unpacks into two, and is neither.)

    Raises:
        error: it is not (y, pullback).
    """
    if isinstance(returned, tuple) and len(returned) == 2 and callable(returned[1]):
        return returned
    raise error(f"{title}: expected it to return (y, pullback), got {kind_of(returned)}")


def kind_of(value: Any) -> str:
    """The type, and those of a tuple's members."""
    if isinstance(value, tuple):
        return f"({', '.join(map(kind_of, value))})"
    return type(value).__name__


def arrays_of_one_dtype(op: str, **arrays: Any) -> list[Array]:
    """The arguments as arrays, refused unless all have the same floating-point dtype.

    Raises:
        ValueError: an argument is not floating point, or two of them differ in dtype.
    """
    given = [array for array in arrays.values() if array is not None]
    if all(type(array) is np.ndarray and array.dtype is given[0].dtype for array in given) and given[0].dtype in KNOWN:
        return given  # most calls
    found = {name: np.asarray(array) for name, array in arrays.items() if array is not None}
    first, dtype = next((name, array.dtype) for name, array in found.items())
    for name, array in found.items():
        if array.dtype.type not in FLOATS + COMPLEX:
            raise ValueError(
                f"{op}: expected {name} to be float32 or float64, got {array.dtype}; convert it by .astype"
            )
        if array.dtype != dtype:
            raise ValueError(f"{op}: {first} is {dtype}, but {name} is {array.dtype}; convert one by .astype")
    return list(found.values())


def pictures(op: str, x: Any) -> Array:
    """`x` as a floating-point array of shape (N, C, H, W)."""
    (x,) = arrays_of_one_dtype(op, x=x)
    if x.ndim != 4:
        raise ValueError(f"{op}: expected x of shape (N, C, H, W), got {x.shape}")
    return x


def pair(op: str, name: str, value: Any, least: int = 1) -> tuple[int, int]:
    """An option given once for both directions, or as (vertical, horizontal).

    Raises:
        ValueError: it is neither an int nor a pair of ints, or below `least`.
    """
    if type(value) is tuple and len(value) == 2 and type(value[0]) is type(value[1]) is int and min(value) >= least:
        return value  # as layers keep them: most calls
    both = (value, value) if isinstance(value, int | np.integer) else tuple(value) if np.iterable(value) else ()
    if len(both) != 2 or not all(isinstance(v, int | np.integer) and v >= least for v in both):
        raise ValueError(f"{op}: expected {name} to be an int or a pair of ints, at least {least}, got {value!r}")
    return int(both[0]), int(both[1])


def upstream(op: str, dy: Any, y: Array | tuple[int, ...], dtype: Any) -> Array:
    """The gradient that arrives from above, refused unless it has the output's shape; in the op's dtype."""
    dy = np.asarray(dy, dtype=dtype)
    shape = y if isinstance(y, tuple) else y.shape
    if dy.shape != shape:
        raise ValueError(f"{op}: expected dy of the output's shape {shape}, got {dy.shape}")
    return dy
