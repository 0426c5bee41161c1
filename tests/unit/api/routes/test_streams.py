import asyncio
import base64

import pytest
from fakes.engine import FakeAttachment, FakeEngine
from fakes.raw_client import RawClient

from pier.domain.container import ExecConfig
from pier.domain.errors import Conflict, InvalidArgument, NotFound
from pier.wire.frames import frame

UPGRADE = "Host: d\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Type: text/plain\r\nContent-Length: 0\r\n\r\n"
ATTACH = "/containers/web/attach?stream=1&stdin=1&stdout=1&stderr=1"


async def head_of(client: RawClient) -> bytes:
    async with asyncio.timeout(5):
        return await client.reader.readuntil(b"\r\n\r\n")


@pytest.mark.parametrize(
    ("version", "terminal", "content"),
    [
        ("v1.51", False, "multiplexed-stream"),
        ("v1.42", False, "multiplexed-stream"),
        ("v1.51", True, "raw-stream"),
        ("v1.41", False, "raw-stream"),
    ],
)
async def test_attach_with_upgrade_begins_with_exactly_these_bytes(
    client: RawClient, engine: FakeEngine, version: str, terminal: bool, content: str
) -> None:
    engine.containers.attachment.terminal = terminal
    await client.send(f"POST /{version}{ATTACH} HTTP/1.1\r\n{UPGRADE}")
    assert (
        await head_of(client)
        == (
            f"HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.{content}\r\n"
            "Connection: Upgrade\r\nUpgrade: tcp\r\n\r\n"
        ).encode()
    )


async def test_attach_without_upgrade_is_200_and_raw_by_name(client: RawClient, engine: FakeEngine) -> None:
    await client.send(f"POST {ATTACH} HTTP/1.1\r\nHost: d\r\n\r\n")
    assert await head_of(client) == b"HTTP/1.1 200 OK\r\nContent-Type: application/vnd.docker.raw-stream\r\n\r\n"
    engine.containers.attachment.say(b"hi")
    assert await client.exactly(10) == frame(1, b"hi")


async def test_the_header_upgrade_alone_is_enough(client: RawClient, engine: FakeEngine) -> None:
    await client.send(f"POST {ATTACH} HTTP/1.1\r\nHost: d\r\nUpgrade: tcp\r\nContent-Length: 0\r\n\r\nin")
    assert (await head_of(client)).startswith(b"HTTP/1.1 101 UPGRADED\r\n")
    engine.containers.attachment.say(b"hi")
    assert await client.exactly(10) == frame(1, b"hi")
    engine.containers.attachment.end()
    await client.rest()
    assert engine.containers.attachment.heard == b"in"


async def test_output_is_framed_and_the_end_closes(client: RawClient, engine: FakeEngine) -> None:
    attachment = engine.containers.attachment
    await client.send(f"POST {ATTACH} HTTP/1.1\r\n{UPGRADE}")
    await head_of(client)
    attachment.say(b"out", 1)
    attachment.say(b"err", 2)
    attachment.end()
    assert await client.rest() == frame(1, b"out") + frame(2, b"err")
    await asyncio.wait_for(attachment.closed.wait(), 5)


async def test_a_terminal_has_no_frames(client: RawClient, engine: FakeEngine) -> None:
    attachment = engine.containers.attachment
    attachment.terminal = True
    attachment.say(b"raw")
    attachment.end()
    await client.send(f"POST {ATTACH} HTTP/1.1\r\n{UPGRADE}")
    await head_of(client)
    assert await client.rest() == b"raw"


async def test_input_in_the_same_packet_as_the_request_arrives(client: RawClient, engine: FakeEngine) -> None:
    attachment = engine.containers.attachment
    await client.send(f"POST {ATTACH} HTTP/1.1\r\n{UPGRADE}early")
    await head_of(client)
    await client.send(" late")
    client.half_close()
    await asyncio.wait_for(attachment.stdin_closed.wait(), 5)
    assert attachment.heard == b"early late"


async def test_half_close_leaves_the_output_open(client: RawClient, engine: FakeEngine) -> None:
    attachment = engine.containers.attachment
    await client.send(f"POST {ATTACH} HTTP/1.1\r\n{UPGRADE}")
    await head_of(client)
    client.half_close()
    await asyncio.wait_for(attachment.stdin_closed.wait(), 5)
    attachment.say(b"after")
    attachment.end()
    assert await client.rest() == frame(1, b"after")


