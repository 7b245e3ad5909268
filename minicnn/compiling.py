"""How far compilation is: of the loops that some work needs, how many are compiled for this processor.

How many it needs is found by a rehearsal: the work is done a second time, on a thread of its own, and each loop is only
noted instead of run (`threads.rehearsal`). That begins when compilation has taken a moment. Where everything has been
compiled before, nothing is rehearsed and nothing is shown.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from numba.core import event

from . import threads
from .code_cache import CodeCache
from .display import in_notebook, tqdm

PATIENCE = 1.0  # seconds of compilation before anything is shown
WHAT = "compiling for this processor"
WHY = "the machine code is kept, so this happens once"


@contextmanager
def shown(rehearsal: Callable[[], object] | None = None, progress: bool | None = None) -> Iterator[None]:
    """Show on stderr how many of how many loops are compiled, if the block compiles for longer than a moment.

    A bar on a terminal or in a notebook, elsewhere one line.

    Args:
        rehearsal: does what the block does, without a trace. Loops do not run in it, so its numbers mean nothing: it
            must not leave them anywhere, as in the packed filters of a frozen model that is used later.
            Without it, or if it fails, nothing is said about how many loops there are.
        progress: whether to show it; None: as said above.
    """
    if progress is False:
        yield
        return
    compilation = _Compilation(rehearsal)
    with event.install_listener("numba:compile", compilation):
        try:
            yield
        finally:
            compilation.close()


class _Over(Exception):
    """The work was done before its rehearsal."""


class _Compilation(event.Listener):
    """Listens to Numba. Only one thread at a time compiles, and functions that a loop calls are compiled within it."""

    def __init__(self, rehearsal: Callable[[], object] | None) -> None:
        self.rehearsal = rehearsal
        self.begun: set[Any] = set()  # loops, each with the types of its arguments
        self.done: set[Any] = set()
        self.missing: set[Any] = set()  # found by the rehearsal
        self.depth = 0
        self.over = False
        self.timer: threading.Timer | None = None
        self.bar: Any = None
        self.lock = threading.RLock()

    def on_start(self, found: Any) -> None:
        if self.depth == 0:
            with self.lock:
                self.begun.add((found.data["dispatcher"], found.data["args"]))
        self.depth += 1
        if self.timer is None:
            self.timer = threading.Timer(PATIENCE, self.show)
            self.timer.daemon = True
            self.timer.start()

    def on_end(self, found: Any) -> None:
        self.depth -= 1
        if self.depth == 0:
            with self.lock:
                self.done.add((found.data["dispatcher"], found.data["args"]))
                self.draw()

    def show(self) -> None:
        """Rehearse, and begin to show progress; on the timer's thread."""
        known = self.rehearsal is not None and self.rehearse(self.rehearsal)
        with self.lock:
            if self.over:
                return
            loops = len(self.begun | self.missing)
            if in_notebook() or sys.stderr.isatty():
                count = "{n_fmt} of {total_fmt} |{bar}|" if known else "{n_fmt} so far"
                form = f"{{desc}}: {count}"
                self.bar = tqdm(desc=WHAT, total=loops, bar_format=form, leave=False, ncols=80, disable=False)
                self.draw()
            else:
                count = f": {len(self.done)} of {loops} loops done" if known else ""
                print(f"{WHAT}{count}; {WHY} …", file=sys.stderr, flush=True)

    def rehearse(self, rehearsal: Callable[[], object]) -> bool:
        """Find out which loops are missing; whether that succeeded."""
        with threads.rehearsal(self.note), suppress(Exception):
            rehearsal()
            return True
        return False

    def note(self, loop: Any, kinds: tuple[Any, ...]) -> None:
        if self.over:
            raise _Over
        if not is_compiled(loop, kinds):
            with self.lock:
                self.missing.add((loop, kinds))

    def draw(self) -> None:
        if self.bar is not None:
            self.bar.total = len(self.begun | self.missing)
            self.bar.n = len(self.done)
            self.bar.refresh()

    def close(self) -> None:
        self.over = True
        if self.timer is not None:
            self.timer.cancel()
            self.timer.join()
        with self.lock:
            if self.bar is not None:
                self.bar.close()


def is_compiled(loop: Any, kinds: tuple[Any, ...]) -> bool:
    """Whether there is machine code for these types of arguments, in memory or on disk."""
    cache = loop._cache
    return kinds in loop.overloads or (isinstance(cache, CodeCache) and cache.holds(kinds, loop.targetctx))
