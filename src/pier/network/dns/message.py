"""DNS messages: as much of RFC 1035 and of EDNS (RFC 6891) as a forwarding server needs. Pure.

Names are dotted text in lower case, without the last dot. Bytes that are no plain letters are escaped as in zone
files (`\\046` is a dot inside a label), so that two different names never look alike.
"""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

A, SOA, PTR, AAAA, OPT, ANY = 1, 6, 12, 28, 41, 255
IN = 1
NOERROR, FORMERR, SERVFAIL, NXDOMAIN, NOTIMP = range(5)

HEADER = 12
PLAIN_UDP = 512  # bytes that a client without EDNS takes in a datagram
_LARGEST_UDP = 4096  # beyond this nobody should be believed
_QR, _TC, _RD, _RA = 0x8000, 0x0200, 0x0100, 0x0080
_OPCODE, _RCODE = 0x7800, 0x000F
_COUNTS = struct.Struct(">HHHHHH")
_TYPE_CLASS = struct.Struct(">HH")
_RECORD = struct.Struct(">HHIH")  # type, class, TTL, length of the data
_POINTER = 0xC0
_QUESTION_NAME = b"\xc0\x0c"  # a pointer to the name that every question begins with
_LONGEST_NAME = 255
_PLAIN = frozenset(b"abcdefghijklmnopqrstuvwxyz0123456789-_")


class Malformed(ValueError):
    """The bytes are no DNS message, or not one of this kind."""


@dataclass(frozen=True, slots=True)
class Query:
    """`question` is its bytes as sent; `size` is what the client takes in a datagram."""

    id: int
    flags: int
    name: str
    kind: int
    klass: int
    question: bytes
    size: int
    edns: bool

    @property
    def opcode(self) -> int:
        return (self.flags & _OPCODE) >> 11


@dataclass(frozen=True, slots=True)
class Record:
    """A record about the name in question."""

    kind: int
    ttl: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Reply:
    """What matters of another server's answer. `lifetimes` are the offsets of its records' TTLs, `ttl` the least."""

    id: int
    rcode: int
    truncated: bool
    question: bytes
    lifetimes: tuple[int, ...]
    ttl: int
    answers: int


def parse_query(data: bytes) -> Query:
    """Raises Malformed for all but one well-formed question."""
    if len(data) < HEADER:
        raise Malformed("shorter than a header")
    number, flags, questions, answers, authorities, additional = _COUNTS.unpack_from(data)
    if flags & _QR:
        raise Malformed("an answer, not a question")
    if questions != 1:
        raise Malformed(f"{questions} questions")
    name, offset = _read_name(data, HEADER)
    if offset + _TYPE_CLASS.size > len(data):
        raise Malformed("the question is cut off")
    kind, klass = _TYPE_CLASS.unpack_from(data, offset)
    offset += _TYPE_CLASS.size
    size, edns = PLAIN_UDP, False
    for record in _records(data, offset, answers + authorities + additional):
        if record.kind == OPT:
            size, edns = min(max(record.klass, PLAIN_UDP), _LARGEST_UDP), True
    return Query(number, flags, name, kind, klass, data[HEADER:offset], size, edns)


def is_query(data: bytes) -> bool:
    """Whether it may be answered at all: with an error if nothing else (an answer never is, lest two servers chat)."""
    return len(data) >= HEADER and not data[2] & 0x80


def count_answers(data: bytes) -> int:
    """How many records an answer's first section has."""
    return int.from_bytes(data[6:8], "big")


def error_reply(data: bytes, rcode: int) -> bytes:
    """An answer to bytes that `is_query` but nothing else is known of."""
    number, flags = struct.unpack_from(">HH", data)
    return _COUNTS.pack(number, _QR | _RA | (flags & (_OPCODE | _RD)) | rcode, 0, 0, 0, 0)


def build_reply(query: Query, rcode: int, records: Sequence[Record] = (), *, limit: int = 65535) -> bytes:
    """An answer about the name in question; records that do not fit into `limit` are left out and TC says so."""
    option = b"\0" + _RECORD.pack(OPT, _LARGEST_UDP, 0, 0) if query.edns else b""
    room = limit - HEADER - len(query.question) - len(option)
    body, count = b"", 0
    for record in records:
        item = _QUESTION_NAME + _RECORD.pack(record.kind, IN, record.ttl, len(record.data)) + record.data
        if len(body) + len(item) > room:
            break
        body += item
        count += 1
    flags = _QR | _RA | (query.flags & (_OPCODE | _RD)) | rcode
    if count < len(records):
        flags |= _TC
    header = _COUNTS.pack(query.id, flags, 1, count, 0, 1 if option else 0)
    return header + query.question + body + option


