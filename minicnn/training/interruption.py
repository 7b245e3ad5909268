"""Ctrl-C, or a notebook's stop button, as the end of a run instead of a crash in the middle of a step."""

from __future__ import annotations

import signal
import threading
from types import FrameType
from typing import Any


class Interruption:
    """While it is entered, Ctrl-C raises KeyboardInterrupt as ever, but waits for what is `held` to be done.

        with Interruption() as interruption:
            with interruption.held:
                step()              # is done as a whole; then KeyboardInterrupt, if Ctrl-C came meanwhile

    A second Ctrl-C does not wait: what was held is then `torn`. Where the signal is not Python's own (another thread,
    another handler), nothing is changed.
    """

    def __init__(self) -> None:
        self.held = Held()
        self._before: Any = None

    def __enter__(self) -> Interruption:
        if threading.current_thread() is threading.main_thread():
            before = signal.getsignal(signal.SIGINT)
            if before is signal.default_int_handler:
                self._before = before
                signal.signal(signal.SIGINT, self.held.receive)
        return self

    def __exit__(self, *exception: object) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)
            self._before = None


class Held:
    """What must be done as a whole.

    Attributes:
        pending: Ctrl-C came meanwhile.
        torn: it came twice, and what was to be done was not.
    """

    def __init__(self) -> None:
        self._depth, self.pending, self.torn = 0, False, False

    def receive(self, number: int, frame: FrameType | None) -> None:
        """Handle the signal."""
        self.torn = self.pending
        if self._depth == 0 or self.pending:
            raise KeyboardInterrupt
        self.pending = True

    def __enter__(self) -> None:
        self._depth += 1

    def __exit__(self, error: type[BaseException] | None, *_: object) -> None:
        self._depth -= 1
        if self._depth == 0 and self.pending:
            self.pending = False
            if error is None:
                raise KeyboardInterrupt
