"""Requests: retries, redirects, failures."""

import asyncio
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping

import pytest
from support.http_server import Answer, Request, http_server

from pier.registry import transport as module
from pier.registry.transport import Interrupted, Transport, Unreachable


async def _get(
    transport: Transport, url: str, *, headers: Mapping[str, str] | None = None, patient: bool = True
) -> tuple[int, bytes]:
    async with transport.open("GET", url, headers=headers, patient=patient) as response:
        return response.status, await response.read()


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
async def test_busy_server_is_asked_again(transport: Transport, status: int) -> None:
    answers = [Answer(status), Answer(status), Answer(200, body=b"ok")]
    async with http_server(lambda _: answers.pop(0)) as server:
        assert await _get(transport, f"http://{server.host}/x") == (200, b"ok")


async def test_tries_are_bounded(transport: Transport) -> None:
    async with http_server(lambda _: Answer(503)) as server:
        assert (await _get(transport, f"http://{server.host}/x"))[0] == 503
        assert len(server.requests) == 4


@pytest.mark.parametrize("status", [400, 401, 403, 404])
async def test_refusals_stand(transport: Transport, status: int) -> None:
    async with http_server(lambda _: Answer(status)) as server:
        assert (await _get(transport, f"http://{server.host}/x"))[0] == status
        assert len(server.requests) == 1


async def test_server_that_asks_for_much_patience_is_reported(transport: Transport) -> None:
    async with http_server(lambda _: Answer(429, {"Retry-After": "3600"})) as server:
        assert (await _get(transport, f"http://{server.host}/x"))[0] == 429
        assert len(server.requests) == 1


async def test_short_retry_after_is_obeyed(transport: Transport) -> None:
    answers = [Answer(429, {"Retry-After": "0"}), Answer(200)]
    async with http_server(lambda _: answers.pop(0)) as server:
        assert (await _get(transport, f"http://{server.host}/x"))[0] == 200


async def _endless() -> AsyncIterator[bytes]:
    while True:
        yield bytes(1 << 20)


async def test_server_that_takes_no_more_of_a_body(transport: Transport, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WRITE_SECONDS", 0.2)
    over = asyncio.Event()

    async def stall(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await over.wait()
        writer.close()

    server = await asyncio.start_server(stall, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/up"
    with pytest.raises(Unreachable, match="does not answer in time"):
        async with asyncio.timeout(20), transport.open("PATCH", url, body=_endless()):
            pass
    over.set()
    server.close()


async def test_source_of_a_body_may_take_its_time(transport: Transport, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WRITE_SECONDS", 0.1)

    async def slow() -> AsyncIterator[bytes]:
        for piece in (b"a", b"b"):
            await asyncio.sleep(0.3)
            yield piece

    async with http_server(lambda _: Answer(200)) as server:
        async with transport.open("PATCH", f"http://{server.host}/up", body=slow()) as response:
            assert response.status == 200
        assert server.requests[0].body == b"ab"


async def test_answer_before_the_end_of_a_body_counts(transport: Transport) -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno")
        while await reader.read(1 << 20):
            pass

    server = await asyncio.start_server(refuse, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/up"
    async with asyncio.timeout(20), transport.open("PATCH", url, body=_endless()) as response:
        assert (response.status, await response.read()) == (403, b"no")
    server.close()


async def test_nobody_listens(transport: Transport) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        place = f"127.0.0.1:{port}"
        words = (
            f"cannot talk to http://{place}: dial tcp {place}: connect: connection refused; check the registry's name"
        )
        with pytest.raises(Unreachable, match=words):
            await _get(transport, f"http://127.0.0.1:{port}/v2/secret?signature=x")


@pytest.mark.parametrize(
    ("failure", "reason", "tries"),
    [
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), "no such host", 1),
        (socket.gaierror(socket.EAI_AGAIN, "Temporary failure"), "Temporary failure", 4),
    ],
)
async def test_a_name_that_does_not_exist_is_asked_for_once(
    transport: Transport, monkeypatch: pytest.MonkeyPatch, failure: OSError, reason: str, tries: int
) -> None:
    asked = []

    async def look_up(host: str, *_: object, **__: object) -> list[object]:
        asked.append(host)
        raise failure

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", look_up)
    with pytest.raises(Unreachable, match=rf"dial tcp: lookup nobody\.example: {reason}; check"):
        await _get(transport, "http://nobody.example/v2/")
    assert asked == ["nobody.example"] * tries


async def test_body_that_breaks_off(transport: Transport) -> None:
    async with http_server(lambda _: Answer(200, body=b"half", length=100)) as server:
        with pytest.raises(Interrupted):
            await _get(transport, f"http://{server.host}/x")


async def test_redirect_to_another_host_carries_no_credentials(transport: Transport) -> None:
    async with http_server(lambda _: Answer(200, body=b"there")) as other:

        def redirect(_: Request) -> Answer:
            return Answer(307, {"Location": f"http://{other.host}/elsewhere"})

        async with http_server(redirect) as server:
            headers = {"Authorization": "Bearer secret"}
            assert await _get(transport, f"http://{server.host}/x", headers=headers) == (200, b"there")
        assert server.requests[0].headers["authorization"] == "Bearer secret"
        assert "authorization" not in other.requests[0].headers


async def test_proxy_of_the_environment_is_used_but_not_for_loopback(
    transport: Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with http_server(lambda _: Answer(200, body=b"proxied")) as proxy:
        monkeypatch.setenv("http_proxy", f"http://{proxy.host}")
        assert await _get(transport, "http://registry.invalid/x") == (200, b"proxied")
        assert proxy.requests[0].path == "http://registry.invalid/x"
        monkeypatch.setenv("no_proxy", "registry.invalid")
        with pytest.raises(Unreachable):
            await _get(transport, "http://registry.invalid/x", patient=False)
        async with http_server(lambda _: Answer(200, body=b"direct")) as server:
            assert await _get(transport, f"http://{server.host}/x") == (200, b"direct")


def test_aiohttp_is_not_imported_before_it_is_needed() -> None:
    code = "import sys, pier.registry.client; sys.exit('aiohttp' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
