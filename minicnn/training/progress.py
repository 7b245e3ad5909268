"""What a user sees while a run is in progress."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..display import in_notebook, tqdm

REFRESH = 0.1  # seconds
WIDEST = 100  # columns
FORMAT = "{desc} {percentage:3.0f}%|{bar}| {rate_fmt}, {remaining} left{postfix}"


class Progress:
    """A permanent line for each epoch, and where possible a progress bar with loss, accuracy, speed and time left.

    In a notebook both appear in the cell's output, elsewhere on stderr.

    Args:
        shown: whether to show anything; None: always the lines, the bar only in a terminal or a notebook.
    """

    def __init__(self, shown: bool | None) -> None:
        self.notebook = in_notebook()
        self.lines = shown is not False
        self.bars = self.notebook or sys.stderr.isatty() if shown is None else shown
        self._bar: Any = None
        self._pending = 0

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *exception: object) -> None:
        """Clear the bar."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def say(self, line: str) -> None:
        """A permanent line, which unlike the bar is never cut to the terminal's width."""
        if self.lines:
            print(line, file=sys.stdout if self.notebook else sys.stderr, flush=True)

    @contextmanager
    def bar(self, title: str, images: int, done: int) -> Iterator[None]:
        """A bar over `images` images, of which `done` are already done.

        In a terminal it is cleared at the end, to make room for lines; a notebook keeps it for the next epoch.
        """
        if not self.bars:
            yield
            return
        self._next = 0.0  # of this epoch, the first step is drawn
        if self._bar is None:
            self._bar = self._new(title, images, done)
        else:
            self._bar.reset(images)
            self._bar.set_description(title, refresh=False)
            self._bar.update(done)
        yield
        self._bar.update(self._pending)
        self._pending = 0
        if not self.notebook:
            self.__exit__()

    def _new(self, title: str, images: int, done: int) -> Any:
        return tqdm(
            total=images,
            initial=done,
            desc=title,
            unit=" images",
            bar_format=FORMAT,
            unit_scale=True,
            ncols=None if self.notebook else min(shutil.get_terminal_size().columns - 1, WIDEST),
            leave=False,
            disable=False,
            mininterval=0,  # `advance` decides when to draw, not tqdm, which would leave out shorter steps
            miniters=1,
        )

    def advance(self, images: int, loss: float, accuracy: float) -> None:
        """Count `images` more images as done; the bar is redrawn now and then."""
        self._pending += images
        if self.bars and (now := time.monotonic()) >= self._next:
            self._next = now + REFRESH
            self._bar.set_postfix_str(f"loss {loss:.4f}, accuracy {accuracy:.2%}", refresh=False)
            self._bar.update(self._pending)
            self._pending = 0
