"""The one contract of this package, `y, pullback = op(*arrays, **options)`, and the checks that every op starts with.

`pullback(dy)` returns one gradient per floating-point array argument, in their order: the transposed Jacobian applied
to `dy`. `pullback(dy, wants=(True, False, …))` returns None in place of the ones that are not wanted, and does not
compute them. A pullback is pure: it can be called again, and it changes nothing that was given to the op or to it.
"""

from __future__ import annotations

import functools
import math
import operator
import sys
from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Pair = int | tuple[int, int]

FLOATS = (np.float32, np.float64)
LARGEST = sys.float_info.max
COMPLEX = (np.complex64, np.complex128)  # for complex-step differentiation: forward only, branches on the real part
KNOWN = {np.dtype(kind) for kind in FLOATS + COMPLEX}


Op = TypeVar("Op", bound=Callable[..., tuple[Any, Any]])

# silently(f, x) is f(x) without NumPy's warnings: one function for all, because decorating every pullback takes longer.
silently: Callable[..., Any] = np.errstate(all="ignore")(operator.call)


class Pullback(Protocol):
    """The second half of what an op returns."""

    def __call__(self, dy: Any, /, wants: Sequence[bool] = ...) -> tuple[Array | None, ...]: ...


def output_and_pullback(title: str, returned: Any, error: type[Exception] = ValueError) -> tuple[Any, Any]:
    """The value returned by a function that keeps the contract. (An array of two images also unpacks into two, so the
    type is checked.)

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


def quiet(op: Op) -> Op:
    """Decorate an op so that NumPy does not warn when results become infinite or NaN, forward or backward.

    Such values are ordinary results (docs/design.md says which ones to expect). PyTorch does not warn about them, nor
    do kernels.
    """

    @functools.wraps(op)
    def silent(*args: Any, **options: Any) -> tuple[Any, Any]:
        y, pullback = silently(op, *args, **options)
        return y, functools.partial(silently, pullback)

    return cast(Op, silent)


def through(dy: Array, mask: Array) -> Array:
    """dy where the mask is set and 0 elsewhere, even if dy is infinite there: 0 · ∞ would be NaN."""
    dx = dy * mask
    if np.isnan(np.maximum.reduce(dx, axis=None, initial=-np.inf)):  # rare: a product takes a fifth of the time
        dx = np.where(mask, dy, dy.dtype.type(0))
    return dx


def as_pullback(op: str, y: Array, *gradients: Callable[[Array], Array | None]) -> Pullback:
    """The pullback of an op with output y, which it does not keep: `gradients` has a function of dy for each array."""
    shape, dtype = y.shape, y.dtype

    def pullback(dy: Any, wants: Sequence[bool] = (True,) * len(gradients)) -> tuple[Array | None, ...]:
        dy = upstream(op, dy, shape, dtype)
        return tuple(gradient(dy) if want else None for gradient, want in zip(gradients, wants, strict=True))

    return pullback


def arrays_of_one_dtype(op: str, **arrays: Any) -> list[Array]:
    """The arguments as arrays, all of the same floating-point dtype.

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


def image_batch(op: str, x: Any, empty: bool = True) -> Array:
    """`x` as a floating-point array of shape (N, C, H, W), whose maps may be `empty`.

    Raises:
        ValueError: it has another dtype or shape, or no pixels.
    """
    (x,) = arrays_of_one_dtype(op, x=x)
    if x.ndim != 4:
        raise ValueError(f"{op}: expected x of shape (N, C, H, W), got {x.shape}")
    if not (empty or x.shape[2] * x.shape[3]):
        raise ValueError(f"{op}: expected maps with pixels, got x {x.shape}")
    return x


def pair(op: str, name: str, value: Any, least: int = 1) -> tuple[int, int]:
    """An option given once for both directions, or as (vertical, horizontal).

    Raises:
        ValueError: it is neither an int nor a pair of ints, or below `least`.
    """
    if type(value) is tuple and len(value) == 2 and type(value[0]) is type(value[1]) is int and min(value) >= least:
        return value  # as layers keep them: most calls
    both = (value, value) if is_whole(value) else tuple(value) if np.iterable(value) else ()
    if len(both) != 2 or not all(is_whole(v) and v >= least for v in both):
        raise ValueError(f"{op}: expected {name} to be an int or a pair of ints, at least {least}, got {value!r:.80}")
    return int(both[0]), int(both[1])


def is_whole(value: Any) -> bool:
    """Whether it is an int, Python's or NumPy's; True and False are not."""
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def whole(op: str, name: str, value: Any, least: int | None = 1) -> int:
    """An option that is an int.

    Raises:
        ValueError: it is not an int, or is below `least`.
    """
    if not is_whole(value) or (least is not None and value < least):
        bound = "" if least is None else f" of at least {least}"
        raise ValueError(f"{op}: expected {name} to be an int{bound}, got {value!r:.80}")
    return int(value)


def number(op: str, name: str, value: Any, least: float = -LARGEST, most: float = LARGEST) -> float:
    """An option that is a number, and finite unless the bounds are not.

    Raises:
        ValueError: it is not a number, or not within least…most.
    """
    value = value.item() if isinstance(value, np.generic) else value
    if not ((is_whole(value) or isinstance(value, float)) and least <= value <= most):
        known = {-LARGEST: "", LARGEST: "", -math.inf: "", math.inf: ""}
        bounds = [known.get(least, f"at least {least:g}"), known.get(most, f"at most {most:g}")]
        expected = " and ".join(filter(None, bounds))
        raise ValueError(f"{op}: expected {name} to be a number{expected and f' of {expected}'}, got {value!r:.80}")
    return value


def flag(op: str, name: str, value: Any) -> bool:
    """An option that is True or False.

    Raises:
        ValueError: it is anything else, even 0 or 1.
    """
    if not isinstance(value, bool | np.bool_):
        raise ValueError(f"{op}: expected {name} to be True or False, got {value!r:.80}")
    return bool(value)


def upstream(op: str, dy: Any, shape: tuple[int, ...], dtype: Any) -> Array:
    """The upstream gradient in the op's dtype; an error unless it has the output's shape."""
    dy = np.asarray(dy, dtype=dtype)
    if dy.shape != shape:
        raise ValueError(f"{op}: expected dy of the output's shape {shape}, got {dy.shape}")
    return dy