async def test_half_close_ends_an_attach_whose_input_does_not_close(client: RawClient, engine: FakeEngine) -> None:
    engine.containers.attachment.ends_with_stdin = True
    await client.send(f"POST {ATTACH} HTTP/1.1\r\n{UPGRADE}")
    await head_of(client)
    client.half_close()
    assert await client.rest() == b""
    await asyncio.wait_for(engine.containers.attachment.closed.wait(), 5)


async def test_half_close_without_stdin_means_nothing(client: RawClient, engine: FakeEngine) -> None:
    attachment = engine.containers.attachment
    await client.send(f"POST /containers/web/attach?stream=1&stdout=1 HTTP/1.1\r\n{UPGRADE}ignored")
    await head_of(client)
    client.half_close()
    attachment.say(b"x")
    attachment.end()
    assert await client.rest() == frame(1, b"x")
    assert not attachment.stdin_closed.is_set()
    assert attachment.heard == b""


async def test_the_detach_keys_close_the_connection(client: RawClient, engine: FakeEngine) -> None:
    engine.containers.attachment.detach_on = b"\x10\x11"
    await client.send(f"POST {ATTACH} HTTP/1.1\r\n{UPGRADE}")
    await head_of(client)
    await client.send(b"\x10\x11")
    assert await client.rest() == b""


async def test_a_client_that_goes_away_lets_the_attachment_go(client: RawClient, engine: FakeEngine) -> None:
    engine.containers.attachment.ends_with_stdin = True
    await client.send(f"POST {ATTACH} HTTP/1.1\r\n{UPGRADE}")
    await head_of(client)
    client.close()
    await asyncio.wait_for(engine.containers.attachment.closed.wait(), 5)


async def test_a_watcher_that_goes_away_lets_the_attachment_go(client: RawClient, engine: FakeEngine) -> None:
    await client.send(f"POST /containers/web/attach?stream=1&stdout=1 HTTP/1.1\r\n{UPGRADE}")
    await head_of(client)
    client.close()
    await asyncio.wait_for(engine.containers.attachment.closed.wait(), 5)


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (NotFound("No such container: web"), "404 Not Found"),
        (InvalidArgument("Invalid detach keys (foo) provided"), "400 Bad Request"),
        (Conflict("paused"), "409 Conflict"),
    ],
)
async def test_attach_fails_through_the_connection(
    client: RawClient, engine: FakeEngine, error: Exception, line: str
) -> None:
    engine.containers.failure = error
    await client.send(f"POST {ATTACH} HTTP/1.1\r\n{UPGRADE}")
    assert await client.rest() == (
        f"HTTP/1.1 {line}\r\nContent-Type: application/vnd.docker.raw-stream\r\n\r\n{error}\r\n".encode()
    )


async def an_exec(engine: FakeEngine, *, tty: bool = False) -> str:
    return await engine.execs.create("web", ExecConfig(cmd=("ls",), attach_stdin=True, tty=tty))


def start(exec_id: str, body: str, upgrade: bool = True, version: str = "") -> str:
    lines = [f"POST {version}/exec/{exec_id}/start HTTP/1.1", "Host: d", "Content-Type: application/json"]
    lines += ["Connection: Upgrade", "Upgrade: tcp"] if upgrade else []
    return "\r\n".join((*lines, f"Content-Length: {len(body)}", "", body))


async def test_exec_start_has_the_engines_headers_too(client: RawClient, engine: FakeEngine) -> None:
    await client.send(start(await an_exec(engine), '{"Detach":false}'))
    assert await head_of(client) == (
        b"HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.multiplexed-stream\r\n"
        b"Connection: Upgrade\r\nUpgrade: tcp\r\nApi-Version: 1.51\r\nDocker-Experimental: false\r\n"
        b"Ostype: linux\r\nServer: Docker/0.1.0 (linux)\r\n\r\n"
    )
    engine.execs.attachment.say(b"hi\n")
    engine.execs.attachment.end()
    assert await client.rest() == frame(1, b"hi\n")


async def test_a_detached_exec_start_is_empty(client: RawClient, engine: FakeEngine) -> None:
    exec_id = await an_exec(engine)
    response = await client.request("POST", f"/exec/{exec_id}/start", {"Detach": True})
    assert (response.status, response.body) == (200, b"")
    assert engine.execs.starts == [(exec_id, True, None)]


