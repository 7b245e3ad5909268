"""Progress while loops are compiled, which happens when they are first used."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def compiling(work: Callable[[], T], rehearsal: Callable[[], object] | None = None) -> T:
    """Run `work` and return its result, showing the progress of compilation (`minicnn.compiling`).

    Args:
        work: a first use of the loops, which may be short itself.
        rehearsal: the same without side effects, if `work` has any.
    """
    from ..compiling import shown

    with shown(work if rehearsal is None else rehearsal):
        return work()
