"""Archives: one member of a tar stream, to be written."""

from collections.abc import AsyncIterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveMember:
    """A regular file of exactly `size` bytes, or a directory when `data` is None. `path` is relative, with slashes."""

    path: str
    size: int = 0
    data: AsyncIterator[bytes] | None = None
