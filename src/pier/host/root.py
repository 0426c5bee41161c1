"""The root of a container's files: the writable layer on its image, with volumes and binds where it has them.

A thread with a mount namespace of its own puts the tree together and ends. What is left is a descriptor of a copy of
that tree which is attached nowhere (open_tree(2)): nobody else sees it, and it vanishes with the descriptor, also when
the process is killed.

A container that runs is copied out of its own mount namespace: its very mounts, never a second mount of a directory
that its shim has mounted. Only the root, volumes, binds and the engine's files are taken; /proc, /sys, /dev and tmpfs
are its own affair.
"""

import os
import stat
from collections.abc import Sequence
from contextlib import ExitStack, suppress

from pier.domain.archive import RootMount
from pier.domain.errors import NotFound, PierError
from pier.domain.mount import FilesystemMount
from pier.host import syscalls
from pier.host.rootfs import MOUNT_POINT, in_own_thread, mount_snapshot, split_layers

_IN_ROOT = syscalls.RESOLVE_IN_ROOT | syscalls.RESOLVE_NO_MAGICLINKS
_DIRECTORY = os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC
_WITHIN = syscalls.RESOLVE_BENEATH | syscalls.RESOLVE_NO_MAGICLINKS
_BENEATH = syscalls.RESOLVE_BENEATH | syscalls.RESOLVE_NO_SYMLINKS


