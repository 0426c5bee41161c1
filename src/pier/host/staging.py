"""Places where a runtime finds what a container shall see of a volume or an image: a part of it, reached safely.

A runtime binds paths, and a path may lead elsewhere by the time it is looked up: a link that another container made in
the volume. So the part is looked up once, by openat2(2) that refuses to leave the volume, and what was found is mounted
at `<directory>/<container id>/<name>`, where nobody but root can change it. Everything here blocks.
"""

import errno
import os
import stat
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from pathlib import Path

from pier.domain.errors import InvalidArgument, NotFound, PierError
from pier.domain.mount import FilesystemMount
from pier.host import syscalls
from pier.host.rootfs import MOUNT_POINT, in_own_thread, mount_snapshot

_BENEATH = syscalls.RESOLVE_BENEATH | syscalls.RESOLVE_NO_MAGICLINKS


class Staging:
    """The mounts of one engine."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def stage_directory(self, container_id: str, name: str, source: str, subpath: str) -> str:
        """Mounts a part of a directory; the path. Raises NotFound, InvalidArgument, PierError."""
        with ExitStack() as opened:
            base = _kept(_open_base(source), opened)
            found = _kept(_look_up(base, source, subpath), opened)
            clone = _kept(syscalls.clone_tree(found, "", recursive=True), opened)
            return self._attach(container_id, name, clone)

    def stage_image(self, container_id: str, name: str, layers: Sequence[FilesystemMount], subpath: str) -> str:
        """Mounts a snapshot, or a part of it, read-only; the path. Raises NotFound, InvalidArgument, PierError."""

        def work() -> int:
            syscalls.unshare(syscalls.CLONE_NEWNS)
            syscalls.mount("none", "/", "", syscalls.MS_REC | syscalls.MS_SLAVE)
            mount_snapshot(layers, MOUNT_POINT, writable=False)
            with ExitStack() as opened:
                base = _kept(_open_base(MOUNT_POINT), opened)
                found = _kept(_look_up(base, "the image", subpath or "."), opened)
                return syscalls.clone_tree(found, "", recursive=False)

        with ExitStack() as opened:
            clone = _kept(in_own_thread(work, "the image cannot be mounted"), opened)
            return self._attach(container_id, name, clone)

    def unstage(self, container_id: str) -> None:
        """Takes all mounts of a container away; absent is no error."""
        directory = self._directory / container_id
        try:
            entries = list(directory.iterdir())
        except FileNotFoundError:
            return
        for entry in entries:
            _unmount_all(entry)
            if entry.is_dir():
                entry.rmdir()  # never recursively: should something still be mounted there, its files stay
            else:
                entry.unlink()
        directory.rmdir()

    def list_ids(self) -> list[str]:
        return sorted(entry.name for entry in self._directory.iterdir()) if self._directory.is_dir() else []

    def _attach(self, container_id: str, name: str, clone: int) -> str:
        directory = self._directory / container_id
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        place = directory / name
        _unmount_all(place)
        if stat.S_ISDIR(os.fstat(clone).st_mode):
            place.mkdir(mode=0o700, exist_ok=True)
        else:
            place.touch(mode=0o600)
        target = os.open(place, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            syscalls.seclude_mount(clone, read_only=False)
            syscalls.attach_mount(clone, target)
        finally:
            os.close(target)
        return str(place)


def _kept(descriptor: int, opened: ExitStack) -> int:
    opened.callback(os.close, descriptor)
    return descriptor


def _open_base(path: str) -> int:
    try:
        return os.open(path, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise PierError(f"cannot access path {path}: {error.strerror}") from error


def _look_up(base: int, shown: str, subpath: str) -> int:
    try:
        return syscalls.openat2(base, subpath, os.O_PATH, resolve=_BENEATH)
    except OSError as error:
        if error.errno in (errno.EXDEV, errno.ELOOP):
            raise InvalidArgument(
                f"path concatenation escapes the base directory, base: {shown}, subpath: {subpath}"
            ) from error
        raise NotFound(f"cannot access path {shown}/{subpath}: {(error.strerror or '').lower()}") from error


def _unmount_all(place: Path) -> None:
    """More than one may lie there after a crash."""
    with suppress(OSError):  # EINVAL: no mount is left
        while True:
            syscalls.unmount(str(place))
