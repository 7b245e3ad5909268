"""What a person sees of a run while it lasts."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

REFRESH = 0.1  # seconds
WIDEST = 100  # columns
FORMAT = "{desc} {percentage:3.0f}%|{bar}| {rate_fmt}, {remaining} left{postfix}"


class Progress:
    """A bar on stderr with loss, accuracy, images per second and time left, and lines that stay; or nothing.

    Args:
        shown: whether to show it; None: where stderr is a terminal.
    """

    def __init__(self, shown: bool | None) -> None:
        self.shown = sys.stderr.isatty() if shown is None else shown
        self._bar: Any = None
        self._pending, self._next = 0, 0.0

    def say(self, line: str) -> None:
        """A line that stays, and is never cut to the terminal's width as the bar is."""
        if self.shown:
            print(line, file=sys.stderr, flush=True)

    @contextmanager
    def bar(self, title: str, pictures: int, done: int) -> Iterator[None]:
        """A bar over `pictures` images, of which `done` are done; cleared at the end, also after an error."""
        if not self.shown:
            yield
            return
        from tqdm import tqdm

        self._pending, self._next = 0, 0.0
        with tqdm(
            total=pictures,
            initial=done,
            desc=title,
            unit=" pictures",
            bar_format=FORMAT,
            unit_scale=True,
            ncols=min(shutil.get_terminal_size().columns - 1, WIDEST),
            leave=False,
            mininterval=0,  # `advance` decides when to draw
        ) as self._bar:
            yield

    def advance(self, pictures: int, loss: float, accuracy: float) -> None:
        """Count `pictures` more images as done; the bar is redrawn now and then."""
        self._pending += pictures
        if self.shown and (now := time.monotonic()) >= self._next:
            self._next = now + REFRESH
            self._bar.set_postfix_str(f"loss {loss:.4f}, accuracy {accuracy:.2%}", refresh=False)
            self._bar.update(self._pending)
            self._pending = 0
