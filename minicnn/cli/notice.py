"""What is said while nothing seems to happen: a network's loops are compiled when they are needed first."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

PATIENCE = 3.0  # seconds until we say why nothing happens
COMPILING = "compiling for this processor; the machine code is kept, so this happens once …"


@contextmanager
def compiling() -> Iterator[None]:
    """Say on stderr that loops are compiled, if what is done inside takes long: otherwise it must be little."""
    timer = threading.Timer(PATIENCE, print, [COMPILING], {"file": sys.stderr, "flush": True})
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
