"""Requests: retries, redirects, failures."""

import socket
import subprocess
import sys
from collections.abc import Mapping

import pytest
from support.http_server import Answer, Request, http_server

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


async def test_nobody_listens(transport: Transport) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with pytest.raises(Unreachable, match=f"cannot talk to http://127.0.0.1:{port}: .*check the registry's name"):
            await _get(transport, f"http://127.0.0.1:{port}/v2/secret?signature=x")


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
