"""How the C library keeps memory that is given back.

A training step makes the same big arrays as the step before, and by default each of them is taken from the system and
returned to it. The system clears every page anew when it is first touched, and for wide layers that is a fifth of the
step. So freed memory stays with the process, never more than it once used, for the next step.
"""

import ctypes
import os

TRIM_THRESHOLD, TOP_PAD, MMAP_MAX = -1, -2, -4  # what glibc's mallopt calls them
FREE_AT_THE_TOP = 2**31 - 1  # bytes that may be free at the heap's end before they are returned: as many as can be said
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
