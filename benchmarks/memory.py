"""How much memory some work needs at its peak."""

from __future__ import annotations

import contextlib
import ctypes
import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")


class PeakMemory:
    """The peak of resident memory (Linux) inside the block, minus what was resident at its start.

    with PeakMemory() as memory:
        work()
    print(memory.megabytes)
    """

    megabytes = float("nan")

    def __enter__(self) -> PeakMemory:
        _return_freed_memory()
        try:
            Path("/proc/self/clear_refs").write_text("5")  # forget the peak so far
            self._before = _peak()
        except OSError:
            self._before = float("nan")
        return self

    def __exit__(self, *_: object) -> None:
        if self._before == self._before:
            self.megabytes = _peak() - self._before


def in_fresh_process(work: Callable[..., T], *arguments: Any) -> T:
    """Run `work(*arguments)` in a separate process, where no memory is left over from other work.

    Raises:
        BrokenProcessPool: the process died, for example for lack of memory.
    """
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as process:
        return process.submit(work, *arguments).result()


def _return_freed_memory() -> None:
    """Let the C library return the memory that it has kept (see `minicnn.allocator`): the work would reuse it."""
    with contextlib.suppress(AttributeError, OSError, TypeError):  # not glibc
        ctypes.CDLL(None).malloc_trim(0)


def _peak() -> float:
    status = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024
