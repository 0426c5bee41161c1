"""Endpoints in turn, and logging in where one asks."""

import pytest
from support.http_server import Answer, Request, http_server

from pier.domain.errors import NotFound, PierError
from pier.domain.registry import RegistryAuth
from pier.registry.auth import Authorizer
from pier.registry.conversation import Ask, Conversation, read_body
from pier.registry.endpoints import Endpoint
from pier.registry.transport import Transport

ASK = Ask(method="GET", repository="r.example/a/b", what="tags/list")


def _talk(transport: Transport, auth: RegistryAuth | None = None) -> Conversation:
    return Conversation(transport, Authorizer(transport, auth or RegistryAuth()), {})


def _http(host: str, **more: object) -> Endpoint:
    return Endpoint(host, insecure=True, scheme="http", **more)  # type: ignore[arg-type] # whatever a test wants


def test_scopes_of_a_request() -> None:
    ask = Ask(method="POST", repository="r.example/a/b", pushes=True, sources=["c"])
    assert (ask.path, ask.scopes) == ("a/b", ("repository:a/b:pull,push", "repository:c:pull"))


async def test_first_endpoint_that_answers_is_taken(transport: Transport) -> None:
    async with http_server(lambda _: Answer(404)) as bad, http_server(lambda _: Answer(200, body=b"x")) as good:
        async with _talk(transport).ask(ASK, [_http(bad.host), _http(good.host)]) as response:
            assert await read_body(response, 10) == b"x"
        with pytest.raises(NotFound):
            async with _talk(transport).ask(ASK, [_http(bad.host)]):
                pass


async def test_mirror_is_told_whom_it_stands_in_for_and_gets_its_headers(transport: Transport) -> None:
    async with http_server(lambda _: Answer(200)) as server:
        endpoint = _http(server.host, root="/proxy/v2", namespace="r.example", headers={"X-Key": "1"})
        async with _talk(transport).ask(ASK, [endpoint]):
            pass
        [request] = server.requests
    assert (request.path, request.headers["x-key"]) == ("/proxy/v2/a/b/tags/list?ns=r.example", "1")


async def test_login_is_kept_for_its_scope_only(transport: Transport) -> None:
    def serve(request: Request) -> Answer:
        if request.path.startswith("/token"):
            return Answer(200, body=b'{"token": "t"}')
        if request.headers.get("authorization") != "Bearer t":
            return Answer(401, {"WWW-Authenticate": f'Bearer realm="http://{request.headers["host"]}/token"'})
        return Answer(200)

    async with http_server(serve) as server:
        talk = _talk(transport)
        for ask in (ASK, ASK, Ask(method="POST", repository="r.example/a/b", pushes=True, body=b"")):
            async with talk.ask(ask, [_http(server.host)]):
                pass
        tokens = [path for path in server.paths() if path.startswith("/token")]
    assert [("push" in path) for path in tokens] == [False, True]


async def test_address_without_tls_that_a_safe_registry_names_is_not_followed(transport: Transport) -> None:
    ask = Ask(method="PUT", repository="r.example/a/b", url="http://127.0.0.1:1/up")
    with pytest.raises(PierError, match="without TLS"):
        async with _talk(transport).ask(ask, [Endpoint("r.example")]):
            pass
