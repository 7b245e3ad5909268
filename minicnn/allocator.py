"""How the C library keeps memory that is given back.

A training step makes the same big arrays as the step before, and by default each of them is taken from the system and
returned to it. The system clears every page anew when it is first touched, and wide layers would wait for that in every
step. So freed memory stays with the process, for the next step. The price: it is not there for others, and where small
arrays stay among large ones that are freed, the gaps may add up.
"""

import ctypes
import os

TRIM_THRESHOLD, TOP_PAD, MMAP_MAX = -1, -2, -4  # what glibc's mallopt calls them
FREE_AT_THE_TOP = -1  # nothing that is free at the heap's end is returned
GROWTH = 1 << 26  # bytes by which the heap grows
SETTINGS = ("MALLOC_TRIM_THRESHOLD_", "MALLOC_TOP_PAD_", "MALLOC_MMAP_MAX_", "MALLOC_MMAP_THRESHOLD_", "GLIBC_TUNABLES")


def keep_freed_memory() -> bool:
    """Let this process's C library keep what it frees; where the user has set one of its variables, they have chosen.

    Returns:
        Whether that was done: only glibc knows these settings.
    """
    if any(name in os.environ for name in SETTINGS):
        return False
    try:
        mallopt, _ = ctypes.CDLL(None).mallopt, ctypes.CDLL(None).gnu_get_libc_version
    except (AttributeError, OSError, TypeError):  # another C library, or another system
        return False
    return all(mallopt(*setting) for setting in ((MMAP_MAX, 0), (TRIM_THRESHOLD, FREE_AT_THE_TOP), (TOP_PAD, GROWTH)))
