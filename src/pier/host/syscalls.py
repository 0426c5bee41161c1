"""System calls that Python 3.11 has no function for, each raising OSError as the `os` module does.

Numbers are those of asm-generic/unistd.h, equal on x86_64 and arm64 for calls of these years; the rest goes through
libc's own functions.
"""

import ctypes
import errno
import os

CLONE_NEWNS = 0x00020000  # linux/sched.h
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT, MS_BIND = 0x1, 0x2, 0x4, 0x8, 0x20, 0x1000  # linux/mount.h
MS_REC, MS_PRIVATE, MS_SLAVE = 0x4000, 0x40000, 0x80000
RESOLVE_NO_MAGICLINKS, RESOLVE_NO_SYMLINKS, RESOLVE_BENEATH, RESOLVE_IN_ROOT = 0x02, 0x04, 0x08, 0x10  # openat2.h

AT_EMPTY_PATH, AT_RECURSIVE = 0x1000, 0x8000  # linux/fcntl.h

_NR_OPEN_TREE, _NR_MOVE_MOUNT, _NR_OPENAT2, _NR_MOUNT_SETATTR = 428, 429, 437, 442
_AT_FDCWD = -100
_OPEN_TREE_CLONE = 1  # linux/mount.h
_MOVE_MOUNT_EMPTY_PATHS = 0x4 | 0x40  # both ends are descriptors
_MOUNT_ATTR_RDONLY = 0x1
_MNT_DETACH, _UMOUNT_NOFOLLOW = 0x2, 0x8  # linux/fs.h
_RACES = 16

_libc = ctypes.CDLL(None, use_errno=True)


class _OpenHow(ctypes.Structure):
    """struct open_how, openat2(2)."""

    _fields_ = (("flags", ctypes.c_uint64), ("mode", ctypes.c_uint64), ("resolve", ctypes.c_uint64))


class _MountAttributes(ctypes.Structure):
    """struct mount_attr, mount_setattr(2)."""

    _fields_ = (
        ("set", ctypes.c_uint64),
        ("clear", ctypes.c_uint64),
        ("propagation", ctypes.c_uint64),
        ("userns", ctypes.c_uint64),
    )


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


def unmount(target: str) -> None:
    """umount2(2), lazily: it leaves the tree now and goes with its last user. A link is not followed."""
    if _libc.umount2(ctypes.c_char_p(os.fsencode(target)), ctypes.c_int(_MNT_DETACH | _UMOUNT_NOFOLLOW)) != 0:
        raise _last_error(target)


def setns(descriptor: int, kind: int) -> None:
    """setns(2), of the calling thread alone."""
    if _libc.setns(ctypes.c_int(descriptor), ctypes.c_int(kind)) != 0:
        raise _last_error("setns")


def clone_tree(directory: int | None, path: str, *, recursive: bool) -> int:
    """open_tree(2): a descriptor of a copy of the mount at `path`, attached nowhere, that goes with it.

    With an empty path the mount is that of the descriptor `directory`; a copy begins at just that file or directory.
    """
    flags = _OPEN_TREE_CLONE | os.O_CLOEXEC | (AT_RECURSIVE if recursive else 0) | (0 if path else AT_EMPTY_PATH)
    descriptor = int(
        _libc.syscall(
            ctypes.c_long(_NR_OPEN_TREE),
            ctypes.c_int(_AT_FDCWD if directory is None else directory),
            ctypes.c_char_p(os.fsencode(path)),
            ctypes.c_uint(flags),
        )
    )
    if descriptor < 0:
        raise _last_error(path)
    return descriptor


def attach_mount(mount_: int, target: int) -> None:
    """move_mount(2): mounts what clone_tree gave on the file or directory that `target` stands for."""
    result = _libc.syscall(
        ctypes.c_long(_NR_MOVE_MOUNT),
        ctypes.c_int(mount_),
        ctypes.c_char_p(b""),
        ctypes.c_int(target),
        ctypes.c_char_p(b""),
        ctypes.c_uint(_MOVE_MOUNT_EMPTY_PATHS),
    )
    if result != 0:
        raise _last_error("move_mount")


def seclude_mount(mount_: int, *, read_only: bool, recursive: bool = True) -> None:
    """mount_setattr(2): nothing mounted in it shows elsewhere or comes from there; perhaps it becomes read-only.

    Without `recursive` only the mount itself is changed, not those in it.
    """
    attributes = _MountAttributes(_MOUNT_ATTR_RDONLY if read_only else 0, 0, MS_PRIVATE, 0)
    result = _libc.syscall(
        ctypes.c_long(_NR_MOUNT_SETATTR),
        ctypes.c_int(mount_),
        ctypes.c_char_p(b""),
        ctypes.c_uint(AT_EMPTY_PATH | (AT_RECURSIVE if recursive else 0)),
        ctypes.byref(attributes),
        ctypes.c_size_t(ctypes.sizeof(attributes)),
    )
    if result != 0:
        raise _last_error("mount_setattr")


def _last_error(path: str) -> OSError:
    number = ctypes.get_errno()
    return OSError(number, os.strerror(number), path)
