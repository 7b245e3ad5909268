"""Finding the entry that is wrong, or on a kink, by repeatedly halving a direction."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from .derivatives import NondifferentiableError, central_difference, roughness
from .problem import Problem
from .search import Array


def restricted(v: Array, entries: Sequence[int] | Array) -> Array:
    """v at these flat indices, 0 elsewhere."""
    only = np.zeros(v.shape)
    only.flat[entries] = v.flat[entries]
    return only


def index_of(j: int, shape: tuple[int, ...]) -> tuple[int, ...]:
    """A flat index as one for each axis."""
    return tuple(int(n) for n in np.unravel_index(j, shape))


def kink_at(problem: Problem, direction: Sequence[Array], error: NondifferentiableError) -> NondifferentiableError:
    """The same error, with the name and the index of an entry on the kink."""
    starts = np.cumsum([0, *(v.size for v in direction)])  # of the arrays, in the row of all entries
    everything = np.flatnonzero(np.concatenate([v.ravel() for v in direction]))

    def along(entries: Array) -> list[Array | None]:
        parts = np.split(entries, np.searchsorted(entries, starts[1:-1]))
        pairs = zip(direction, parts, starts[:-1], strict=True)
        return [restricted(v, part - start) if len(part) else None for v, part, start in pairs]

    def kink(entries: Array) -> NondifferentiableError | None:
        try:
            central_difference(problem.forward, problem.values, along(entries), problem.ys)
        except NondifferentiableError as found:
            return found
        return None

    change = roughness(problem.forward, problem.values, along(everything), problem.ys)

    def rough(half: Array) -> bool:
        nonlocal change
        found = roughness(problem.forward, problem.values, along(half), problem.ys)
        if not 0 < change / 4 <= found:  # less is rounding, or another entry close to a kink
            return False
        change = found
        return True

    suspects = _halved(everything, rough)
    found = kink(suspects) if len(suspects) == 1 else None
    if not found:  # that was too hasty
        suspects = _halved(everything, lambda half: kink(half) is not None)
        found = kink(suspects)
    i = int(np.searchsorted(starts, suspects[0], side="right")) - 1
    x = problem.xs[i]
    index = index_of(int(suspects[0] - starts[i]), x.value.shape)
    return NondifferentiableError(
        f"{problem.title}: not differentiable here: {found or error} at {x.name}, index {index}, "
        f"value {x.value[index]:.9g}; move the point (see minicnn.testing.tie_free)"
    )


def _halved(suspects: Array, guilty: Callable[[Array], bool]) -> Array:
    """The guilty half, its guilty half and so on, until there is one suspect, or neither half is guilty alone."""
    while len(suspects) > 1:
        half = next((half for half in np.array_split(suspects, 2) if guilty(half)), None)
        if half is None:
            break
        suspects = half
    return suspects


def wrong_entry(v: Array, gap: Callable[[Array], float]) -> int:
    """The flat index of the worst entry: in the worse half of the direction, in its worse half, and so on."""
    suspects = np.flatnonzero(v)
    while len(suspects) > 1:
        halves = np.array_split(suspects, 2)
        gaps = [gap(restricted(v, half)) for half in halves]
        suspects = halves[int(np.argmax(np.nan_to_num(gaps, nan=np.inf)))]
    return int(suspects[0])
