"""Other servers, played on this host's loopback at a port of their own."""

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator, Callable, Sequence
from typing import cast

import pytest
from support.dns import question, read_answer

from pier.domain.errors import NotFound
from pier.domain.network import NameServer
from pier.network.dns.message import parse_query
from pier.network.dns.upstream import Upstreams

Answerer = Callable[[bytes], Sequence[bytes]]


def reply(data: bytes, rcode: int = 0, *, address: bytes = b"\1\2\3\4") -> bytes:
    end = len(question("a.test"))
    record = struct.pack(">HHHIH", 0xC00C, 1, 1, 60, 4) + address
    return data[:2] + struct.pack(">HHHHH", 0x8180 | rcode, 1, 1, 0, 0) + data[12:end] + record


class Datagrams(asyncio.DatagramProtocol):
    def __init__(self, answer: Answerer) -> None:
        self.answer = answer
        self.transport: asyncio.DatagramTransport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        for answer in self.answer(data):
            self.transport.sendto(answer, addr)


@contextlib.asynccontextmanager
async def serving(answer: Answerer, address: str = "127.0.0.1", port: int = 0) -> AsyncIterator[int]:
    async def stream(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        data = await reader.readexactly(struct.unpack(">H", await reader.readexactly(2))[0])
        for answered in answer(data):
            writer.write(struct.pack(">H", len(answered)) + answered)
        writer.close()

    loop = asyncio.get_running_loop()
    server = await asyncio.start_server(stream, address, port)
    port = server.sockets[0].getsockname()[1]
    transport, _ = await loop.create_datagram_endpoint(lambda: Datagrams(answer), local_addr=(address, port))
    async with server:
        yield port
    transport.close()


async def nowhere(family: int, kind: int) -> socket.socket:
    raise NotFound("the namespace is gone")


def upstreams(port: int, *addresses: str, timeout: float = 0.3) -> Upstreams:
    servers = [NameServer(address, from_host=True) for address in addresses or ("127.0.0.1",)]
    return Upstreams(servers, nowhere, port=port, timeout=timeout)


@pytest.mark.parametrize("stream", [False, True])
async def test_an_answer_comes_back_with_the_clients_id(stream: bool) -> None:
    seen: list[bytes] = []

    def answer(data: bytes) -> list[bytes]:
        seen.append(data)
        return [reply(data)]

    data = question("a.test", number=77)
    async with serving(answer) as port:
        for _ in range(3):
            found = await upstreams(port).ask(data, parse_query(data), stream=stream)
            assert found is not None
            assert (read_answer(found[0]).id, read_answer(found[0]).values) == (77, ("1.2.3.4",))
    assert len({one[:2] for one in seen}) > 1  # ids are made anew
    assert {one[2:] for one in seen} == {data[2:]}


async def test_guesses_are_skipped_until_the_real_answer_comes() -> None:
    def answer(data: bytes) -> list[bytes]:
        other_id = bytes([data[0] ^ 1]) + data[1:]
        forged = reply(data, address=b"\6\6\6\6")
        return [b"", b"junk", reply(other_id), forged.replace(b"\1a", b"\1z"), reply(data)]

    data = question("a.test")
    async with serving(answer) as port:
        found = await upstreams(port).ask(data, parse_query(data), stream=False)
    assert found is not None
    assert read_answer(found[0]).values == ("1.2.3.4",)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("first", [lambda _: [], lambda data: [reply(data, 2)], lambda data: [reply(data, 5)]])
async def test_the_next_server_is_asked_when_one_cannot_say(first: Answerer, stream: bool) -> None:
    data = question("a.test")
    async with (
        serving(first, "127.0.0.2") as port,
        serving(lambda data: [reply(data)], "127.0.0.3", port),
    ):
        found = await upstreams(port, "127.0.0.2", "127.0.0.3").ask(data, parse_query(data), stream=stream)
    assert found is not None
    assert found[1].rcode == 0


async def test_no_such_name_is_an_answer() -> None:
    asked: list[bytes] = []
    data = question("a.test")
    async with (
        serving(lambda data: [reply(data, 3)], "127.0.0.2") as port,
        serving(lambda data: [*asked, data], "127.0.0.3", port),
    ):
        found = await upstreams(port, "127.0.0.2", "127.0.0.3").ask(data, parse_query(data), stream=False)
    assert found is not None
    assert found[1].rcode == 3
    assert asked == []


async def test_a_refusal_is_better_than_nothing_and_nothing_is_none() -> None:
    data = question("a.test")
    async with serving(lambda data: [reply(data, 5)]) as port:
        found = await upstreams(port, "127.0.0.1", "127.0.0.9").ask(data, parse_query(data), stream=False)
        assert found is not None
        assert found[1].rcode == 5
    assert await upstreams(port).ask(data, parse_query(data), stream=True) is None
    gone = Upstreams([NameServer("192.0.2.1"), NameServer("2001:db8::1")], nowhere)
    assert await gone.ask(data, parse_query(data), stream=False) is None
