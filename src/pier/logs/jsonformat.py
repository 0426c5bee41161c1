"""Finding one's way in files of the json-file driver: a record is a line."""

import os
from collections.abc import Sequence
from typing import IO

from pier.logs.lines import LogLine, decode

_STRIDE = 256 << 10
_LONGEST = 4 << 20  # bytes of a record: its 16 KiB of text may be escaped, and attributes stand beside it


class JsonFormat:
    """See Format."""

    def whole(self, data: bytes) -> int:
        return data.rfind(b"\n") + 1

    def decode(self, block: bytes) -> Sequence[LogLine]:
        return decode(block)

    def first_time(self, data: bytes) -> int:
        start = 0
        while (end := data.find(b"\n", start)) >= 0:
            line = decode(data[start:end])
            if line and line[0].time:
                return line[0].time
            start = end + 1
        return 0

    def count(self, block: bytes) -> int:
        return block.count(b"\n")

    def offset(self, block: bytes, records: int) -> int:
        position = -1
        for _ in range(records):
            position = block.index(b"\n", position + 1)
        return position + 1

    def find_tail(self, stream: IO[bytes], count: int) -> tuple[int, int]:
        """A line begins behind a newline, so it looks for one more than `count`, a block at a time from the end."""
        missing = count + 1
        end = stream.seek(0, os.SEEK_END)
        while end > 0:
            start = max(0, end - _STRIDE)
            stream.seek(start)
            data = stream.read(end - start)
            newlines = data.count(b"\n")
            if newlines >= missing:
                position = len(data)
                for _ in range(missing):
                    position = data.rfind(b"\n", 0, position)
                return start + position + 1, count
            missing -= newlines
            end = start
        return 0, count + 1 - missing

    def find_time(self, stream: IO[bytes], time: int) -> int:
        low, high = 0, stream.seek(0, os.SEEK_END)
        while high - low > _STRIDE:
            middle = (low + high) // 2
            stream.seek(middle)
            lines = decode(stream.read(_STRIDE).partition(b"\n")[2].partition(b"\n")[0])
            if lines and lines[0].time < time:
                low = middle
            else:
                high = middle
        stream.seek(low)
        return low + stream.read(_STRIDE).find(b"\n") + 1 if low else 0

    def recover(self, descriptor: int, size: int) -> tuple[int, int]:
        start, data = size, b""
        while start and len(data) < _LONGEST and data.count(b"\n") < 2:  # from the last whole record on
            before = max(0, start - _STRIDE)
            data = os.pread(descriptor, start - before, before) + data
            start = before
        end = data.rfind(b"\n") + 1
        last = decode(data[data.rfind(b"\n", 0, max(0, end - 1)) + 1 : end])
        return start + end, last[0].time if last else 0  # a line that is not ours has no time; it stays as it is
