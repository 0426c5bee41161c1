"""Trying credentials."""

import base64

import pytest
from support.http_server import Answer, Request, http_server

from pier.domain.errors import PierError, Unauthenticated
from pier.domain.registry import RegistryAuth
from pier.registry.client import Registry

USER = RegistryAuth(username="me", password="pass")


def _basic(request: Request) -> Answer:
    expected = "Basic " + base64.b64encode(b"me:pass").decode()
    if request.headers.get("authorization") == expected:
        return Answer(200)
    return Answer(401, {"WWW-Authenticate": 'Basic realm="x"'})


async def test_basic(registry: Registry) -> None:
    async with http_server(_basic) as server:
        assert await registry.login(server.host, USER) == ""
        assert set(server.paths()) == {"/v2/"}
        with pytest.raises(Unauthenticated, match=f"login attempt to http://{server.host}/v2/ failed with status: 401"):
            await registry.login(server.host, RegistryAuth(username="me", password="wrong"))


async def test_registry_that_wants_no_login(registry: Registry) -> None:
    async with http_server(lambda _: Answer(200)) as server:
        assert await registry.login(server.host, USER) == ""


async def test_token_service_may_give_a_token_for_the_password(registry: Registry) -> None:
    def serve(request: Request) -> Answer:
        if request.path.startswith("/token"):
            refused = "authorization" not in request.headers
            return Answer(401) if refused else Answer(200, body=b'{"token":"t","refresh_token":"r"}')
        if request.headers.get("authorization") == "Bearer t":
            return Answer(200)
        return Answer(401, {"WWW-Authenticate": f'Bearer realm="http://{request.headers["host"]}/token",service="s"'})

    async with http_server(serve) as server:
        assert await registry.login(server.host, USER) == "r"
        [asked] = [path for path in server.paths() if path.startswith("/token")]
        assert asked == "/token?service=s&offline_token=true&client_id=pier&account=me"
        with pytest.raises(PierError):
            await registry.login(server.host, RegistryAuth())


async def test_nobody_there(registry: Registry) -> None:
    with pytest.raises(PierError, match="cannot talk to"):
        await registry.login("127.0.0.1:1", USER)
