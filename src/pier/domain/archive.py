"""Archives, and the files of a container that go into them or come out."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveMember:
    """A regular file of exactly `size` bytes, or a directory when `data` is None. `path` is relative, with slashes."""

    path: str
    size: int = 0
    data: AsyncIterator[bytes] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RootMount:
    """What is mounted in a container's root: a volume, a bind, a file of the engine's. `source` is on the host."""

    destination: str
    source: str
    writable: bool = True
    recursive: bool = True
    subpath: str = ""  # the part of `source` that is mounted; no link in it leads outside


class Root(Protocol):
    """The root of a container's files. All of it blocks: use in a thread.

    Paths are resolved as in the container itself: no link, absolute or with `..`, leads out, and the magic links of
    /proc are not followed. Descriptors are the caller's to close.
    """

    @property
    def descriptor(self) -> int:
        """An O_PATH descriptor of the directory."""
        ...

    @property
    def lacking(self) -> tuple[str, ...]:
        """Destinations of mounts for which there is no mount point."""
        ...

    def duplicate(self) -> "Root":
        """The same root with a life of its own."""
        ...

    def close(self) -> None: ...
    def open(self, path: str, flags: int, directory: int | None = None) -> int:
        """Opens a path of the root, or one of a directory as if that were the root. Raises OSError."""
        ...

    def open_beneath(self, path: str, flags: int, directory: int) -> int:
        """Opens a path below a directory that holds no link. Raises OSError."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class PathStat:
    """A file of a container: its base name as asked for, size, st_mode, mtime in ns, and where a link leads inside."""

    name: str
    size: int
    mode: int
    modified_at: int
    link_target: str = ""


class ChangeKind(IntEnum):
    """Docker's numbers."""

    MODIFIED = 0
    ADDED = 1
    DELETED = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class FileChange:
    """A path that differs from the image's."""

    path: str
    kind: ChangeKind
