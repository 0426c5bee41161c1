"""The init layer: what every container has between its image and its own writable layer. Blocks: use in a thread.

dockerd puts the same entries there: the mount points of its own files and of the runtime's file systems, and
`/.dockerenv`, by which programs tell that they run in a container. As they are below the writable layer, they are no
change of the container's: `diff` and `commit` do not see them, `export` does, and no start has to make them.
"""

import errno
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from pier.domain.mount import FilesystemMount
from pier.host import syscalls
from pier.host.rootfs import MOUNT_POINT, in_own_thread, mount_snapshot

_DIRECTORIES = ("dev/pts", "dev/shm", "proc", "sys")
_FILES = (".dockerenv", "dev/console", "etc/hostname", "etc/hosts", "etc/resolv.conf")
_LINKS = {"etc/mtab": "/proc/mounts"}
_MODE = 0o755
_IN_ROOT = syscalls.RESOLVE_IN_ROOT | syscalls.RESOLVE_NO_MAGICLINKS
_NO_DIRECTORY = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP)
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC


def fill_init_layer(mounts: Sequence[FilesystemMount]) -> None:
    """Makes the entries in a writable snapshot that nobody else has mounted; mounts it where nobody sees it.

    Files and links that the image has in their place give way to them, as with dockerd; its directories stay as they
    are. Raises PierError.
    """

    def work() -> None:
        syscalls.unshare(syscalls.CLONE_NEWNS)
        syscalls.mount("none", "/", "", syscalls.MS_REC | syscalls.MS_SLAVE)
        mount_snapshot(mounts, MOUNT_POINT, writable=True)
        root = os.open(MOUNT_POINT, _DIRECTORY)
        try:
            make_entries(root)
        finally:
            os.close(root)

    in_own_thread(work, "the mount points of a container cannot be made")


def make_entries(root: int) -> None:
    """The same below the directory behind the descriptor `root`. Raises OSError."""
    for path in _DIRECTORIES:
        os.close(_enter(root, path))
    for path in _FILES:
        with _place(root, path) as (parent, name):
            if _make_room(parent, name):
                file = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _MODE, dir_fd=parent)
                os.fchmod(file, _MODE)  # whatever the umask
                os.close(file)
    for path, target in _LINKS.items():
        with _place(root, path) as (parent, name):
            if _make_room(parent, name):
                os.symlink(target, name, dir_fd=parent)


@contextmanager
def _place(root: int, path: str) -> Iterator[tuple[int, str]]:
    """(descriptor of the directory that `path` is in, its name there)."""
    directory, _, name = path.rpartition("/")
    parent = _enter(root, directory)
    try:
        yield parent, name
    finally:
        os.close(parent)


def _enter(root: int, path: str) -> int:
    """A descriptor of the directory, made where it is missing. Links to directories are followed, inside the root."""
    here = ""
    for part in filter(None, path.split("/")):
        here = f"{here}/{part}".lstrip("/")
        try:
            os.close(syscalls.openat2(root, here, _DIRECTORY, resolve=_IN_ROOT))
        except OSError as error:
            if error.errno not in _NO_DIRECTORY:
                raise
            with _place(root, here) as (parent, name):
                with suppress(FileNotFoundError):
                    os.unlink(name, dir_fd=parent)
                os.mkdir(name, _MODE, dir_fd=parent)
                os.chmod(name, _MODE, dir_fd=parent)
    return syscalls.openat2(root, path or ".", _DIRECTORY, resolve=_IN_ROOT)


def _make_room(parent: int, name: str) -> bool:
    """False when a directory has the name, which stays."""
    try:
        os.unlink(name, dir_fd=parent)
    except FileNotFoundError:
        return True
    except IsADirectoryError:
        return False
    return True
