"""Finding the entry that is wrong, or on a kink, by repeatedly halving a direction."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from .derivatives import Array, NondifferentiableError, central_difference
from .problem import Problem


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
    suspects = [(i, int(j)) for i, v in enumerate(direction) for j in np.flatnonzero(v)]
    while len(suspects) > 1:
        halves = suspects[: len(suspects) // 2], suspects[len(suspects) // 2 :]
        for half in halves:
            try:
                central_difference(problem.forward, problem.values, _along(direction, half))
            except NondifferentiableError as found:
                suspects, error = half, found
                break
        else:
            break  # only entries of both halves, moved together, show it
    i, j = suspects[0]
    x = problem.xs[i]
    index = index_of(j, x.value.shape)
    return NondifferentiableError(
        f"{problem.title}: not differentiable here: {error} at {x.name}, index {index}, "
        f"value {x.value[index]:.9g}; move the point (see minicnn.testing.tie_free)"
    )


def _along(direction: Sequence[Array], entries: list[tuple[int, int]]) -> list[Array | None]:
    by_array: dict[int, list[int]] = {}
    for i, j in entries:
        by_array.setdefault(i, []).append(j)
    return [restricted(v, by_array[i]) if i in by_array else None for i, v in enumerate(direction)]


def wrong_entry(v: Array, gap: Callable[[Array], float]) -> int:
    """The flat index of the worst entry: in the worse half of the direction, in its worse half, and so on."""
    suspects = np.flatnonzero(v)
    while len(suspects) > 1:
        halves = np.array_split(suspects, 2)
        gaps = [gap(restricted(v, half)) for half in halves]
        suspects = halves[int(np.argmax(np.nan_to_num(gaps, nan=np.inf)))]
    return int(suspects[0])
