"""The format of the `local` log driver, as dockerd 28 writes it (asked of one, file by file).

    size (4 bytes, big endian), a protobuf message of that size, the same size again

The message: 1 source ("stdout"), 2 time (ns), 3 the line without its newline, left out when empty. Of a line of 16384
bytes or more, and of a last line without newline, each piece also has 4 (true) and 5: {1 last piece (true), 2 an id
that the line's pieces share, 3 the piece's number from 1}.
"""

import secrets
import struct

from pier.logs.jsonfile import STREAM_NAMES, runs

_SIZE = struct.Struct(">I")


class LocalLines:
    """Turns raw output into records; remembers, for each stream, the line of which only pieces were written yet.

    Where an append fails (a full disk) the retry counts a piece twice; nobody but its number shows that.
    """

    def __init__(self) -> None:
        self._open: dict[int, tuple[bytes, int]] = {}  # id of the line, number of its last piece

    def encode(self, data: bytes, stream: int, stamp: int, *, final: bool, room: int) -> tuple[bytes, int]:
        """See Encoder."""
        name = STREAM_NAMES[stream]
        head = b"\x0a" + _varint(len(name)) + name + b"\x10" + _varint(stamp)
        out: list[bytes] = []
        size = consumed = 0
        for start, end, complete in runs(data, final):
            if size >= room:
                break
            if not complete:
                out.append(self._piece(head, stream, data[start:end], last=False))
                size += len(out[-1])
                consumed = end
                continue
            if stream in self._open:
                stop = data.index(b"\n", start)
                out.append(self._piece(head, stream, data[start:stop], last=True))
                size += len(out[-1])
                consumed = start = stop + 1
            if start < end:
                more, covered = _records(head, data[start : end - 1], room - size)
                out.append(more)
                size += len(more)
                consumed = start + covered
        return b"".join(out), consumed

    def _piece(self, head: bytes, stream: int, text: bytes, *, last: bool) -> bytes:
        line_id, number = self._open.pop(stream, (b"", 0))
        line_id = line_id or secrets.token_hex(32).encode()
        if not last:
            self._open[stream] = (line_id, number + 1)
        about = (b"\x08\x01" if last else b"") + b"\x12\x40" + line_id + b"\x18" + _varint(number + 1)
        body = head + _text_head(len(text)) + text + b"\x20\x01\x2a" + _varint(len(about)) + about
        size = _SIZE.pack(len(body))
        return size + body + size


def _records(head: bytes, text: bytes, room: int) -> tuple[bytes, int]:
    """Records of the lines of `text`, whose last has no newline here; at least one, on until `room` is full."""
    frames: dict[int, tuple[bytes, bytes, int]] = {}  # what stands around a line of that length
    out: list[bytes] = []
    size = covered = 0
    for line in text.split(b"\n"):
        length = len(line)
        frame = frames.get(length)
        if frame is None:
            body = head + _text_head(length)
            mark = _SIZE.pack(len(body) + length)
            frame = frames[length] = (mark + body, mark, len(body) + length + 2 * _SIZE.size)
        out += (frame[0], line, frame[1])
        size += frame[2]
        covered += length + 1
        if size >= room:
            break
    return b"".join(out), covered


def _text_head(length: int) -> bytes:
    return b"\x1a" + _varint(length) if length else b""


def _varint(value: int) -> bytes:
    """Seven bits a byte, the lowest first, as protobuf has it."""
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)