class ContainerRoot:
    """Fits domain.archive.Root. `lacking` are mounts that had no mount point in a root opened for reading."""

    def __init__(self, descriptor: int, lacking: tuple[str, ...] = ()) -> None:
        self._descriptor = descriptor
        self._lacking = lacking

    @property
    def descriptor(self) -> int:
        return self._descriptor

    @property
    def lacking(self) -> tuple[str, ...]:
        return self._lacking

    def duplicate(self) -> "ContainerRoot":
        return ContainerRoot(os.dup(self._descriptor), self._lacking)

    def close(self) -> None:
        """Harmless when done twice."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def open(self, path: str, flags: int, directory: int | None = None) -> int:
        """See domain.archive.Root."""
        start = self._descriptor if directory is None else directory
        return syscalls.openat2(start, path, flags, resolve=_IN_ROOT)

    def open_beneath(self, path: str, flags: int, directory: int) -> int:
        """See domain.archive.Root."""
        return syscalls.openat2(directory, path, flags, resolve=_BENEATH)


def open_running_root(pid: int, cgroup_path: str, mounts: Sequence[RootMount]) -> ContainerRoot:
    """The root of a container whose init is `pid`. Raises NotFound when it has ended. Blocks: use in a thread."""
    try:
        process = os.open(f"/proc/{pid}", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            _check_identity(process, cgroup_path)
            namespace = os.open("ns/mnt", os.O_RDONLY | os.O_CLOEXEC, dir_fd=process)
        finally:
            os.close(process)
    except (FileNotFoundError, ProcessLookupError) as error:
        raise NotFound(f"process {pid} is gone") from error
    try:
        return in_own_thread(lambda: _copy_running(namespace, mounts), "the files of the container cannot be reached")
    finally:
        os.close(namespace)


def _check_identity(process: int, cgroup_path: str) -> None:
    """A pid may have been given to another process; the directory of a dead one gives ESRCH, whoever has its number."""
    with os.fdopen(os.open("cgroup", os.O_RDONLY | os.O_CLOEXEC, dir_fd=process)) as file:
        paths = {line.rstrip("\n").split(":", 2)[2] for line in file}
    if cgroup_path and not any(path == cgroup_path or path.startswith(f"{cgroup_path}/") for path in paths):
        raise NotFound(f"the process of cgroup {cgroup_path} is gone")


def open_stopped_root(
    layers: Sequence[FilesystemMount], mounts: Sequence[RootMount], *, writable: bool, read_only_root: bool = False
) -> ContainerRoot:
    """The root of a container that does not run. Blocks: use in a thread.

    With `writable` the writable layer itself is mounted, and missing mount points are made; nobody else may mount it
    meanwhile. Without, everything can only be read.
    """

    def work() -> ContainerRoot:
        with ExitStack() as opened:
            syscalls.unshare(syscalls.CLONE_NEWNS)
            syscalls.mount("none", "/", "", syscalls.MS_REC | syscalls.MS_SLAVE)
            sources = [(mount, _clone_source(mount, opened)) for mount in mounts]
            mount_snapshot(layers, MOUNT_POINT, writable=writable)
            top = _kept(os.open(MOUNT_POINT, _DIRECTORY), opened)
            return _assemble(top, sources, make=writable, read_only=read_only_root)

    split_layers(layers)
    return in_own_thread(work, "snapshot cannot be mounted to look into it")


def make_directory(layers: Sequence[FilesystemMount], path: str) -> None:
    """Makes a directory and its parents in a writable snapshot that nobody else has mounted. Blocks: use in a thread.

    It is root's, as one that a runtime makes at the start. Raises PierError where something else is in the way.
    """

    def work() -> None:
        with ExitStack() as opened:
            syscalls.unshare(syscalls.CLONE_NEWNS)
            syscalls.mount("none", "/", "", syscalls.MS_REC | syscalls.MS_SLAVE)
            mount_snapshot(layers, MOUNT_POINT, writable=True)
            top = _kept(os.open(MOUNT_POINT, _DIRECTORY), opened)
            try:
                _kept(_make_directories(top, path), opened)
            except NotADirectoryError as error:
                raise PierError(f"Cannot mkdir: {path} is not a directory") from error

    in_own_thread(work, f"directory {path} cannot be made in the container")


def _kept(descriptor: int, opened: ExitStack) -> int:
    opened.callback(os.close, descriptor)
    return descriptor


def _clone_source(mount: RootMount, opened: ExitStack) -> int | None:
    """None when it is not there: a bind's source is made at start, the engine's files are written then."""
    try:
        source = _kept(os.open(mount.source, os.O_PATH | os.O_CLOEXEC), opened)
        if mount.subpath:
            source = _kept(syscalls.openat2(source, mount.subpath, os.O_PATH, resolve=_WITHIN), opened)
        clone = _kept(syscalls.clone_tree(source, "", recursive=mount.recursive), opened)
    except (FileNotFoundError, NotADirectoryError):
        return None
    syscalls.seclude_mount(clone, read_only=not mount.writable)
    return clone


def _copy_running(namespace: int, mounts: Sequence[RootMount]) -> ContainerRoot:
    with ExitStack() as opened:
        syscalls.unshare(syscalls.CLONE_NEWNS)
        syscalls.mount("none", "/", "", syscalls.MS_REC | syscalls.MS_SLAVE)
        own = _kept(os.open("/proc/thread-self/ns/mnt", os.O_RDONLY | os.O_CLOEXEC), opened)
        syscalls.setns(namespace, syscalls.CLONE_NEWNS)  # also makes the container's root this thread's
        inside = _kept(os.open("/", _DIRECTORY), opened)
        top = _kept(syscalls.clone_tree(None, "/", recursive=False), opened)
        syscalls.seclude_mount(top, read_only=False)
        copies = [(mount, _clone_inside(inside, mount, opened)) for mount in mounts]
        syscalls.setns(own, syscalls.CLONE_NEWNS)
        syscalls.attach_mount(top, _kept(os.open(MOUNT_POINT, _DIRECTORY), opened))
        return _assemble(top, copies, make=False, read_only=False)


def _clone_inside(inside: int, mount: RootMount, opened: ExitStack) -> int | None:
    """The mount as the container has it; whether it may be written there, its own flags say."""
    try:
        place = _kept(syscalls.openat2(inside, mount.destination, os.O_PATH, resolve=_IN_ROOT), opened)
    except OSError:  # unmounted, or moved away by the container itself
        return None
    clone = _kept(syscalls.clone_tree(place, "", recursive=mount.recursive), opened)
    syscalls.seclude_mount(clone, read_only=not mount.writable)
    return clone


def _assemble(
    top: int, mounts: Sequence[tuple[RootMount, int | None]], *, make: bool, read_only: bool
) -> ContainerRoot:
    """Puts the mounts into the root that `top` stands for, and takes a copy of it all."""
    lacking = []
    for mount, clone in mounts:
        if clone is not None and not _attach(top, mount, clone, make=make):
            lacking.append(mount.destination)
    whole = syscalls.clone_tree(top, "", recursive=True)
    if read_only:  # the root alone: the mounts in it keep what they have
        syscalls.seclude_mount(whole, read_only=True, recursive=False)
    return ContainerRoot(whole, tuple(lacking))


def _attach(top: int, mount: RootMount, clone: int, *, make: bool) -> bool:
    """False when there is no mount point, nor can be one, or it is one of the other kind."""
    is_directory = stat.S_ISDIR(os.fstat(clone).st_mode)
    try:
        target = _open_target(top, mount.destination, is_directory, make)
    except OSError:
        return False
    try:
        if stat.S_ISDIR(os.fstat(target).st_mode) != is_directory:
            return False
        syscalls.attach_mount(clone, target)
    finally:
        os.close(target)
    return True


def _open_target(top: int, destination: str, is_directory: bool, make: bool) -> int:
    try:
        return syscalls.openat2(top, destination, os.O_PATH, resolve=_IN_ROOT)
    except FileNotFoundError:
        if not make:
            raise
    parent, name = os.path.split(destination.rstrip("/"))
    directory = _make_directories(top, parent)
    try:
        with suppress(FileExistsError):
            if is_directory:
                os.mkdir(name, 0o755, dir_fd=directory)
            else:
                os.mknod(name, stat.S_IFREG | 0o644, dir_fd=directory)
        return syscalls.openat2(top, destination, os.O_PATH, resolve=_IN_ROOT)
    finally:
        os.close(directory)


def _make_directories(top: int, path: str) -> int:
    """A descriptor of the directory, made with its parents as a runtime does before it mounts."""
    here = syscalls.openat2(top, ".", os.O_PATH | os.O_DIRECTORY, resolve=_IN_ROOT)
    done = ""
    for part in filter(None, path.split("/")):
        done = f"{done}/{part}"
        with suppress(FileExistsError):
            os.mkdir(part, 0o755, dir_fd=here)
        try:
            below = syscalls.openat2(top, done, os.O_PATH | os.O_DIRECTORY, resolve=_IN_ROOT)
        finally:
            os.close(here)
        here = below
    return here