async def test_an_exec_start_without_a_body_is_attached(client: RawClient, engine: FakeEngine) -> None:
    engine.execs.attachment.end()
    exec_id = await an_exec(engine)
    await client.send(f"POST /exec/{exec_id}/start HTTP/1.1\r\nHost: d\r\nContent-Length: 0\r\n\r\n")
    assert (await head_of(client)).startswith(b"HTTP/1.1 200 OK\r\nContent-Type: application/vnd.docker.raw-stream\r\n")
    assert await client.rest() == b""


async def test_a_second_exec_start_tells_so_in_the_stream(client: RawClient, engine: FakeEngine) -> None:
    exec_id = await an_exec(engine)
    await engine.execs.start(exec_id, detach=True)
    await client.send(start(exec_id, "{}"))
    await head_of(client)
    assert await client.rest() == frame(1, f"exec command {exec_id} has already run\r\n".encode())


async def test_exec_start_of_nothing_is_json(client: RawClient) -> None:
    await client.send(start("nope", "{}"))
    response = await client.response()
    assert (response.status, response.json()) == (404, {"message": "No such exec instance: nope"})


@pytest.mark.parametrize(
    ("version", "body", "size"),
    [
        ("", '{"Tty":true,"ConsoleSize":[24,80]}', (24, 80)),
        ("", '{"Tty":true,"ConsoleSize":[0,80]}', None),
        ("", '{"ConsoleSize":[24,80]}', None),
        ("/v1.41", '{"Tty":true,"ConsoleSize":[24,80]}', None),
    ],
)
async def test_the_console_size_of_the_start_is_handed_on(
    client: RawClient, engine: FakeEngine, version: str, body: str, size: tuple[int, int] | None
) -> None:
    engine.execs.attachment.terminal = True
    engine.execs.attachment.end()
    exec_id = await an_exec(engine, tty=True)
    await client.send(start(exec_id, body, version=version))
    await client.rest()
    assert engine.execs.starts == [(exec_id, False, size)]


@pytest.mark.parametrize("terminal", [False, True])
@pytest.mark.parametrize(
    ("body", "content", "expected"),
    [
        ("{}", b"multiplexed-stream", frame(1, b"out") + frame(2, b"err")),
        ('{"Tty":false}', b"multiplexed-stream", frame(1, b"out") + frame(2, b"err")),
        ('{"Tty":true}', b"raw-stream", b"out"),
    ],
)
async def test_who_starts_an_exec_says_whether_there_are_frames(
    client: RawClient, engine: FakeEngine, terminal: bool, body: str, content: bytes, expected: bytes
) -> None:
    attachment = engine.execs.attachment
    attachment.terminal = terminal
    attachment.say(b"out", 1)
    attachment.say(b"err", 2)
    attachment.end()
    await client.send(start(await an_exec(engine, tty=terminal), body))
    assert b"Content-Type: application/vnd.docker." + content in await head_of(client)
    assert await client.rest() == expected


def masked(opcode: int, payload: bytes) -> bytes:
    mask = b"\x01\x02\x03\x04"
    body = bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload))
    return bytes((0x80 | opcode, 0x80 | len(payload))) + mask + body


@pytest.mark.parametrize(("name", "status"), [("gone", "404"), ("web", "400")])
async def test_a_container_that_is_not_there_comes_before_a_bad_handshake(
    client: RawClient, name: str, status: str
) -> None:
    await client.send(f"GET /containers/{name}/attach/ws HTTP/1.1\r\nHost: d\r\n\r\n")
    assert (await head_of(client)).startswith(f"HTTP/1.1 {status}".encode())


async def test_attach_over_a_websocket(client: RawClient, engine: FakeEngine) -> None:
    attachment: FakeAttachment = engine.containers.attachment
    key = base64.b64encode(b"the sample nonce").decode()
    await client.send(
        "GET /containers/web/attach/ws?stream=1&stdin=1&stdout=1 HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\n"
        f"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n"
    )
    head = await head_of(client)
    assert head.startswith(b"HTTP/1.1 101 Switching Protocols\r\n")
    assert b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n" in head
    attachment.say(b"out")
    assert await client.exactly(5) == b"\x82\x03out"
    await client.send(masked(9, b"p") + masked(1, b"in"))
    assert await client.exactly(3) == b"\x8a\x01p"
    await client.send(masked(8, b""))
    await asyncio.wait_for(attachment.stdin_closed.wait(), 5)
    assert attachment.heard == b"in"
    attachment.end()
    assert await client.rest() == b"\x88\x00"
