import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from fakes.raw_client import RawClient, connected

from pier.api.http import session as session_module
from pier.api.http.channel import Channel, ConnectionLost
from pier.api.http.listener import Listener
from pier.api.http.messages import Answer, Handler, Hijack, Reply, Request, StreamReply
from pier.api.http.server import serving


@asynccontextmanager
async def client_of(handler: Handler, directory: Path) -> AsyncIterator[RawClient]:
    path = str(directory / "http.sock")
    async with serving(handler, [Listener(path=path)], grace=0.2), connected(path) as client:
        yield client


async def echo(request: Request) -> Answer:
    return Reply(body=f"{request.method} {request.path} ".encode() + await request.body(1 << 20))


async def test_one_connection_carries_many_requests(tmp_path: Path) -> None:
    async with client_of(echo, tmp_path) as client:
        assert (await client.request("GET", "/a")).body == b"GET /a "
        assert (await client.request("POST", "/b", b"x")).body == b"POST /b x"


async def test_pipelined_requests_are_answered_in_order(tmp_path: Path) -> None:
    async with client_of(echo, tmp_path) as client:
        first = "GET /1 HTTP/1.1\r\nHost: d\r\n\r\n"
        second = "POST /2 HTTP/1.1\r\nHost: d\r\nContent-Length: 2\r\n\r\nhi"
        await client.send(first + second)
        assert (await client.response()).body == b"GET /1 "
        assert (await client.response()).body == b"POST /2 hi"


async def test_percent_encoding_in_the_path_is_decoded(tmp_path: Path) -> None:
    async with client_of(echo, tmp_path) as client:
        assert (await client.request("GET", "/a%2Fb?x=%20")).body == b"GET /a/b "


