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
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

from pier.domain.errors import NotFound, PierError, Unsupported
from pier.domain.mount import FilesystemMount
from pier.host import syscalls

MOUNT_POINT = "/proc"  # exists everywhere; covered only in the thread's own mount namespace
_PASSED_ON = ("index=", "userxattr")
_IN_ROOT = syscalls.RESOLVE_IN_ROOT | syscalls.RESOLVE_NO_MAGICLINKS

T = TypeVar("T")


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
    directories, _ = split_layers(mounts)
    root = _open_plain(*directories) if len(directories) == 1 else _mount_privately(mounts)
    try:
        yield root
    finally:
        os.close(root)


def _open_plain(directory: str) -> int:
    try:
        return os.open(directory, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise PierError(f"snapshot directory {directory} cannot be opened: {error.strerror}") from error


def split_layers(mounts: Sequence[FilesystemMount]) -> tuple[list[str], list[str]]:
    """(directories, topmost first; further options). No directories: not an overlay but a device.

    Raises Unsupported for a snapshotter that needs several mounts.
    """
    if len(mounts) != 1:
        raise Unsupported(f"a snapshot of {len(mounts)} mounts cannot be looked into")
    mount = mounts[0]
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


def _mount_privately(mounts: Sequence[FilesystemMount]) -> int:
    def work() -> int:
        syscalls.unshare(syscalls.CLONE_NEWNS)
        syscalls.mount("none", "/", "", syscalls.MS_REC | syscalls.MS_SLAVE)
        mount_snapshot(mounts, MOUNT_POINT, writable=False)
        return os.open(MOUNT_POINT, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)

    return in_own_thread(work, "snapshot cannot be mounted to look into it")


def in_own_thread(work: Callable[[], T], complaint: str) -> T:
    """Runs `work` in a thread that may leave the process's mount namespace, as both end together.

    An OSError becomes a PierError that begins with the complaint.
    """
    outcome: list[T] = []
    failure: list[Exception] = []

    def run() -> None:
        try:
            outcome.append(work())
        except Exception as error:
            failure.append(error)

    thread = threading.Thread(target=run, name="pier-mount", daemon=True)
    thread.start()
    thread.join()
    if not failure:
        return outcome[0]
    if isinstance(failure[0], OSError):
        raise PierError(f"{complaint}: {failure[0]}") from failure[0]
    raise failure[0]


def mount_snapshot(mounts: Sequence[FilesystemMount], target: str, *, writable: bool) -> None:
    """Mounts a snapshot; only within in_own_thread, as it may change the working directory.

    Not writable: the writable layer of an overlay becomes the topmost of the read-only ones.
    """
    directories, options = split_layers(mounts)
    mount = mounts[0]
    flags = syscalls.MS_NODEV | syscalls.MS_NOSUID | (0 if writable else syscalls.MS_RDONLY)
    if len(directories) == 1:
        syscalls.mount(mount.source, target, "", syscalls.MS_BIND)
        syscalls.mount("none", target, "", syscalls.MS_REMOUNT | syscalls.MS_BIND | flags)
        return
    if directories:
        options = [*_overlay_options(mount, directories, writable), *options]
    syscalls.mount(mount.source or mount.type, target, mount.type, flags, ",".join(options))


def _overlay_options(mount: FilesystemMount, directories: list[str], writable: bool) -> list[str]:
    """With paths from their common parent, which becomes the working directory."""
    given = dict(option.partition("=")[::2] for option in mount.options)
    upper = [given[name] for name in ("upperdir", "workdir") if name in given] if writable else []
    parent = os.path.commonpath([*directories, *upper])
    os.chdir(parent)
    lower = directories[1:] if upper else directories
    options = ["lowerdir=" + ":".join(os.path.relpath(directory, parent) for directory in lower)]
    if upper:
        options += [f"{name}={os.path.relpath(given[name], parent)}" for name in ("upperdir", "workdir")]
    return options


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
