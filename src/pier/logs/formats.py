"""What the writer, the rotation and the readers must know of how records lie in a log file; one Format a driver.

A record is what `docker logs` shows as one line or, of a line beyond 16 KiB, one piece of it.
"""

from collections.abc import Mapping, Sequence
from typing import IO, Protocol


class Record(Protocol):
    """One record, read back: `stream` 1 or 2, `time` in ns since the epoch, `text` with its newline if it has one."""

    @property
    def stream(self) -> int: ...
    @property
    def time(self) -> int: ...
    @property
    def text(self) -> bytes: ...
    @property
    def attributes(self) -> Mapping[str, str]: ...


class Encoder(Protocol):
    """Turns raw output of one process into records."""

    def encode(self, data: bytes, stream: int, stamp: int, *, final: bool, room: int) -> tuple[bytes, int]:
        """Records of `data` until they fill `room` bytes, and how many bytes of `data` they cover.

        The record that crosses `room` goes in whole. An unfinished line at the end is left over, unless `final`.
        """
        ...


class Format(Protocol):
    """How to find one's way in a file. A torn last record, as a power cut leaves it, never counts."""

    def whole(self, data: bytes) -> int:
        """How many bytes at the beginning of `data`, which starts with a record, are whole records."""
        ...

    def decode(self, block: bytes) -> Sequence[Record]:
        """The records of a block of whole ones; what is damaged is left out."""
        ...

    def first_time(self, data: bytes) -> int:
        """The time of the first whole record, 0 when there is none."""
        ...

    def count(self, block: bytes) -> int:
        """How many whole records it has."""
        ...

    def offset(self, block: bytes, records: int) -> int:
        """Where the record after the first `records` begins."""
        ...

    def find_tail(self, stream: IO[bytes], count: int) -> tuple[int, int]:
        """Where the last `count` whole records begin, and how many there are, at most `count`."""
        ...

    def find_time(self, stream: IO[bytes], time: int) -> int:
        """A record's position near the first one of that time or later, never beyond it; times grow along a file."""
        ...

    def recover(self, descriptor: int, size: int) -> tuple[int, int]:
        """Where the last whole record of a file of `size` bytes ends, and its time, 0 if it has none."""
        ...
