"""What Python and the C library keep of memory that is free.

Sources: mallopt(3) and malloc_trim(3), which other libcs than glibc do not have; the gc module of Python.

A client that vanishes may leave its stream in a circle of an exception and the frames it went through (asyncio's own
TaskGroup and Task make such). The collector counts objects, not the bytes they hold, and looks at old ones only when a
quarter of all is new: some hundred clients, each with its buffers, would be kept for hours.

Streams pass through buffers of a quarter megabyte. A burst of clients leaves the heap full of holes that glibc gives
back only where they lie at its end, and each thread may have a heap of its own.
"""

import ctypes
import gc

_M_ARENA_MAX = -8
_ARENAS = 2

_libc = ctypes.CDLL(None)


def bound_heaps() -> bool:
    """Lets all threads share a few heaps; to be called before there are many. False where the libc knows no such."""
    if not hasattr(_libc, "mallopt"):
        return False
    return bool(_libc.mallopt(_M_ARENA_MAX, _ARENAS))


def settle_heap() -> None:
    """What there is now, most of it modules, stays to the end: the collector need not go through it ever again.

    That takes it 20 ms and more each time, in which nothing else runs. To be called once, when all is loaded.
    """
    gc.collect()
    gc.freeze()


def trim_heaps() -> bool:
    """Gives free pages back to the kernel; blocks for some milliseconds. False if there were none."""
    gc.collect()
    if not hasattr(_libc, "malloc_trim"):
        return False
    return bool(_libc.malloc_trim(0))
