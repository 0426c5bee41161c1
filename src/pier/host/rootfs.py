"""Looking into a root file system that belongs to a container, without trusting a single link in it.

A snapshot that is not mounted is mounted read-only in a mount namespace of a thread that ends at once. What is left is
a descriptor of the mount's root: nobody else ever sees the mount, and it vanishes with the descriptor, also when the
process is killed. The writable layer of an overlay is taken as the topmost read-only one, so that the upper directory
is never mounted twice. Lower directories are given relative to their common parent: absolute ones overflow the
4 KiB page that mount(2) has for options from some 60 layers on.
"""

import os
import stat
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from pier.domain.errors import NotFound, PierError, Unsupported
from pier.domain.mount import FilesystemMount
from pier.host import syscalls

_MOUNT_POINT = "/proc"  # exists everywhere; covered only in the thread's own mount namespace
_PASSED_ON = ("index=", "userxattr")
_IN_ROOT = syscalls.RESOLVE_IN_ROOT | syscalls.RESOLVE_NO_MAGICLINKS


@contextmanager
def open_process_root(pid: int) -> Iterator[int]:
    """A descriptor of the root of a running process. Raises NotFound when it is gone. Blocks: use in a thread."""
    try:
        root = os.open(f"/proc/{pid}/root", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    except (FileNotFoundError, ProcessLookupError) as error:
        raise NotFound(f"process {pid} is gone") from error
    try:
        yield root
    finally:
        os.close(root)


@contextmanager
def open_snapshot(mounts: Sequence[FilesystemMount]) -> Iterator[int]:
    """A descriptor of a snapshot's root, read-only. Blocks: use in a thread.

    Raises Unsupported for a snapshotter that needs several mounts, PierError when the kernel refuses the mount.
    """
    if len(mounts) != 1:
        raise Unsupported(f"a snapshot of {len(mounts)} mounts cannot be looked into")
    directories, options = _layers(mounts[0])
    root = _open_plain(*directories) if len(directories) == 1 else _mount_privately(mounts[0], directories, options)
    try:
        yield root
    finally:
        os.close(root)


def _open_plain(directory: str) -> int:
    try:
        return os.open(directory, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise PierError(f"snapshot directory {directory} cannot be opened: {error.strerror}") from error


def _layers(mount: FilesystemMount) -> tuple[list[str], list[str]]:
    """(directories, topmost first; further options). No directories: not an overlay but a device."""
    if mount.type in ("bind", "rbind"):
        return [mount.source], []
    if mount.type != "overlay":
        return [], [option for option in mount.options if option not in ("ro", "rw")]
    upper, lower, options = list[str](), list[str](), list[str]()
    for option in mount.options:
        name, _, value = option.partition("=")
        if name == "upperdir":
            upper = [value]
        elif name == "lowerdir":
            lower = value.split(":")
        elif option.startswith(_PASSED_ON):
            options.append(option)
    return upper + lower, options


def _mount_privately(mount: FilesystemMount, directories: list[str], options: list[str]) -> int:
    """Mounts in a thread of its own, whose mount namespace dies with it."""
    outcome: list[int | OSError] = []

    def work() -> None:
        try:
            outcome.append(_mount_here(mount, directories, options))
        except OSError as error:
            outcome.append(error)

    thread = threading.Thread(target=work, name="pier-mount", daemon=True)
    thread.start()
    thread.join()
    result = outcome[0]
    if isinstance(result, OSError):
        raise PierError(f"snapshot cannot be mounted to look into it: {result}") from result
    return result


def _mount_here(mount: FilesystemMount, directories: list[str], options: list[str]) -> int:
    """Only in a thread that ends afterwards: it leaves the process's mount namespace and working directory."""
    syscalls.unshare(syscalls.CLONE_NEWNS)
    syscalls.mount("none", "/", "", syscalls.MS_REC | syscalls.MS_SLAVE)
    if directories:
        parent = os.path.commonpath(directories)
        os.chdir(parent)
        lower = ":".join(os.path.relpath(directory, parent) for directory in directories)
        options = [f"lowerdir={lower}", *options]
    flags = syscalls.MS_RDONLY | syscalls.MS_NODEV | syscalls.MS_NOSUID
    syscalls.mount(mount.source or mount.type, _MOUNT_POINT, mount.type, flags, ",".join(options))
    return os.open(_MOUNT_POINT, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)


def read_file(root: int, path: str, *, limit: int) -> bytes | None:
    """A regular file's bytes, its links resolved inside `root`; None if there is none.

    Raises PierError for anything that is not a regular file (it is not opened, so that a FIFO or device cannot act)
    and for one larger than `limit` bytes.
    """
    try:
        handle = syscalls.openat2(root, path, os.O_PATH, resolve=_IN_ROOT)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise PierError(f"{path} in the container cannot be reached: {error.strerror}") from error
    try:
        facts = os.fstat(handle)
        if not stat.S_ISREG(facts.st_mode):
            raise PierError(f"{path} in the container is not a regular file")
        if facts.st_size > limit:
            raise PierError(f"{path} in the container has {facts.st_size} bytes, more than the {limit} looked at")
        return _read_handle(handle, limit)
    finally:
        os.close(handle)


def _read_handle(handle: int, limit: int) -> bytes:
    """Opens for reading what an O_PATH descriptor stands for: the same file, whatever lies at its path by now."""
    readable = os.open(f"/proc/self/fd/{handle}", os.O_RDONLY | os.O_CLOEXEC | os.O_NOCTTY)
    with os.fdopen(readable, "rb") as file:
        return file.read(limit)


@contextmanager
def open_directory(root: int, path: str) -> Iterator[int | None]:
    """A readable descriptor of a directory, its links resolved inside `root`; None if there is none."""
    try:
        directory = syscalls.openat2(root, path, os.O_RDONLY | os.O_DIRECTORY, resolve=_IN_ROOT)
    except (FileNotFoundError, NotADirectoryError):
        yield None
        return
    except OSError as error:
        raise PierError(f"{path} in the container cannot be reached: {error.strerror}") from error
    try:
        yield directory
    finally:
        os.close(directory)
