"""Load TBB, the library that shares loops among threads, from where pip puts it.

Numba prefers it to OpenMP, but finds it only where the system keeps its libraries. OpenMP waits at the end of each loop
for all threads, even for one that had nothing left to do; on a busy machine that is a time slice of other programs,
again and again. TBB waits for work, not for threads.
"""

from __future__ import annotations

import ctypes
import importlib.metadata
import re

LIBRARY = re.compile(r"libtbb\.so\.12|tbb12\.dll")


def load() -> bool:
    """Load the library of the installed package `tbb`; whether there is one. Without it Numba has other layers."""
    try:
        files = importlib.metadata.files("tbb") or []
        [library] = [file for file in files if LIBRARY.fullmatch(file.name)]
        ctypes.CDLL(str(library.locate().resolve()), mode=ctypes.RTLD_GLOBAL)
    except (importlib.metadata.PackageNotFoundError, ValueError, OSError):
        return False
    return True