def parse_reply(data: bytes) -> Reply:
    """Raises Malformed for what is no answer to one question."""
    if len(data) < HEADER:
        raise Malformed("shorter than a header")
    number, flags, questions, answers, authorities, additional = _COUNTS.unpack_from(data)
    if not flags & _QR or questions != 1:
        raise Malformed("no answer to one question")
    _, offset = _read_name(data, HEADER)
    offset += _TYPE_CLASS.size
    if offset > len(data):
        raise Malformed("the question is cut off")
    question = data[HEADER:offset]
    truncated = bool(flags & _TC)
    lifetimes, ttls = [], []
    if not truncated:  # records may be cut off then
        for record in _records(data, offset, answers + authorities + additional):
            if record.kind != OPT:
                lifetimes.append(record.offset + 4)
                ttls.append(min(record.ttl, record.minimum))
    least = min(ttls, default=0)
    return Reply(number, flags & _RCODE, truncated, question, tuple(lifetimes), least, answers)


def same_question(one: bytes, other: bytes) -> bool:
    """Servers may change the case of a name, and nothing else."""
    return one[-4:] == other[-4:] and one[:-4].lower() == other[:-4].lower()


def with_id(data: bytes, number: int) -> bytes:
    return struct.pack(">H", number) + data[2:]


def aged(data: bytes, lifetimes: Sequence[int], seconds: int) -> bytes:
    """The message with every TTL, found at these offsets, less by some seconds."""
    fresh = bytearray(data)
    for offset in lifetimes:
        (ttl,) = struct.unpack_from(">I", fresh, offset)
        struct.pack_into(">I", fresh, offset, max(0, ttl - seconds))
    return bytes(fresh)


def shortened(data: bytes, query: Query) -> bytes:
    """Another server's answer for a client that takes less: the question, and TC, so that it asks again by TCP."""
    (flags,) = struct.unpack_from(">H", data, 2)
    return _COUNTS.pack(query.id, flags | _TC, 1, 0, 0, 0) + query.question


def encode_name(name: str) -> bytes:
    """A name of ours, whose labels are short, as it stands in a record's data."""
    labels = [label.encode()[:63] for label in name.split(".") if label]
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def parse_reverse(name: str) -> IPv4Address | IPv6Address | None:
    """The address that `4.3.2.1.in-addr.arpa`, or a name below `ip6.arpa`, asks about; None for another name."""
    if name.endswith(".ip6.arpa"):
        return _parse_digits(name.removesuffix(".ip6.arpa").split("."))
    text = name.removesuffix(".in-addr.arpa")
    if text == name or text.count(".") != 3:
        return None
    try:
        return IPv4Address(".".join(reversed(text.split("."))))
    except ValueError:
        return None


def _parse_digits(digits: list[str]) -> IPv6Address | None:
    """One hexadecimal digit for each label, the last one first (RFC 3596)."""
    try:
        return IPv6Address(int("".join(reversed(digits)), 16)) if [len(one) for one in digits] == [1] * 32 else None
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class _Found:
    kind: int
    klass: int
    ttl: int
    offset: int  # of its type
    minimum: int  # of a SOA: how long the absence of a name may be remembered


def _records(data: bytes, offset: int, count: int) -> Iterator[_Found]:
    for _ in range(count):
        offset = _skip_name(data, offset)
        if offset + _RECORD.size > len(data):
            raise Malformed("a record is cut off")
        kind, klass, ttl, length = _RECORD.unpack_from(data, offset)
        end = offset + _RECORD.size + length
        if end > len(data):
            raise Malformed("a record's data is cut off")
        minimum = 0xFFFFFFFF
        if kind == SOA and length >= 4:
            (minimum,) = struct.unpack_from(">I", data, end - 4)
        yield _Found(kind, klass, ttl, offset, minimum)
        offset = end


def _skip_name(data: bytes, offset: int) -> int:
    while True:
        if offset >= len(data):
            raise Malformed("a name is cut off")
        length = data[offset]
        if length & _POINTER == _POINTER:
            return offset + 2
        if length & _POINTER:
            raise Malformed("a label of unknown kind")
        offset += 1 + length
        if not length:
            return offset


def _read_name(data: bytes, offset: int) -> tuple[str, int]:
    """A name without pointers (there is nothing before a question to point to), and where it ends."""
    start = offset
    labels: list[str] = []
    while True:
        if offset >= len(data):
            raise Malformed("a name is cut off")
        length = data[offset]
        offset += 1
        if not length:
            return ".".join(labels), offset
        if length & _POINTER or offset + length > len(data) or offset + length - start > _LONGEST_NAME:
            raise Malformed("a label is too long, compressed or cut off")
        labels.append(_label(data[offset : offset + length]))
        offset += length


def _label(raw: bytes) -> str:
    text = raw.lower()
    if _PLAIN.issuperset(text):
        return text.decode()
    return "".join(chr(byte) if byte in _PLAIN else f"\\{byte:03d}" for byte in text)
