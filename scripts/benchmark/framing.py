"""HTTP/1.1 and Docker's stream frames as bytes: no socket here, and nothing runs while a clock does."""

import json
import struct
from collections.abc import Mapping
from urllib.parse import quote

from benchmark.marks import expect

API = "/v1.41"  # old enough for every engine and CLI in use
_FRAME = struct.Struct(">BxxxI")


def parse_head(head: bytes) -> tuple[int, dict[str, str]]:
    """The status and the headers (lower-case names) of a reply's head, which ends before its empty line."""
    first, *rest = head.decode("latin-1").split("\r\n")
    pairs = (line.partition(":") for line in rest)
    return int(first.split(" ", 2)[1]), {name.strip().lower(): value.strip() for name, _, value in pairs}


def dechunk(data: bytes) -> bytes:
    """The payload of a whole chunked body; CheckFailed when its last chunk is missing."""
    parts: list[bytes] = []
    position = 0
    while True:
        end = data.find(b"\r\n", position, position + 32)
        expect(end > position, "the chunked body is cut short")
        size = int(data[position:end].partition(b";")[0], 16)
        if size == 0:
            return b"".join(parts)
        parts.append(data[end + 2 : end + 2 + size])
        expect(len(parts[-1]) == size, "the chunked body is cut short")
        position = end + 4 + size


def demux(data: bytes) -> bytes:
    """The payload of a multiplexed (8-byte header) log, attach or exec stream; CheckFailed when it is none."""
    parts: list[bytes] = []
    position, end = 0, len(data)
    while position + 8 <= end:
        kind, size = _FRAME.unpack_from(data, position)
        expect(kind <= 2, f"a stream frame of kind {kind}")
        parts.append(data[position + 8 : position + 8 + size])
        position += 8 + size
    expect(position == end, "the last stream frame is cut short")
    return b"".join(parts)


def request_head(method: str, path: str, length: int | None, headers: Mapping[str, str]) -> bytes:
    """A request up to its body. `length` is the body's in bytes; POST and PUT always say one."""
    lines = [f"{method} {API}{path} HTTP/1.1", "Host: bench"]
    if length is not None or method in ("POST", "PUT"):
        lines.append(f"Content-Length: {length or 0}")
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def filters(**wanted: list[str]) -> str:
    """The value of a `filters=` query parameter."""
    return quote(json.dumps(wanted))


def is_whole(data: bytes | bytearray, end: int) -> bool:
    """Whether a reply whose head ends at `end` (its empty line's place) is all there, chunked or by length."""
    for line in bytes(data[:end]).split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            return len(data) >= end + 4 + int(value)
    return data.endswith(b"\r\n0\r\n\r\n")
