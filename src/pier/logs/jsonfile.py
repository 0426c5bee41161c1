"""The json-file format, as dockerd 28 writes it, whole batches at a time.

    {"log":"text\\n","stream":"stdout","attrs":{"k":"v"},"time":"2026-11-25T01:00:48.952893952Z"}

`attrs` is there only if there are some. A line of 16384 bytes or more is split into pieces of 16384; a piece that is
not the line's end has no newline. Escapes are dockerd's: \\n \\r \\\\ \\" and \\u00XX for other control characters,
for < > &, \\u2028 \\u2029, and \\ufffd for every byte that is not UTF-8.
"""

import json
import re
from collections.abc import Iterator, Mapping

from pier.logs.stamps import format_stamp

PIECE = 16384
STREAM_NAMES = {1: b"stdout", 2: b"stderr"}

_HEAD = b'{"log":"'
_CONTROL = bytes(c for c in range(32) if c != 10)
_CONTROL_ESCAPES = {bytes([c]): b"\\u%04x" % c for c in _CONTROL} | {b"\r": b"\\r"}
_REPLACEMENT, _MARK = "\ufffd".encode(), b"\x01"
# Perhaps the beginning of a sequence that is not completed; starts with a set of characters, which `re` finds fast.
_UNFINISHED = re.compile(rb"[\xe0-\xf4](?:[\x80-\xbf](?![\x80-\xbf])|(?<=[\xf0-\xf4])[\x80-\xbf]{2}(?![\x80-\xbf]))")


class JsonLines:
    """Turns raw output into lines of a json-file log; `attributes` go into every one of them."""

    def __init__(self, attributes: Mapping[str, str] | None = None) -> None:
        self._attributes = b""
        if attributes:
            text = json.dumps(dict(sorted(attributes.items())), ensure_ascii=False, separators=(",", ":"))
            for character in "<>&\u2028\u2029":
                text = text.replace(character, f"\\u{ord(character):04x}")
            self._attributes = b'"attrs":' + text.encode("utf-8", "replace") + b","

    def encode(self, data: bytes, stream: int, stamp: int, *, final: bool, room: int) -> tuple[bytes, int]:
        """See Encoder."""
        lines, consumed = self.encode_all(data, stream, format_stamp(stamp), final=final)
        cut = lines.find(b"\n", max(0, room - 1)) + 1
        if 0 < cut < len(lines):
            lines = lines[:cut]
            consumed = offset_after(data, lines.count(b"\n"), final=final)
        return lines, consumed

    def encode_all(self, data: bytes, stream: int, stamp: bytes, *, final: bool = False) -> tuple[bytes, int]:
        """The log lines for `data`, and how many of its bytes they cover.

        An unfinished line at the end is left over until its newline comes, unless `final`.
        """
        tail = b'","stream":"%b",%b"time":"%b"}\n' % (STREAM_NAMES[stream], self._attributes, stamp)
        joint = b"\\n" + tail + _HEAD
        out: list[bytes] = []
        consumed = 0
        for start, end, complete in runs(data, final):
            text = _escape(data[start:end])
            if complete:
                out += (_HEAD, text[:-1].replace(b"\n", joint), b"\\n", tail)
            else:
                out += (_HEAD, text, tail)
            consumed = end
        return b"".join(out), consumed


def offset_after(data: bytes, entries: int, *, final: bool = False) -> int:
    """How many bytes of `data` the first `entries` log lines of `encode_all(data)` cover."""
    position = 0
    for start, end, complete in runs(data, final):
        lines = data.count(b"\n", start, end) if complete else 1
        if lines < entries:
            entries -= lines
            position = end
            continue
        if not complete:
            return end
        position = start
        for _ in range(entries):
            position = data.index(b"\n", position) + 1
        return position
    return position


def runs(data: bytes, final: bool) -> Iterator[tuple[int, int, bool]]:
    """(start, end, complete): stretches of whole lines shorter than 16384 bytes, and single pieces of longer ones."""
    size = len(data)
    start = position = 0
    while position < size:
        newline = data.rfind(b"\n", position, position + PIECE)
        if newline >= 0:
            position = newline + 1
            continue
        if position > start:
            yield start, position, True
            start = position
        if size - position < PIECE:
            break
        position += PIECE
        yield start, position, False
        start = position
    if position > start:
        yield start, position, True
    if final and position < size:
        yield position, size, False


def _escape(data: bytes) -> bytes:
    """As the inside of a JSON string, except that newlines stay as they are."""
    data = data.replace(b"\\", b"\\\\").replace(b'"', b'\\"')
    data = data.replace(b"<", b"\\u003c").replace(b">", b"\\u003e").replace(b"&", b"\\u0026")
    if len(data.translate(None, _CONTROL)) != len(data):
        for character, escape in _CONTROL_ESCAPES.items():
            data = data.replace(character, escape)
    return data if data.isascii() else _escape_non_ascii(data)


def _escape_non_ascii(data: bytes) -> bytes:
    try:
        data.decode()
    except UnicodeDecodeError:
        data = _escape_foreign(data)
    return data.replace(b"\xe2\x80\xa8", b"\\u2028").replace(b"\xe2\x80\xa9", b"\\u2029")


def _escape_foreign(data: bytes) -> bytes:
    """Every byte that is not UTF-8 becomes \\ufffd; a real U+FFFD stays. `data` has no control characters any more."""
    data = _UNFINISHED.sub(_spread, data.replace(_REPLACEMENT, _MARK))
    return data.decode("utf-8", "replace").encode().replace(_REPLACEMENT, b"\\ufffd").replace(_MARK, _REPLACEMENT)


def _spread(match: re.Match[bytes]) -> bytes:
    """Python replaces an unfinished sequence as a whole, dockerd byte by byte; 0xff always stands for itself."""
    return b"\xff" * len(match[0]) if match[0].decode("utf-8", "replace") == "\ufffd" else match[0]
