"""Logging in."""

import base64
import json
from collections.abc import Sequence
from urllib.parse import parse_qs, urlsplit

import pytest
from support.http_server import Answer, Request, http_server

from pier.domain.errors import NotFound, PierError, Unauthenticated
from pier.domain.registry import RegistryAuth
from pier.registry.auth import Authorizer
from pier.registry.endpoints import Endpoint
from pier.registry.transport import Transport

ANONYMOUS = RegistryAuth()
USER = RegistryAuth(username="me", password="pass")
BASIC = "Basic " + base64.b64encode(b"me:pass").decode()
INSECURE = Endpoint("registry.example", insecure=True)


async def _answer(
    transport: Transport,
    header: str,
    auth: RegistryAuth = ANONYMOUS,
    endpoint: Endpoint = INSECURE,
    scopes: Sequence[str] = ("repository:a/b:pull",),
) -> str:
    return await Authorizer(transport, auth).answer([header], endpoint, "registry.example/a/b", scopes)


def _token(request: Request) -> Answer:
    return Answer(200, body=json.dumps({"token": "t", "expires_in": 300}).encode())


async def test_anonymous_token_is_asked_with_service_and_scope(transport: Transport) -> None:
    async with http_server(_token) as server:
        challenge = f'Bearer realm="http://{server.host}/token?x=1",service="reg",scope="repository:a/b:pull"'
        assert await _answer(transport, challenge) == "Bearer t"
        query = parse_qs(urlsplit(server.requests[0].path).query)
        assert query == {"x": ["1"], "service": ["reg"], "scope": ["repository:a/b:pull"]}
        assert "authorization" not in server.requests[0].headers


async def test_scope_is_made_up_where_none_is_named(transport: Transport) -> None:
    async with http_server(_token) as server:
        await _answer(transport, f'Bearer realm="http://{server.host}/token"')
        assert parse_qs(urlsplit(server.requests[0].path).query)["scope"] == ["repository:a/b:pull"]


async def test_what_the_challenge_leaves_out_is_asked_for_too(transport: Transport) -> None:
    async with http_server(_token) as server:
        challenge = f'Bearer realm="http://{server.host}/token",scope="repository:a/b:pull,push"'
        await _answer(transport, challenge, scopes=["repository:a/b:pull,push", "repository:c:pull"])
        query = parse_qs(urlsplit(server.requests[0].path).query)
        assert query["scope"] == ["repository:a/b:pull,push", "repository:c:pull"]


async def test_user_name_goes_to_the_token_service(transport: Transport) -> None:
    async with http_server(_token) as server:
        await _answer(transport, f'Bearer realm="http://{server.host}/token"', USER)
        assert server.requests[0].headers["authorization"] == BASIC


async def test_mirror_gets_no_credentials(transport: Transport) -> None:
    async with http_server(_token) as server:
        mirror = Endpoint("mirror.example", insecure=True, is_mirror=True)
        await _answer(transport, f'Bearer realm="http://{server.host}/token"', USER, mirror)
        assert "authorization" not in server.requests[0].headers


async def test_identity_token_is_a_refresh_token(transport: Transport) -> None:
    def access(request: Request) -> Answer:
        return Answer(200, body=b'{"access_token": "a"}')

    async with http_server(access) as server:
        auth = RegistryAuth(identity_token="refresh")
        assert await _answer(transport, f'Bearer realm="http://{server.host}/token"', auth) == "Bearer a"
        [request] = server.requests
        form = parse_qs(request.body.decode())
        assert (request.method, form["grant_type"], form["refresh_token"]) == ("POST", ["refresh_token"], ["refresh"])


async def test_registry_token_is_used_as_it_is(transport: Transport) -> None:
    assert await _answer(transport, 'Bearer realm="https://nobody/"', RegistryAuth(registry_token="r")) == "Bearer r"


async def test_basic(transport: Transport) -> None:
    assert await _answer(transport, 'Basic realm="x"', USER) == BASIC
    with pytest.raises(PierError, match="no basic auth credentials"):
        await _answer(transport, 'Basic realm="x"')


@pytest.mark.parametrize("header", ["Negotiate", "Bearer realm=ftp://x", 'Bearer realm=""'])
async def test_what_cannot_be_answered(transport: Transport, header: str) -> None:
    with pytest.raises(PierError):
        await _answer(transport, header)


async def test_credentials_do_not_go_from_a_secure_registry_to_plain_http(transport: Transport) -> None:
    async with http_server(_token) as server:
        with pytest.raises(PierError, match="no safe address"):
            await _answer(transport, f'Bearer realm="http://{server.host}/token"', USER, Endpoint("registry.example"))
        assert server.requests == []


async def test_refused_login(transport: Transport) -> None:
    async with http_server(lambda _: Answer(401, body=b'{"details":"incorrect username or password"}')) as server:
        with pytest.raises(Unauthenticated, match="incorrect username or password"):
            await _answer(transport, f'Bearer realm="http://{server.host}/token"', USER)
        with pytest.raises(NotFound, match="pull access denied"):
            await _answer(transport, f'Bearer realm="http://{server.host}/token"')
        with pytest.raises(Unauthenticated, match=r"push access denied .*: unauthorized: incorrect username"):
            await _answer(transport, f'Bearer realm="http://{server.host}/token",scope="repository:r:pull,push"')


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"token": 1}'])
async def test_answer_without_a_token(transport: Transport, body: bytes) -> None:
    async with http_server(lambda _: Answer(200, body=body)) as server:
        with pytest.raises(PierError, match="did not include a token in the response"):
            await _answer(transport, f'Bearer realm="http://{server.host}/token"')
