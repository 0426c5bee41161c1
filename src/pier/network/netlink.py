"""Netlink messages: a length-prefixed header, a fixed struct, and nested type-length-value attributes.

Facts are from the kernel's include/uapi/linux/netlink.h and Documentation/userspace-api/netlink. All integers are in
host byte order; attributes and messages are padded to four bytes.
"""

import contextlib
import os
import random
import socket
import struct
import time
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Self

NLM_F_REQUEST = 0x001
NLM_F_ACK = 0x004
NLM_F_REPLACE = 0x100
NLM_F_EXCL = 0x200
NLM_F_CREATE = 0x400
NLM_F_DUMP = 0x300

_SOL_NETLINK, _GET_STRICT_CHK = 270, 12
_NLMSG_ERROR = 2
_NLMSG_DONE = 3
_NLM_F_DUMP_INTR = 0x10
_HEADER = struct.Struct("=IHHII")  # length, type, flags, sequence, port
_ATTRIBUTE = struct.Struct("=HH")  # length, type
_NESTED = 0x8000
_TYPE_MASK = 0x3FFF  # the upper two bits say "nested" and "network byte order"
_RECEIVE = 1 << 18
_TIMEOUT = 10.0  # seconds; the kernel answers at once unless its rtnl lock is held for very long
_DUMP_PATIENCE = 10.0  # seconds in which a list should stand still for once, with pauses of up to 50 ms
_FIRST_PAUSE, _LONGEST_PAUSE = 0.001, 0.05


def attribute(kind: int, value: bytes | str | int) -> bytes:
    """One attribute. A str becomes NUL-terminated text, an int a u32."""
    if isinstance(value, str):
        value = value.encode() + b"\0"
    elif isinstance(value, int):
        value = struct.pack("=I", value)
    length = _ATTRIBUTE.size + len(value)
    return _ATTRIBUTE.pack(length, kind) + value + bytes(-length % 4)


def nested(kind: int, *attributes: bytes) -> bytes:
    """An attribute made of others, and marked so: some kernel parsers insist."""
    return attribute(kind | _NESTED, b"".join(attributes))


def parse_attributes(data: bytes) -> Mapping[int, bytes]:
    """The attributes in `data` by type; of a repeated one the last counts."""
    return dict(iterate_attributes(data))


def iterate_attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    offset = 0
    while offset + _ATTRIBUTE.size <= len(data):
        length, kind = _ATTRIBUTE.unpack_from(data, offset)
        if length < _ATTRIBUTE.size:
            return
        yield kind & _TYPE_MASK, data[offset + _ATTRIBUTE.size : offset + length]
        offset += length + (-length % 4)


def text(value: bytes) -> str:
    return value.rstrip(b"\0").decode(errors="replace")


class NetlinkSocket:
    """A netlink socket of the network namespace that the opening thread is in. Used by one thread at a time."""

    def __init__(self, family: int = socket.NETLINK_ROUTE) -> None:
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, family)
        self._socket.settimeout(_TIMEOUT)
        if family == socket.NETLINK_ROUTE:  # dumps obey what their headers name; kernels before 4.20 list everything
            with contextlib.suppress(OSError):
                self._socket.setsockopt(_SOL_NETLINK, _GET_STRICT_CHK, 1)
        self._sequence = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._socket.close()

    def execute(self, message: int, flags: int, payload: bytes) -> None:
        """Sends one request and waits until the kernel has done it. Raises OSError with the kernel's errno."""
        for _ in self._talk(message, flags | NLM_F_ACK, payload):
            pass

    def get(self, message: int, payload: bytes) -> bytes:
        """The one object that a request asks for. Raises OSError with the kernel's errno."""
        return next(iter(self._collect(message, NLM_F_ACK, payload)), b"")

    def dump(self, message: int, payload: bytes) -> list[bytes]:
        """All objects of a kind; asked again when they changed meanwhile (NLM_F_DUMP_INTR).

        On a host where links come and go all the time that takes many tries. Raises OSError.
        """
        deadline = time.monotonic() + _DUMP_PATIENCE
        pause = _FIRST_PAUSE
        while True:
            try:
                return self._collect(message, NLM_F_DUMP, payload)
            except InterruptedError:
                if time.monotonic() > deadline:
                    raise OSError("the kernel's list kept changing while it was read") from None
            time.sleep(random.uniform(0, pause))  # not in step with whoever changes it
            pause = min(2 * pause, _LONGEST_PAUSE)

    def _collect(self, message: int, flags: int, payload: bytes) -> list[bytes]:
        interrupted = False
        found = []
        for got, body in self._talk(message, flags, payload):
            interrupted |= bool(got & _NLM_F_DUMP_INTR)
            found.append(body)
        if interrupted:
            raise InterruptedError
        return found

    def _talk(self, message: int, flags: int, payload: bytes) -> Iterator[tuple[int, bytes]]:
        """(flags, body) of each answer until the request is acknowledged or its dump is done."""
        self._sequence += 1
        length = _HEADER.size + len(payload)
        self._socket.send(_HEADER.pack(length, message, flags | NLM_F_REQUEST, self._sequence, 0) + payload)
        while True:
            for kind, got, sequence, body in _split(self._socket.recv(_RECEIVE)):
                if sequence != self._sequence:
                    continue
                if kind in (_NLMSG_ERROR, _NLMSG_DONE):
                    _raise_error(body)
                    return
                yield got, body


def _split(data: bytes) -> Iterator[tuple[int, int, int, bytes]]:
    """(type, flags, sequence, body) of each message in one datagram."""
    offset = 0
    while offset + _HEADER.size <= len(data):
        length, kind, flags, sequence, _ = _HEADER.unpack_from(data, offset)
        if length < _HEADER.size:
            return
        yield kind, flags, sequence, data[offset + _HEADER.size : offset + length]
        offset += length + (-length % 4)


def _raise_error(body: bytes) -> None:
    """An acknowledgement and the end of a dump both begin with a negative errno, 0 for success."""
    code = -struct.unpack_from("=i", body)[0] if len(body) >= 4 else 0
    if code:
        raise OSError(code, os.strerror(code))
