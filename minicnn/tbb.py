"""Load TBB, the library that shares loops among threads, from where pip puts it.

Numba prefers it to OpenMP, but finds it only where the system keeps its libraries. OpenMP waits at the end of each loop
for all threads, even for one that has nothing left to do. On a busy machine that thread may first have to wait for its
turn on a core, in every loop. TBB waits until the work is done, whoever did it.
"""

from __future__ import annotations

import ctypes
import importlib.metadata
import os
import re

LIBRARY = re.compile(r"libtbb\.so\.12|tbb12\.dll")


def load() -> bool:
    """Load the library of the installed package `tbb`; whether there is one. Without it Numba has other layers."""
    try:
        files = importlib.metadata.files("tbb") or []
        [library] = [file for file in files if LIBRARY.fullmatch(file.name)]
        ctypes.CDLL(os.path.realpath(library.locate()), mode=ctypes.RTLD_GLOBAL)
    except (importlib.metadata.PackageNotFoundError, ValueError, OSError):
        return False
    return True
