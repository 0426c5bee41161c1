"""What the C library keeps of memory that is free. Sources: mallopt(3), malloc_trim(3); other libcs have neither.

Streams pass through buffers of a quarter megabyte. A burst of clients leaves the heap full of holes that glibc gives
back only where they lie at its end, and each thread may have a heap of its own.
"""

import ctypes

_M_ARENA_MAX = -8
_ARENAS = 2

_libc = ctypes.CDLL(None)


def bound_heaps() -> bool:
    """Lets all threads share a few heaps; to be called before there are many. False where the libc knows no such."""
    if not hasattr(_libc, "mallopt"):
        return False
    return bool(_libc.mallopt(_M_ARENA_MAX, _ARENAS))


def trim_heaps() -> bool:
    """Gives free pages back to the kernel; blocks for some milliseconds. False if there were none."""
    if not hasattr(_libc, "malloc_trim"):
        return False
    return bool(_libc.malloc_trim(0))
