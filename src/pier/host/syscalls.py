"""System calls that Python 3.11 has no function for, each raising OSError as the `os` module does.

Numbers are those of asm-generic/unistd.h, equal on x86_64 and arm64 for calls of these years; the rest goes through
libc's own functions.
"""

import ctypes
import errno
import os

CLONE_NEWNS = 0x00020000  # linux/sched.h
MS_RDONLY, MS_NOSUID, MS_NODEV = 0x1, 0x2, 0x4  # linux/mount.h
MS_REC, MS_SLAVE = 0x4000, 0x80000
RESOLVE_NO_MAGICLINKS, RESOLVE_NO_SYMLINKS, RESOLVE_BENEATH, RESOLVE_IN_ROOT = 0x02, 0x04, 0x08, 0x10  # openat2.h

_NR_OPENAT2 = 437
_RACES = 16

_libc = ctypes.CDLL(None, use_errno=True)


class _OpenHow(ctypes.Structure):
    """struct open_how, openat2(2)."""

    _fields_ = (("flags", ctypes.c_uint64), ("mode", ctypes.c_uint64), ("resolve", ctypes.c_uint64))


def openat2(directory: int, path: str, flags: int, *, resolve: int) -> int:
    """Opens `path` below the descriptor `directory`; how links and `..` are followed is said by `resolve`.

    The kernel answers EAGAIN when a rename elsewhere made it unsure whether `..` stayed inside; then it is asked
    again, a bounded number of times.
    """
    how = _OpenHow(flags | os.O_CLOEXEC, 0, resolve)
    name = os.fsencode(path)
    for _ in range(_RACES):
        ctypes.set_errno(0)
        descriptor = int(
            _libc.syscall(
                ctypes.c_long(_NR_OPENAT2),
                ctypes.c_int(directory),
                ctypes.c_char_p(name),
                ctypes.byref(how),
                ctypes.c_size_t(ctypes.sizeof(how)),
            )
        )
        if descriptor >= 0:
            return descriptor
        if ctypes.get_errno() not in (errno.EAGAIN, errno.EINTR):
            break
    raise _last_error(path)


def unshare(flags: int) -> None:
    """unshare(2), of the calling thread alone."""
    if _libc.unshare(ctypes.c_int(flags)) != 0:
        raise _last_error("unshare")


def mount(source: str, target: str, filesystem: str, flags: int, data: str = "") -> None:
    """mount(2)."""
    result = _libc.mount(
        ctypes.c_char_p(os.fsencode(source)),
        ctypes.c_char_p(os.fsencode(target)),
        ctypes.c_char_p(filesystem.encode()) if filesystem else None,
        ctypes.c_ulong(flags),
        ctypes.c_char_p(os.fsencode(data)) if data else None,
    )
    if result != 0:
        raise _last_error(target)


def _last_error(path: str) -> OSError:
    number = ctypes.get_errno()
    return OSError(number, os.strerror(number), path)