async def test_a_chunked_body_is_put_together(tmp_path: Path) -> None:
    async with client_of(echo, tmp_path) as client:
        await client.send("POST /c HTTP/1.1\r\nHost: d\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
        await client.send("2\r\nde\r\n0\r\n\r\n")
        assert (await client.response()).body == b"POST /c abcde"


async def test_a_large_body_is_read_past_h11_and_the_next_request_found(tmp_path: Path) -> None:
    body = bytes(range(256)) * 4096 * 2

    async def measure(request: Request) -> Answer:
        return Reply(body=str(b"".join([chunk async for chunk in request.stream()]) == body).encode())

    async with client_of(measure, tmp_path) as client:
        for _ in range(2):
            assert (await client.request("PUT", "/large", body)).body == b"True"
        head = f"PUT /large HTTP/1.1\r\nHost: d\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        await client.send(head + body + b"GET /pipelined HTTP/1.1\r\nHost: d\r\n\r\n")
        assert (await client.response()).body == b"True"
        assert (await client.response()).body == b"False"
        await client.send(head[:-2] + b"Expect: 100-continue\r\n\r\n")
        assert (await client.head()).status == 100
        await client.send(body)
        assert (await client.response()).body == b"True"


async def test_a_large_body_nobody_wants_closes_the_connection(tmp_path: Path) -> None:
    async def refuse(_: Request) -> Answer:
        return Reply(status=400)

    async with client_of(refuse, tmp_path) as client:
        await client.send(f"PUT /large HTTP/1.1\r\nHost: d\r\nContent-Length: {3 << 20}\r\n\r\n".encode())
        await client.send(bytes(2 << 20))
        assert (await client.response()).status == 400
        assert await client.rest() == b""


async def test_a_large_body_that_ends_too_early_is_a_lost_client(tmp_path: Path) -> None:
    ended: list[str] = []

    async def read(request: Request) -> Answer:
        try:
            async for _ in request.stream():
                pass
        except ConnectionLost:
            ended.append("lost")
            raise
        return Reply()

    async with client_of(read, tmp_path) as client:
        await client.send(f"PUT /large HTTP/1.1\r\nHost: d\r\nContent-Length: {3 << 20}\r\n\r\nabc".encode())
        client.half_close()
        assert await client.rest() == b""
    assert ended == ["lost"]


async def test_continue_is_sent_only_when_the_body_is_wanted(tmp_path: Path) -> None:
    async with client_of(echo, tmp_path) as client:
        await client.send("POST /e HTTP/1.1\r\nHost: d\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
        assert (await client.head()).status == 100
        await client.send("ok")
        assert (await client.response()).body == b"POST /e ok"


async def test_headers_beyond_the_cap_are_refused(tmp_path: Path) -> None:
    async with client_of(echo, tmp_path) as client:
        await client.send("GET / HTTP/1.1\r\nHost: d\r\nX: " + "a" * (session_module.MAX_HEADERS + 10))
        response = await client.response()
        assert response.status == 431
        assert response.headers["connection"] == "close"


async def test_what_is_not_http_is_refused(tmp_path: Path) -> None:
    async with client_of(echo, tmp_path) as client:
        await client.send("nonsense\r\n\r\n")
        assert (await client.response()).status == 400


async def test_an_unwanted_body_does_not_spoil_the_connection(tmp_path: Path) -> None:
    async def deaf(request: Request) -> Answer:
        return Reply(status=404)

    async with client_of(deaf, tmp_path) as client:
        assert (await client.request("PUT", "/x", b"a" * 100_000)).status == 404
        assert (await client.request("GET", "/y")).status == 404


async def test_head_has_a_length_and_no_body(tmp_path: Path) -> None:
    async def answer(request: Request) -> Answer:
        return Reply(body=b"12345")

    async with client_of(answer, tmp_path) as client:
        response = await client.request("HEAD", "/")
        assert response.headers["content-length"] == "5"
        assert (await client.request("GET", "/")).body == b"12345"


async def test_headers_of_a_stream_leave_before_its_first_chunk(tmp_path: Path) -> None:
    go = asyncio.Event()

    async def chunks() -> AsyncIterator[bytes]:
        await go.wait()
        yield b"one"
        yield b"two"

    async def answer(request: Request) -> Answer:
        return StreamReply(chunks=chunks())

    async with client_of(answer, tmp_path) as client:
        await client.send_request("GET", "/")
        assert (await client.head()).headers["transfer-encoding"] == "chunked"
        go.set()
        assert [chunk async for chunk in client.chunks()] == [b"one", b"two"]


async def test_a_stream_that_fails_is_cut_not_ended(tmp_path: Path) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield b"one"
        raise RuntimeError("broken")

    async def answer(request: Request) -> Answer:
        return StreamReply(chunks=chunks())

    async with client_of(answer, tmp_path) as client:
        await client.send_request("GET", "/")
        await client.head()
        assert await client.rest() == b"3\r\none\r\n"


@pytest.mark.parametrize("leave", ["close", "half_close"])
async def test_an_endless_answer_stops_when_its_client_goes(tmp_path: Path, leave: str) -> None:
    stopped = asyncio.Event()

    async def chunks() -> AsyncIterator[bytes]:
        try:
            await asyncio.Event().wait()
            yield b""
        finally:
            stopped.set()

    async def answer(request: Request) -> Answer:
        return StreamReply(chunks=chunks(), follow=True)

    async with client_of(answer, tmp_path) as client:
        await client.send_request("GET", "/")
        await client.head()
        getattr(client, leave)()
        async with asyncio.timeout(5):
            await stopped.wait()


async def test_a_handler_is_cancelled_when_its_client_closes(tmp_path: Path) -> None:
    started, cancelled = asyncio.Event(), asyncio.Event()

    async def slow(request: Request) -> Answer:
        started.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise
        raise AssertionError

    async with client_of(slow, tmp_path) as client:
        await client.send_request("GET", "/")
        await started.wait()
        client.close()
        async with asyncio.timeout(5):
            await cancelled.wait()


async def test_a_change_runs_to_its_end_though_its_client_closes(tmp_path: Path) -> None:
    started, go, done = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def change(request: Request) -> Answer:
        request.runs_to_end = True
        started.set()
        await go.wait()
        done.set()
        return Reply(status=204)

    async with client_of(change, tmp_path) as client:
        await client.send_request("POST", "/")
        await started.wait()
        client.close()
        await asyncio.sleep(0)
        go.set()
        async with asyncio.timeout(5):
            await done.wait()


async def test_a_client_that_only_stops_sending_still_gets_its_answer(tmp_path: Path) -> None:
    started, go = asyncio.Event(), asyncio.Event()

    async def slow(request: Request) -> Answer:
        started.set()
        await go.wait()
        return Reply(body=b"late")

    async with client_of(slow, tmp_path) as client:
        await client.send_request("GET", "/")
        client.half_close()
        await started.wait()
        go.set()
        assert (await client.response()).body == b"late"


async def test_bytes_behind_a_hijacked_request_are_not_lost(tmp_path: Path) -> None:
    async def run(channel: Channel) -> None:
        while data := await channel.read():
            await channel.write(data.upper(), 5)
        await channel.write(b"END", 5)

    async def answer(request: Request) -> Answer:
        assert request.upgrade == "tcp"
        return Hijack(head=b"HTTP/1.1 101 UPGRADED\r\n\r\n", run=run)

    async with client_of(answer, tmp_path) as client:
        await client.send(
            "POST / HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: 2\r\n\r\n{}early"
        )
        assert (await client.head()).reason == "UPGRADED"
        assert await client.exactly(5) == b"EARLY"
        await client.send("more")
        assert await client.exactly(4) == b"MORE"
        client.half_close()
        assert await client.rest() == b"END"


async def test_a_hijack_without_upgrade_keeps_early_bytes_too(tmp_path: Path) -> None:
    async def run(channel: Channel) -> None:
        await channel.write(await channel.read(), 5)

    async def answer(request: Request) -> Answer:
        return Hijack(head=b"HTTP/1.1 200 OK\r\n\r\n", run=run)

    async with client_of(answer, tmp_path) as client:
        await client.send("POST / HTTP/1.1\r\nHost: d\r\n\r\nearly")
        await client.head()
        assert await client.rest() == b"early"


async def test_a_hijack_whose_client_has_gone_is_dropped(tmp_path: Path) -> None:
    dropped = asyncio.Event()

    async def answer(request: Request) -> Answer:
        return Hijack(head=b"HTTP/1.1 200 OK\r\n\r\n", run=lambda channel: asyncio.sleep(0), dropped=dropped.set)

    async with client_of(answer, tmp_path) as client:
        await client.send("POST / HTTP/1.1\r\nHost: d\r\nContent-Length: 2\r\n\r\n{")
        client.writer.close()
        await asyncio.wait_for(dropped.wait(), 5)


async def test_a_slow_reader_holds_the_writer_back(tmp_path: Path) -> None:
    written = 0

    async def chunks() -> AsyncIterator[bytes]:
        nonlocal written
        for _ in range(1000):
            written += 1 << 16
            yield b"x" * (1 << 16)

    async def answer(request: Request) -> Answer:
        return StreamReply(chunks=chunks())

    async with client_of(answer, tmp_path) as client:
        await client.send_request("GET", "/")
        await client.head()
        for _ in range(200):
            await asyncio.sleep(0)
        assert written < 10 << 20
        assert sum([len(chunk) async for chunk in client.chunks()]) == 1000 << 16


async def test_a_reader_that_takes_nothing_is_dropped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_module, "STALL", 0.05)
    stopped = asyncio.Event()

    async def chunks() -> AsyncIterator[bytes]:
        try:
            while True:
                yield b"x" * (1 << 20)
        finally:
            stopped.set()

    async def answer(request: Request) -> Answer:
        return StreamReply(chunks=chunks())

    async with client_of(answer, tmp_path) as client:
        await client.send_request("GET", "/")
        async with asyncio.timeout(5):
            await stopped.wait()


async def test_a_writer_waits_while_the_handler_does_not_read(tmp_path: Path) -> None:
    go = asyncio.Event()
    size = 8 << 20

    async def late(request: Request) -> Answer:
        await go.wait()
        return Reply(body=str(len(await request.body(size))).encode())

    async with client_of(late, tmp_path) as client:
        async with asyncio.TaskGroup() as jobs:
            sending = jobs.create_task(client.request("POST", "/", b"y" * size))
            for _ in range(200):
                await asyncio.sleep(0)
            assert client.writer.transport.get_write_buffer_size() > 4 << 20
            go.set()
        assert sending.result().body == str(size).encode()


async def test_idle_connections_are_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_module, "IDLE_TIMEOUT", 0.05)
    async with client_of(echo, tmp_path) as client:
        assert await client.rest() == b""


async def test_headers_that_never_end_are_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_module, "HEADER_TIMEOUT", 0.05)
    async with client_of(echo, tmp_path) as client:
        await client.send("GET / HTTP/1.1\r\nHost:")
        assert await client.rest() == b""


async def test_a_handler_that_breaks_answers_500(tmp_path: Path) -> None:
    async def broken(request: Request) -> Answer:
        raise RuntimeError

    async with client_of(broken, tmp_path) as client:
        assert (await client.request("GET", "/")).status == 500


async def test_stopping_lets_a_request_under_way_finish(tmp_path: Path) -> None:
    started, go = asyncio.Event(), asyncio.Event()

    async def slow(request: Request) -> Answer:
        started.set()
        await go.wait()
        return Reply(body=b"done")

    path = str(tmp_path / "http.sock")
    async with serving(slow, [Listener(path=path)], grace=5) as server, connected(path) as client:
        await client.send_request("GET", "/")
        await started.wait()
        async with asyncio.TaskGroup() as jobs:
            jobs.create_task(server.close(5))
            await asyncio.sleep(0)
            go.set()
        response = await client.response()
        assert response.body == b"done"
        assert response.headers["connection"] == "close"
