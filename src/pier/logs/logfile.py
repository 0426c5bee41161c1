"""The files of a log, opened for reading: whole records, seeks by their count and by time."""

import gzip
import os
from collections.abc import Sequence
from pathlib import Path
from typing import IO, cast

from pier.logs.formats import Format, Record
from pier.logs.rotation import rotated

BLOCK = 256 << 10
_FIRST = 256 << 10  # the first line of a file lies within; pieces of 16 KiB are at most 100 KB when escaped


class OpenLog:
    """`begins` is the time of its first line, by which a file is known wherever rotation moves it; 0: no line yet."""

    def __init__(self, stream: IO[bytes], inode: int, format: Format, *, plain: bool) -> None:
        self.inode = inode
        self.complete = False
        self._stream = stream
        self._format = format
        self._plain = plain
        self._rest = b""
        self.begins = 0
        self._note_begin(stream.read(_FIRST))
        stream.seek(0)

    def _note_begin(self, data: bytes) -> None:
        if self.begins == 0:
            self.begins = self._format.first_time(data)

    def decode(self, block: bytes) -> Sequence[Record]:
        """The records of what `read_lines` gave."""
        return self._format.decode(block)

    def read_lines(self) -> bytes:
        """The next whole lines, about 256 KiB; empty where the file ends at present. A torn last line waits."""
        while (data := self._stream.read(BLOCK)) or self._format.whole(self._rest):
            if self._rest:
                data = self._rest + data
            end = self._format.whole(data)
            self._rest = data[end:]
            if end:
                self._note_begin(data)
                return data[:end]
        return b""

    def rewind_if_longer_than(self, size: int) -> bool:
        """Goes back to the beginning if the file was emptied by hand (`truncate -s 0`) after it was read."""
        if not self._plain or self._stream.tell() <= size:
            return False
        self._seek(0)
        self.begins = 0
        return True

    def seek_tail(self, count: int) -> int:
        """Goes to where the last `count` whole records begin; how many there are, at most `count`."""
        if not self._plain:
            return self._seek_tail_forward(count)
        position, found = self._format.find_tail(self._stream, count)
        self._seek(position)
        return found

    def _seek_tail_forward(self, count: int) -> int:
        """For compressed files, which can only be read forward: once to count, once to skip."""
        records = 0
        while block := self.read_lines():
            records += self._format.count(block)
        self._seek(0)
        skip = max(0, records - count)
        while skip and (data := self.read_lines()):
            there = self._format.count(data)
            if there > skip:
                self._rest = data[self._format.offset(data, skip) :] + self._rest
            skip = max(0, skip - there)
        return min(records, count)

    def seek_time(self, time: int) -> None:
        """Goes near the first record of that time or later, never beyond it."""
        if self._plain:
            self._seek(self._format.find_time(self._stream, time))

    def _seek(self, position: int) -> None:
        self._stream.seek(position)
        self._rest = b""

    def close(self) -> None:
        self._stream.close()


def open_logs(path: Path, format: Format) -> list[OpenLog]:
    """All files of a log that have a line, oldest first; the current one is there even when empty.

    Goes from the youngest to the oldest, against the direction of rotation, so that none is missed when they are
    renamed meanwhile; one that was met twice is told by its first line. Raises OSError.
    """
    found: list[OpenLog] = []
    seen: set[int] = set()
    number = gap = 0
    while gap < 3:  # an interrupted rotation may leave a number out
        plain, packed = (path, path) if number == 0 else rotated(path, number)
        log = _open(plain, format, plain=True) or (_open(packed, format, plain=False) if number else None)
        gap = 0 if log else gap + 1
        number += 1
        if log is None:
            continue
        if log.begins in seen or (log.begins == 0 and number > 1):
            log.close()
            continue
        seen.add(log.begins)
        found.append(log)
    return found[::-1]


def _open(path: Path, format: Format, *, plain: bool) -> OpenLog | None:
    try:
        stream = cast(IO[bytes], path.open("rb", buffering=0) if plain else gzip.GzipFile(path))
    except FileNotFoundError:
        return None
    return OpenLog(stream, os.fstat(stream.fileno()).st_ino, format, plain=plain)
