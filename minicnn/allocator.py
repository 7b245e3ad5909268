"""How the C library keeps freed memory.

A training step allocates the same large arrays as the step before. By default each of them is taken from the system and
returned to it, and the system clears every page again on first use, which wide layers would wait for in every step. So
the process keeps freed memory for the next step. The price: other processes cannot use it, and where small arrays
remain among freed large ones, the gaps may add up.
"""

import ctypes
import os

TRIM_THRESHOLD, TOP_PAD, MMAP_MAX = -1, -2, -4  # what glibc's mallopt calls them
FREE_AT_THE_TOP = -1  # free memory at the heap's end is never returned
GROWTH = 1 << 26  # bytes by which the heap grows
SETTINGS = ("MALLOC_TRIM_THRESHOLD_", "MALLOC_TOP_PAD_", "MALLOC_MMAP_MAX_", "MALLOC_MMAP_THRESHOLD_", "GLIBC_TUNABLES")


def keep_freed_memory() -> bool:
    """Let this process's C library keep what it frees; does nothing if the user has set one of its variables.

    Returns:
        whether it did: only glibc has these settings.
    """
    if any(name in os.environ for name in SETTINGS):
        return False
    try:
        mallopt, _ = ctypes.CDLL(None).mallopt, ctypes.CDLL(None).gnu_get_libc_version
    except (AttributeError, OSError, TypeError):  # another C library, or another system
        return False
    return all(mallopt(*setting) for setting in ((MMAP_MAX, 0), (TRIM_THRESHOLD, FREE_AT_THE_TOP), (TOP_PAD, GROWTH)))
