"""mount(2) for volumes that lie elsewhere. Everything here blocks."""

import ctypes
import errno
import os
import socket
from pathlib import Path

from pier.domain.errors import PierError
from pier.volumes.options import MS_BIND, MS_REC, MS_REMOUNT, MountPlan

_MNT_DETACH, _UMOUNT_NOFOLLOW = 0x2, 0x8
_RESOLVED = ("nfs", "nfs4", "cifs")  # the kernel takes addresses, not names

_libc = ctypes.CDLL(None, use_errno=True)


def mount(plan: MountPlan, target: str) -> None:
    """Raises PierError in dockerd's words."""
    data = ",".join(_resolve(plan, option) for option in plan.data)
    try:
        _mount(plan.device, target, plan.type, plan.flags, data)
        if plan.flags & MS_BIND and plan.flags & ~(MS_BIND | MS_REC):  # of a bind the first call takes no other flags
            _mount("", target, "", plan.flags & ~MS_REC | MS_REMOUNT, "")
        if plan.propagation:
            _mount("", target, "", plan.propagation, "")
    except OSError as error:
        _unmount_quietly(target)
        flags = f", flags: {plan.flags:#x}" if plan.flags else ""
        shown = f", data: {data}" if data else ""
        raise PierError(
            f"error while mounting volume '{target}': failed to mount local volume: "
            f"mount {plan.device}:{target}{flags}{shown}: {(error.strerror or str(error)).lower()}"
        ) from error


def is_mounted(target: str) -> bool:
    return os.path.realpath(target) in mount_points()


def mount_points() -> set[str]:
    """Where something is mounted, by /proc/self/mountinfo (proc(5): blanks in paths are octal)."""
    found = set()
    for line in Path("/proc/self/mountinfo").read_text(errors="surrogateescape").splitlines():
        path = line.split(" ")[4]
        for code, letter in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
            path = path.replace(code, letter)
        found.add(path)
    return found


def unmount(target: str) -> None:
    """Takes off all that is mounted there; what is in use goes when its last user has gone. Nothing is no error."""
    while is_mounted(target):
        _unmount(target)


def _resolve(plan: MountPlan, option: str) -> str:
    key, _, host = option.partition("=")
    if plan.type not in _RESOLVED or key != "addr":
        return option
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError as error:
        raise PierError(f"error resolving passed in network volume address {host}: {error}") from error
    return f"addr={found[0][4][0]}"


def _mount(source: str, target: str, kind: str, flags: int, data: str) -> None:
    result = _libc.mount(
        ctypes.c_char_p(os.fsencode(source)) if source else None,
        ctypes.c_char_p(os.fsencode(target)),
        ctypes.c_char_p(kind.encode()) if kind else None,
        ctypes.c_ulong(flags),
        ctypes.c_char_p(os.fsencode(data)) if data else None,
    )
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _unmount(target: str) -> None:
    if _libc.umount2(ctypes.c_char_p(os.fsencode(target)), ctypes.c_int(_MNT_DETACH | _UMOUNT_NOFOLLOW)) != 0:
        number = ctypes.get_errno()
        if number != errno.EINVAL:
            raise OSError(number, os.strerror(number), target)


def _unmount_quietly(target: str) -> None:
    if is_mounted(target):
        _unmount(target)
