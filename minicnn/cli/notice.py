"""The message during compilation, which happens when a network's kernels are first used."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

PATIENCE = 3.0  # seconds before the message
COMPILING = "compiling for this processor; the machine code is kept, so this happens once …"


@contextmanager
def compiling() -> Iterator[None]:
    """Say on stderr that kernels are being compiled, if the block takes long; without compilation it must be quick."""
    timer = threading.Timer(PATIENCE, print, [COMPILING], {"file": sys.stderr, "flush": True})
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
