"""A DNS client and a DNS server of the tests' own, written from RFC 1035 without Pier's code."""

import contextlib
import random
import socket
import struct
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from support.netlab import Place

RCODES = {0: "NOERROR", 1: "FORMERR", 2: "SERVFAIL", 3: "NXDOMAIN", 4: "NOTIMP"}
TYPES = {"A": 1, "SOA": 6, "PTR": 12, "MX": 15, "TXT": 16, "AAAA": 28, "OPT": 41}


@dataclass(frozen=True)
class Answer:
    """`values` are addresses, or names for PTR, in the order of the answer."""

    id: int
    rcode: str
    truncated: bool
    values: tuple[str, ...]
    ttl: int
    size: int


def question(name: str, kind: str = "A", *, number: int | None = None, size: int = 0) -> bytes:
    """One question; `size` adds the EDNS record that says what the client takes."""
    number = random.randrange(1 << 16) if number is None else number
    head = struct.pack(">HHHHHH", number, 0x0100, 1, 0, 0, 1 if size else 0)
    option = b"\0" + struct.pack(">HHIH", TYPES["OPT"], size, 0, 0) if size else b""
    return head + name_bytes(name) + struct.pack(">HH", TYPES[kind], 1) + option


def name_bytes(name: str) -> bytes:
    labels = [label.encode() for label in name.split(".") if label]
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def read_answer(data: bytes) -> Answer:
    """Raises an error of struct's or IndexError for what is no whole answer."""
    number, flags, _, answers, _, _ = struct.unpack_from(">HHHHHH", data)
    _, offset = _name(data, 12)
    offset += 4
    values, ttl = [], 0
    for _ in range(answers):
        _, offset = _name(data, offset)
        kind, _, ttl, length = struct.unpack_from(">HHIH", data, offset)
        offset += 10
        value = data[offset : offset + length]
        family = {TYPES["A"]: socket.AF_INET, TYPES["AAAA"]: socket.AF_INET6}.get(kind)
        values.append(socket.inet_ntop(family, value) if family else _name(data, offset)[0])
        offset += length
    return Answer(number, RCODES[flags & 15], bool(flags & 0x0200), tuple(values), ttl, len(data))


def _name(data: bytes, offset: int) -> tuple[str, int]:
    labels: list[str] = []
    while length := data[offset]:
        if length & 0xC0:
            rest, _ = _name(data, struct.unpack_from(">H", data, offset)[0] & 0x3FFF)
            return ".".join([*labels, rest]), offset + 2
        labels.append(data[offset + 1 : offset + 1 + length].decode("latin-1"))
        offset += 1 + length
    return ".".join(labels), offset + 1


def ask(place: Place, name: str, kind: str = "A", *, stream: bool = False, size: int = 0, timeout: float = 5) -> Answer:
    """What the resolver at 127.0.0.11 says to a question from inside a place. Raises TimeoutError."""
    return read_answer(exchange(place, question(name, kind, size=size), stream=stream, timeout=timeout))


def exchange(place: Place, data: bytes, *, stream: bool = False, timeout: float = 5) -> bytes:
    """Bytes there and back. Raises TimeoutError."""

    def work() -> bytes:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM if stream else socket.SOCK_DGRAM) as client:
            client.settimeout(timeout)
            client.connect(("127.0.0.11", 53))
            if not stream:
                client.send(data)
                return client.recv(65535)
            client.sendall(struct.pack(">H", len(data)) + data)
            with client.makefile("rb") as file:
                return file.read(struct.unpack(">H", file.read(2))[0])

    return place.do(work)


class NameServerThread:
    """A server at one address of a place, UDP and TCP port 53. `zone` maps names to addresses.

    Names it does not have are NXDOMAIN; `silent` makes it say nothing, `change` may spoil each answer.
    """

    def __init__(self, place: Place, address: str, zone: Mapping[str, list[str]], *, ttl: int = 300) -> None:
        self.asked: list[str] = []
        self.silent = False
        self.change: Callable[[bytes], bytes] = lambda answer: answer
        self._zone = zone
        self._ttl = ttl
        self._sockets: list[socket.socket] = []
        for kind, work in ((socket.SOCK_DGRAM, self._datagrams), (socket.SOCK_STREAM, self._streams)):
            sock = place.do(lambda kind=kind: socket.socket(socket.AF_INET, kind))  # type: ignore[misc]  # bound early
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind((address, 53))
            if kind == socket.SOCK_STREAM:
                sock.listen()
            self._sockets.append(sock)
            threading.Thread(target=work, args=(sock,), daemon=True).start()

    def close(self) -> None:
        for sock in self._sockets:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()

    def _answer(self, data: bytes, limit: int) -> bytes:
        name, offset = _name(data, 12)
        self.asked.append(name)
        addresses = self._zone.get(name.lower(), [])
        record = struct.pack(">HHHIH", 0xC00C, 1, 1, self._ttl, 4)
        records = [record + socket.inet_aton(address) for address in addresses]
        body = data[12 : offset + 4] + b"".join(records)
        flags, count = (0x8180, len(records)) if records else (0x8183, 0)
        if len(body) + 12 > limit:
            flags, count, body = flags | 0x0200, 0, data[12 : offset + 4]
        return self.change(data[:2] + struct.pack(">HHHHH", flags, 1, count, 0, 0) + body)

    def _datagrams(self, sock: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                data, peer = sock.recvfrom(4096)
                if not data:
                    return
                answer = self._answer(data, 512)
                if not self.silent:
                    sock.sendto(answer, peer)

    def _streams(self, sock: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = sock.accept()
                with connection, connection.makefile("rb") as file, contextlib.suppress(struct.error):
                    data = file.read(struct.unpack(">H", file.read(2))[0])
                    answer = self._answer(data, 65535)
                    connection.sendall(struct.pack(">H", len(answer)) + answer)
