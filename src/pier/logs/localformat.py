"""Finding one's way in files of the `local` driver: records stand between their sizes, so both ways are open."""

import os
import struct
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import IO

import msgspec

_SIZE = struct.Struct(">I")
_FRAME = 2 * _SIZE.size
_BLOCK = 512 << 10
_VARINT, _BYTES = 0, 2  # protobuf's wire types that this message has


class LocalRecord(msgspec.Struct, frozen=True, gc=False):
    """See Record. The driver keeps no attributes."""

    stream: int
    time: int
    text: bytes

    @property
    def attributes(self) -> Mapping[str, str]:
        return {}


class LocalFormat:
    """See Format."""

    def whole(self, data: bytes) -> int:
        return _last(_bounds(data))[1]

    def decode(self, block: bytes) -> Sequence[LocalRecord]:
        found: list[LocalRecord] = []
        for start, end in _bounds(block):
            try:
                found.append(_record(block[start + _SIZE.size : end - _SIZE.size]))
            except (IndexError, ValueError):  # a message that is damaged costs only itself
                continue
        return found

    def first_time(self, data: bytes) -> int:
        for start, end in _bounds(data):
            found = self.decode(data[start:end])
            if found and found[0].time:
                return found[0].time
        return 0

    def count(self, block: bytes) -> int:
        return sum(1 for _ in _bounds(block))

    def offset(self, block: bytes, records: int) -> int:
        return _last(islice(_bounds(block), records))[1]

    def find_tail(self, stream: IO[bytes], count: int) -> tuple[int, int]:
        end, _ = self.recover(stream.fileno(), os.fstat(stream.fileno()).st_size)
        found = 0
        window, begin = b"", end  # what is read of the file, and where it begins
        while found < count and end > 0:
            if end - begin < _SIZE.size or end - begin < _FRAME + _SIZE.unpack_from(window, end - begin - 4)[0]:
                begin = max(0, end - _BLOCK)
                window = os.pread(stream.fileno(), end - begin, begin)
            end -= _FRAME + _SIZE.unpack_from(window, end - begin - _SIZE.size)[0]
            found += 1
        return end, found

    def find_time(self, stream: IO[bytes], time: int) -> int:
        position = 0
        while block := os.pread(stream.fileno(), _BLOCK, position):
            for start, end in _bounds(block):
                found = self.decode(block[start:end])
                if found and found[0].time >= time:
                    return position + start
            covered = self.whole(block)
            if not covered:
                break
            position += covered
        return position

    def recover(self, descriptor: int, size: int) -> tuple[int, int]:
        """The last record's two sizes agree, and it can be read: then the file ends well. Else from its beginning."""
        start = _last_start(descriptor, size)
        if start < 0:
            start, size = _last(_file_bounds(descriptor, size))
        last = self.decode(os.pread(descriptor, size - start, start))
        return size, last[0].time if last else 0


def _last(bounds: Iterable[tuple[int, int]]) -> tuple[int, int]:
    found = deque(bounds, maxlen=1)
    return found[0] if found else (0, 0)


def _bounds(data: bytes) -> Iterator[tuple[int, int]]:
    """(start, end) of the whole records at the beginning of `data`, sizes included."""
    position, limit = 0, len(data)
    unpack = _SIZE.unpack_from
    while position + _FRAME <= limit:
        size = unpack(data, position)[0]
        end = position + _FRAME + size
        # No message is empty: zeros are what a power cut leaves of blocks that were not written yet.
        if size == 0 or end > limit or data[position : position + 4] != data[end - 4 : end]:
            return
        yield position, end
        position = end


def _file_bounds(descriptor: int, size: int) -> Iterator[tuple[int, int]]:
    position = 0
    while block := os.pread(descriptor, min(_BLOCK, size - position), position):
        end = 0
        for start, end in _bounds(block):
            yield position + start, position + end
        if not end:
            return
        position += end


def _last_start(descriptor: int, size: int) -> int:
    """Where the last record begins; -1 when the file does not end with one."""
    if size < _FRAME:
        return -1
    mark = os.pread(descriptor, _SIZE.size, size - _SIZE.size)
    start = size - _FRAME - _SIZE.unpack(mark)[0]
    return start if 0 <= start < size - _FRAME and os.pread(descriptor, _SIZE.size, start) == mark else -1


def _record(message: bytes) -> LocalRecord:
    """Raises ValueError, IndexError for what is no such message. Fields it does not know are passed over."""
    stream, time, text = 1, 0, b""
    partial = last = False
    position = 0
    while position < len(message):
        field, kind = divmod(message[position], 8)
        value, position = _varint(message, position + 1)
        if kind == _BYTES:
            content = message[position : position + value]
            position += value
            if field == 1:
                stream = 2 if content == b"stderr" else 1
            elif field == 3:
                text = content
            elif field == 5:
                last = content[:2] == b"\x08\x01"
        elif kind != _VARINT:
            raise ValueError(f"wire type {kind}")
        elif field == 2:
            time = value
        elif field == 4:
            partial = bool(value)
    return LocalRecord(stream, time, text if partial and not last else text + b"\n")


def _varint(message: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[position]
        position += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, position
        shift += 7
