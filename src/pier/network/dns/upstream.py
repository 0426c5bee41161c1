"""Asks other DNS servers, by UDP and TCP, from inside a container's network namespace or from the host.

Each question goes out from a socket of its own, with a random id: an answer must fit its address, port, id and text.
"""

import asyncio
import secrets
import socket
import struct
from collections.abc import Awaitable, Callable, Sequence
from ipaddress import ip_address

from pier.domain.errors import PierError
from pier.domain.network import NameServer
from pier.network.dns.message import (
    NOERROR,
    NXDOMAIN,
    Malformed,
    Query,
    Reply,
    parse_reply,
    same_question,
    with_id,
)

PORT = 53
TIMEOUT = 2.0  # seconds for each server; a client asks again after five
_LARGEST = 65535
_LENGTH = struct.Struct(">H")

# Opens a socket (family, type) in the container's network namespace.
OpenSocket = Callable[[int, int], Awaitable[socket.socket]]


class Upstreams:
    """The servers that one container's other questions go to, in order."""

    def __init__(
        self, servers: Sequence[NameServer], open_inside: OpenSocket, *, timeout: float = TIMEOUT, port: int = PORT
    ) -> None:
        self._servers = tuple(servers)
        self._open_inside = open_inside
        self._timeout = timeout
        self._port = port

    async def ask(self, data: bytes, query: Query, *, stream: bool) -> tuple[bytes, Reply] | None:
        """The first certain answer, else the last one that came; None when no server answered.

        `stream` asks by TCP, as for a client that came by TCP: it may be there because UDP was too small.
        """
        last: tuple[bytes, Reply] | None = None
        for server in self._servers:
            try:
                async with asyncio.timeout(self._timeout):
                    found = await self._ask_one(server, data, query, stream=stream)
            except (OSError, TimeoutError, Malformed, PierError):  # PierError: the namespace has gone
                continue
            last = found
            if found[1].rcode in (NOERROR, NXDOMAIN):
                break
        return last

    async def _ask_one(self, server: NameServer, data: bytes, query: Query, *, stream: bool) -> tuple[bytes, Reply]:
        """Raises OSError, Malformed."""
        kind = socket.SOCK_STREAM if stream else socket.SOCK_DGRAM
        family = socket.AF_INET6 if ip_address(server.address).version == 6 else socket.AF_INET
        sock = _open(family, kind) if server.from_host else await self._open_inside(family, kind)
        with sock:
            number = secrets.randbelow(1 << 16)
            exchange = _exchange_stream if stream else _exchange_datagram
            await asyncio.get_running_loop().sock_connect(sock, (server.address, self._port))
            answer, reply = await exchange(sock, with_id(data, number), number, query)
        return with_id(answer, query.id), reply


def _open(family: int, kind: int) -> socket.socket:
    sock = socket.socket(family, kind | socket.SOCK_CLOEXEC)
    sock.setblocking(False)
    return sock


async def _exchange_datagram(sock: socket.socket, data: bytes, number: int, query: Query) -> tuple[bytes, Reply]:
    loop = asyncio.get_running_loop()
    await loop.sock_sendall(sock, data)
    while True:  # until the caller's timeout: what does not fit is somebody's guess
        answer = await loop.sock_recv(sock, _LARGEST)
        try:
            reply = parse_reply(answer)
        except Malformed:
            continue
        if _fits(reply, number, query):
            return answer, reply


async def _exchange_stream(sock: socket.socket, data: bytes, number: int, query: Query) -> tuple[bytes, Reply]:
    await asyncio.get_running_loop().sock_sendall(sock, _LENGTH.pack(len(data)) + data)
    (length,) = _LENGTH.unpack(await _receive(sock, _LENGTH.size))
    answer = await _receive(sock, length)
    reply = parse_reply(answer)
    if not _fits(reply, number, query):
        raise Malformed("an answer to another question")
    return answer, reply


async def _receive(sock: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        more = await asyncio.get_running_loop().sock_recv(sock, count - len(data))
        if not more:
            raise ConnectionResetError("the server closed the connection")
        data += more
    return data


def _fits(reply: Reply, number: int, query: Query) -> bool:
    return reply.id == number and same_question(reply.question, query.question)
