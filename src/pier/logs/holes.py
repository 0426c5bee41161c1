"""Gives parts of a file back to the file system, its size kept (fallocate(2))."""

import ctypes
import os

_PAGE = 4096
_KEEP_SIZE, _PUNCH_HOLE = 1, 2

_libc = ctypes.CDLL(None, use_errno=True)
_libc.fallocate.argtypes = (ctypes.c_int, ctypes.c_int, ctypes.c_int64, ctypes.c_int64)


def punch(descriptor: int, start: int, end: int) -> int:
    """Frees the whole pages of [start, end), and the one that `start` lies in; up to where. Raises OSError."""
    first, last = start // _PAGE * _PAGE, end // _PAGE * _PAGE
    if last > first and _libc.fallocate(descriptor, _KEEP_SIZE | _PUNCH_HOLE, first, last - first) != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"cannot free what was read of a file: {os.strerror(code)}")
    return last
