"""The sockets, on this host's loopback, with a resolver that answers what it is told to."""

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator
from typing import cast

import pytest

from pier.network.dns import server as server_module
from pier.network.dns.resolver import Resolver, Send
from pier.network.dns.server import Server


class EchoResolver:
    """Answers with the question, but `late` ones when released, and `bad` not at all."""

    def __init__(self) -> None:
        self.late: list[tuple[Send, bytes]] = []
        self.closed = False

    def handle(self, data: bytes, send: Send, *, stream: bool) -> bool:
        if data == b"bad":
            return False
        if data.startswith(b"late"):
            self.late.append((send, data))
        else:
            send(data)
        return True

    def close(self) -> None:
        self.closed = True


@contextlib.asynccontextmanager
async def serving() -> AsyncIterator[tuple[EchoResolver, int, int]]:
    """The resolver and the ports of UDP and TCP."""
    resolver = EchoResolver()
    datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    for sock in (datagrams, listener):
        sock.bind(("127.0.0.1", 0))
    listener.listen()
    server = Server(cast(Resolver, resolver), datagrams, listener)
    server.start()
    try:
        yield resolver, datagrams.getsockname()[1], listener.getsockname()[1]
    finally:
        server.close()
    assert resolver.closed
    assert datagrams.fileno() == listener.fileno() == -1


def framed(*messages: bytes) -> bytes:
    return b"".join(struct.pack(">H", len(message)) + message for message in messages)


async def read_all(reader: asyncio.StreamReader) -> bytes:
    async with asyncio.timeout(5):
        return await reader.read()


async def test_many_datagrams_are_all_answered() -> None:
    async with serving() as (_, port, _):
        loop = asyncio.get_running_loop()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.setblocking(False)
            client.connect(("127.0.0.1", port))
            for number in range(100):
                client.send(b"%d" % number)
            client.send(b"bad")
            async with asyncio.timeout(5):
                assert [await loop.sock_recv(client, 100) for _ in range(100)] == [b"%d" % n for n in range(100)]


async def test_a_client_that_has_gone_is_no_trouble() -> None:
    async with serving() as (_, port, _):
        loop = asyncio.get_running_loop()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.connect(("127.0.0.1", port))
            client.send(b"hello")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.setblocking(False)
            client.connect(("127.0.0.1", port))
            client.send(b"again")
            async with asyncio.timeout(5):
                assert await loop.sock_recv(client, 100) == b"again"


async def test_messages_of_a_stream_may_come_in_pieces_or_many_at_once() -> None:
    async with serving() as (_, _, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for byte in framed(b"one"):
            writer.write(bytes([byte]))
            await writer.drain()
        writer.write(framed(*(b"%d" % number for number in range(50))))
        writer.write_eof()
        assert await read_all(reader) == framed(b"one", *(b"%d" % number for number in range(50)))
        writer.close()


async def test_answers_that_come_late_reach_a_client_that_has_ended_its_half() -> None:
    async with serving() as (resolver, _, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(framed(*(b"late %d" % number for number in range(40))))
        writer.write_eof()
        served = 0
        async with asyncio.timeout(5):
            while served < 40:
                await asyncio.sleep(0)
                assert len(resolver.late) <= 16  # no more are taken than may be open
                for send, data in resolver.late:
                    send(data)
                    served += 1
                resolver.late.clear()
        assert await read_all(reader) == framed(*(b"late %d" % number for number in range(40)))
        writer.close()


async def test_a_bad_message_ends_the_stream_and_a_late_answer_to_it_is_dropped() -> None:
    async with serving() as (resolver, _, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(framed(b"late", b"bad", b"more"))
        assert await read_all(reader) == b""
        resolver.late[0][0](b"too late")
        writer.close()


async def test_a_client_that_does_not_read_is_not_read_from() -> None:
    async with serving() as (_, _, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        big = framed(b"x" * 60000)
        for _ in range(200):
            writer.write(big)
        async with asyncio.timeout(5):
            assert len(await reader.readexactly(200 * len(big))) == 200 * len(big)
        writer.close()


async def test_silent_clients_are_closed_and_too_many_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "_IDLE", 0.1)
    monkeypatch.setattr(server_module, "_CONNECTIONS", 1)
    async with serving() as (_, _, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(framed(b"one"))
        async with asyncio.timeout(5):
            assert await reader.readexactly(5) == framed(b"one")
        second, other = await asyncio.open_connection("127.0.0.1", port)
        assert await read_all(second) == b""
        assert await read_all(reader) == b""
        writer.close()
        other.close()
