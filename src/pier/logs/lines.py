"""Lines of a json-file log, decoded a block at a time."""

from collections.abc import Iterator

import msgspec

from pier.logs.stamps import parse_stamp


class LogLine(msgspec.Struct, frozen=True, gc=False):
    """One line of a json-file log, decoded only as far as somebody asks."""

    raw_time: str = msgspec.field(name="time")
    log: str = ""
    source: str = msgspec.field(name="stream", default="stdout")
    attrs: dict[str, str] | None = None

    @property
    def stream(self) -> int:
        return 2 if self.source == "stderr" else 1

    @property
    def time(self) -> int:
        return parse_stamp(self.raw_time)

    @property
    def text(self) -> bytes:
        return self.log.encode("utf-8", "surrogatepass")

    @property
    def attributes(self) -> dict[str, str]:
        return self.attrs or {}


_decoder = msgspec.json.Decoder(LogLine)


def decode(block: bytes) -> list[LogLine]:
    """The lines of a block that ends with a newline; what is not a line of a log is left out."""
    try:
        return _decoder.decode_lines(block)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return list(_decode_one_by_one(block))


def _decode_one_by_one(block: bytes) -> Iterator[LogLine]:
    for line in block.split(b"\n"):
        try:
            yield _decoder.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError):
            continue
