"""What a container changed against its image: a walk of the writable layer alone. Blocks: use in a thread.

The layer is an overlayfs upper directory (kernel documentation, filesystems/overlayfs): a character device 0/0 stands
for something deleted, and a directory with the attribute trusted.overlay.opaque hides all that lies below it.
"""

import os
import stat
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from pier.domain.archive import ChangeKind, FileChange
from pier.domain.errors import PierError, Unsupported
from pier.domain.mount import FilesystemMount
from pier.host import syscalls
from pier.host.rootfs import open_snapshot, split_layers

_BELOW = syscalls.RESOLVE_BENEATH | syscalls.RESOLVE_NO_SYMLINKS
_OPAQUE = ("trusted.overlay.opaque", "user.overlay.opaque")
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC


def find_changes(mounts: Sequence[FilesystemMount]) -> list[FileChange]:
    """Sorted by path. A directory counts as changed when something was added to it or deleted from it.

    Raises Unsupported for snapshots that are no overlay.
    """
    lower, upper = _separate(mounts)
    try:
        with open_snapshot([lower]) if lower else _nothing() as before:
            top = os.open(upper, _DIRECTORY)
            try:
                return sorted(_Walk(top, before).run(), key=lambda change: change.path)
            finally:
                os.close(top)
    except OSError as error:
        raise PierError(f"the changes of the container cannot be read: {error}") from error


def _separate(mounts: Sequence[FilesystemMount]) -> tuple[FilesystemMount | None, str]:
    """The layers of the image as one mount (None without any), and the directory of the writable layer."""
    directories, options = split_layers(mounts)
    mount = mounts[0]
    if not directories or (
        not any(option.startswith("upperdir=") for option in mount.options) and len(directories) > 1
    ):
        raise Unsupported(f"changes of a container on a snapshot of type {mount.type} cannot be told")
    upper, *lower = directories
    if not lower:
        return None, upper
    return FilesystemMount(type="overlay", source="overlay", options=(f"lowerdir={':'.join(lower)}", *options)), upper


@contextmanager
def _nothing() -> Iterator[None]:
    yield None


@dataclass(slots=True)
class _Directory:
    """A directory of the writable layer; `kind` is None while it looks as in the image."""

    path: str
    kind: ChangeKind | None
    touched: bool  # its times differ from the image's
    shown: bool = False  # something below it is shown


class _Walk:
    def __init__(self, top: int, before: int | None) -> None:
        self._top = top
        self._before = before
        self._found: list[FileChange] = []
        self._directories: dict[str, _Directory] = {}

    def run(self) -> list[FileChange]:
        """All changes, in no order."""
        waiting = [""]
        while waiting:
            waiting += self._look_into(waiting.pop())
        for directory in reversed(self._directories.values()):  # those below come after those above
            self._judge(directory)
        return self._found

    def _look_into(self, path: str) -> list[str]:
        """Notes what is in one directory; the directories in it, to be looked into."""
        below = []
        here = syscalls.openat2(self._top, path.lstrip("/") or ".", _DIRECTORY, resolve=_BELOW)
        try:
            names = os.listdir(here)
            for name in names:
                with suppress(FileNotFoundError):  # gone meanwhile
                    facts = os.stat(name, dir_fd=here, follow_symlinks=False)
                    if stat.S_ISDIR(facts.st_mode):
                        below.append(f"{path}/{name}")
                        self._note_directory(below[-1], facts)
                    else:
                        self._note_file(f"{path}/{name}", facts)
            if path and any(_has_attribute(here, name) for name in _OPAQUE):
                self._note_covered(path, names)
        finally:
            os.close(here)
        return below

    def _note_file(self, path: str, facts: os.stat_result) -> None:
        existed = self._facts_before(path) is not None
        if stat.S_ISCHR(facts.st_mode) and facts.st_rdev == 0:
            if existed:
                self._show(path, ChangeKind.DELETED)
        else:
            self._show(path, ChangeKind.MODIFIED if existed else ChangeKind.ADDED)

    def _note_directory(self, path: str, facts: os.stat_result) -> None:
        before = self._facts_before(path)
        kind: ChangeKind | None = None
        if before is None:
            kind = ChangeKind.ADDED
        elif (before.st_mode, before.st_uid, before.st_gid) != (facts.st_mode, facts.st_uid, facts.st_gid):
            kind = ChangeKind.MODIFIED
        touched = before is not None and before.st_mtime_ns != facts.st_mtime_ns
        self._directories[path] = _Directory(path, kind, touched)

    def _note_covered(self, path: str, names: Collection[str]) -> None:
        """A directory deleted and made again: what the image had in it is gone, but for what is there again."""
        directory = self._open_before(path, _DIRECTORY)
        if directory is None:
            return
        try:
            for name in set(os.listdir(directory)).difference(names):
                self._show(f"{path}/{name}", ChangeKind.DELETED)
        finally:
            os.close(directory)

    def _judge(self, directory: _Directory) -> None:
        if directory.shown or directory.touched or directory.kind is not None:
            self._show(directory.path, directory.kind or ChangeKind.MODIFIED)

    def _show(self, path: str, kind: ChangeKind) -> None:
        self._found.append(FileChange(path=path, kind=kind))
        if parent := self._parent(path):
            parent.shown = True

    def _parent(self, path: str) -> _Directory | None:
        return self._directories.get(path.rpartition("/")[0])

    def _facts_before(self, path: str) -> os.stat_result | None:
        handle = self._open_before(path, os.O_PATH | os.O_NOFOLLOW)
        if handle is None:
            return None
        try:
            return os.fstat(handle)
        finally:
            os.close(handle)

    def _open_before(self, path: str, flags: int) -> int | None:
        if self._before is None:
            return None
        try:
            return syscalls.openat2(self._before, path.lstrip("/"), flags, resolve=_BELOW)
        except OSError:  # not there, or behind what was a link in the image
            return None


def _has_attribute(directory: int, name: str) -> bool:
    try:
        return os.getxattr(directory, name) == b"y"
    except OSError:
        return False
