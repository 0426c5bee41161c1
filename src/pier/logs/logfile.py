"""The files of a log, opened for reading: whole lines, seeks by line count and by time."""

import gzip
import os
from pathlib import Path
from typing import IO, cast

from pier.logs.lines import decode
from pier.logs.rotation import rotated

BLOCK = 512 << 10
_STRIDE = 256 << 10
_FIRST = 256 << 10  # the first line of a file lies within; pieces of 16 KiB are at most 100 KB when escaped


class OpenLog:
    """`begins` is the time of its first line, by which a file is known wherever rotation moves it; 0: no line yet."""

    def __init__(self, stream: IO[bytes], inode: int, *, plain: bool) -> None:
        self.inode = inode
        self.complete = False
        self._stream = stream
        self._plain = plain
        self._rest = b""
        self.begins = 0
        self._note_begin(stream.read(_FIRST))
        stream.seek(0)

    def _note_begin(self, data: bytes) -> None:
        start = 0
        while self.begins == 0 and (end := data.find(b"\n", start)) >= 0:
            line = decode(data[start:end])
            self.begins = line[0].time if line else 0
            start = end + 1

    def read_lines(self) -> bytes:
        """The next whole lines, about 512 KiB; empty where the file ends at present. A torn last line waits."""
        while (data := self._stream.read(BLOCK)) or b"\n" in self._rest:
            if self._rest:
                data = self._rest + data
            end = data.rfind(b"\n") + 1
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
        """Goes to where the last `count` whole lines begin; how many there are, at most `count`."""
        return self._seek_tail_backward(count) if self._plain else self._seek_tail_forward(count)

    def _seek_tail_backward(self, count: int) -> int:
        """A line begins behind a newline, so it looks for one more than `count`, a block at a time from the end."""
        missing = count + 1
        end = self._stream.seek(0, os.SEEK_END)
        while end > 0:
            start = max(0, end - _STRIDE)
            self._stream.seek(start)
            data = self._stream.read(end - start)
            newlines = data.count(b"\n")
            if newlines >= missing:
                position = len(data)
                for _ in range(missing):
                    position = data.rfind(b"\n", 0, position)
                self._seek(start + position + 1)
                return count
            missing -= newlines
            end = start
        self._seek(0)
        return count + 1 - missing

    def _seek_tail_forward(self, count: int) -> int:
        """For compressed files, which can only be read forward: once to count, once to skip."""
        lines = 0
        while data := self._stream.read(BLOCK):
            lines += data.count(b"\n")
        self._seek(0)
        skip = max(0, lines - count)
        while skip and (data := self.read_lines()):
            there = data.count(b"\n")
            if there > skip:
                position = -1
                for _ in range(skip):
                    position = data.index(b"\n", position + 1)
                self._rest = data[position + 1 :] + self._rest
            skip = max(0, skip - there)
        return min(lines, count)

    def seek_time(self, time: int) -> None:
        """Goes near the first line of that time or later, never beyond it; times grow along the file."""
        if not self._plain:
            return
        low, high = 0, self._stream.seek(0, os.SEEK_END)
        while high - low > _STRIDE:
            middle = (low + high) // 2
            self._stream.seek(middle)
            lines = decode(self._stream.read(_STRIDE).partition(b"\n")[2].partition(b"\n")[0])
            if lines and lines[0].time < time:
                low = middle
            else:
                high = middle
        self._stream.seek(low)
        self._seek(low + self._stream.read(_STRIDE).find(b"\n") + 1 if low else 0)

    def _seek(self, position: int) -> None:
        self._stream.seek(position)
        self._rest = b""

    def close(self) -> None:
        self._stream.close()


def open_logs(path: Path) -> list[OpenLog]:
    """All files of a log that have a line, oldest first; the current one is there even when empty.

    Goes from the youngest to the oldest, against the direction of rotation, so that none is missed when they are
    renamed meanwhile; one that was met twice is told by its first line. Raises OSError.
    """
    found: list[OpenLog] = []
    seen: set[int] = set()
    number = gap = 0
    while gap < 3:  # an interrupted rotation may leave a number out
        plain, packed = (path, path) if number == 0 else rotated(path, number)
        log = _open(plain, plain=True) or (_open(packed, plain=False) if number else None)
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


def _open(path: Path, *, plain: bool) -> OpenLog | None:
    try:
        stream = cast(IO[bytes], path.open("rb", buffering=0) if plain else gzip.GzipFile(path))
    except FileNotFoundError:
        return None
    return OpenLog(stream, os.fstat(stream.fileno()).st_ino, plain=plain)
