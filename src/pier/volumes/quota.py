"""Limits for directories by project quota, where the file system has it (ext4 and xfs mounted with prjquota).

A project is a number that files inherit from their directory, with a limit for all that bear it; see quotactl(2),
ioctl_xfs_fsgetxattr(2) and linux/fs.h, linux/quota.h for the layouts. Everything here blocks.

Who has CAP_SYS_RESOURCE is not limited: containers have it only when they are privileged or asked for it.
"""

import ctypes
import fcntl
import os
import random
import struct
from collections.abc import Iterator
from contextlib import contextmanager

_FSGETXATTR, _FSSETXATTR = 0x801C581F, 0x401C5820
_FSXATTR = struct.Struct("=IIIII8x")  # flags, extent size, extents, project, extent size of copies
_PROJECT_INHERIT = 0x200
_QUOTACTL_FD = 443  # asm-generic/unistd.h, since 5.14
_GETINFO, _GETQUOTA, _SETQUOTA, _PROJECT = 0x800005, 0x800007, 0x800008, 2
_DQBLK = struct.Struct("=8QI4x")  # limits (hard, soft), use; the same of inodes; times; what is valid
_BLOCK = 1024  # bytes, of limits
_LIMITS = 1
_FIRST, _LAST = 1 << 24, (1 << 31) - 1  # of the numbers taken here: small ones are other people's
_TRIES = 64

_libc = ctypes.CDLL(None, use_errno=True)


def is_supported(directory: str) -> bool:
    """Whether the file system of a directory keeps account of projects."""
    with _opened(directory) as descriptor:
        try:
            _quotactl(descriptor, _GETINFO, 0, bytearray(32))
        except OSError:
            return False
        return True


def limit(*directories: str, size: int) -> None:
    """Gives empty directories of one file system a project of their own that may hold `size` bytes. Raises OSError."""
    number = 0
    for directory in directories:
        with _opened(directory) as descriptor:
            if not number:
                number = _free_number(descriptor)
                _set_limits(descriptor, number, -(-size // _BLOCK))
            attributes = bytearray(_FSXATTR.size)
            fcntl.ioctl(descriptor, _FSGETXATTR, attributes)
            flags, *rest = _FSXATTR.unpack(attributes)
            rest[2] = number
            fcntl.ioctl(descriptor, _FSSETXATTR, _FSXATTR.pack(flags | _PROJECT_INHERIT, *rest))


def release(directory: str) -> None:
    """Takes the limit of a directory's project away before the directory goes. One without is no error."""
    with _opened(directory) as descriptor:
        number = _number_of(descriptor)
        if _FIRST <= number <= _LAST:
            _set_limits(descriptor, number, 0)


def _number_of(descriptor: int) -> int:
    attributes = bytearray(_FSXATTR.size)
    try:
        fcntl.ioctl(descriptor, _FSGETXATTR, attributes)
    except OSError:  # a file system without projects
        return 0
    return int(_FSXATTR.unpack(attributes)[3])


def _free_number(descriptor: int) -> int:
    """One that neither holds nor limits anything; random, as other engines may share the file system."""
    for _ in range(_TRIES):
        number = random.randint(_FIRST, _LAST)
        found = bytearray(_DQBLK.size)
        try:
            _quotactl(descriptor, _GETQUOTA, number, found)
        except FileNotFoundError:  # xfs: nobody has it
            return number
        if not any(_DQBLK.unpack(found)[:6]):
            return number
    raise OSError("no project number is free")


def _set_limits(descriptor: int, number: int, blocks: int) -> None:
    _quotactl(descriptor, _SETQUOTA, number, bytearray(_DQBLK.pack(blocks, blocks, 0, 0, 0, 0, 0, 0, _LIMITS)))


def _quotactl(descriptor: int, command: int, number: int, data: bytearray) -> None:
    buffer = (ctypes.c_char * len(data)).from_buffer(data)
    result = _libc.syscall(
        ctypes.c_long(_QUOTACTL_FD),
        ctypes.c_uint(descriptor),
        ctypes.c_uint(command << 8 | _PROJECT),
        ctypes.c_uint(number),
        ctypes.byref(buffer),
    )
    if result != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


@contextmanager
def _opened(directory: str) -> Iterator[int]:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
