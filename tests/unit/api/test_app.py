import pytest
from fakes.containers import broken
from fakes.engine import FakeEngine
from fakes.raw_client import RawClient

from pier.domain.errors import (
    Conflict,
    InvalidArgument,
    NotFound,
    NotModified,
    PermissionDenied,
    StartFailed,
    Unauthenticated,
    Unavailable,
    Unsupported,
)

STANDARD = {"api-version": "1.51", "docker-experimental": "false", "ostype": "linux", "server": "Docker/0.1.0 (linux)"}


@pytest.mark.parametrize("path", ["/version", "/v1.51/version", "/v1.24/version"])
async def test_routed_replies_say_what_the_server_is(client: RawClient, path: str) -> None:
    response = await client.request("GET", path)
    assert response.status == 200
    assert {name: response.headers[name] for name in STANDARD} == STANDARD
    assert response.headers["content-type"] == "application/json"
    assert response.body.endswith(b"}\n")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/nope"),
        ("GET", "/vfoo/version"),
        ("POST", "/version"),
        ("HEAD", "/containers/json"),
        ("GET", "/containers/json/"),
        ("GET", "/containers/"),
    ],
)
async def test_unknown_paths_and_methods_are_404_without_headers(client: RawClient, method: str, path: str) -> None:
    response = await client.request(method, path)
    assert response.status == 404
    assert "api-version" not in response.headers
    if method != "HEAD":
        assert response.body == b'{"message":"page not found"}\n'


async def test_a_version_too_new_is_refused(client: RawClient) -> None:
    response = await client.request("GET", "/v9.99/_ping")
    assert response.status == 400
    assert response.json()["message"] == "client version 9.99 is too new. Maximum supported API version is 1.51"
    assert "docker-experimental" not in response.headers


async def test_a_version_too_old_is_refused_in_plain_text(client: RawClient) -> None:
    response = await client.request("GET", "/v1.23/version")
    assert response.status == 400
    assert response.headers["content-type"] == "text/plain; charset=utf-8"
    assert response.body.startswith(b"client version 1.23 is too old. Minimum supported API version is 1.24")


async def test_doubled_slashes_are_redirected(client: RawClient) -> None:
    response = await client.request("GET", "//v1.43//version?a=1")
    assert (response.status, response.headers["location"]) == (301, "/v1.43/version?a=1")


@pytest.mark.parametrize("target", ["http://docker/v1.43/version?a=1", "HTTPS://docker:2375/version"])
async def test_a_target_may_be_a_whole_address(client: RawClient, target: str) -> None:
    response = await client.request("GET", target)
    assert (response.status, response.json()["ApiVersion"]) == (200, "1.51")


async def test_options_are_empty(client: RawClient) -> None:
    response = await client.request("OPTIONS", "/anything")
    assert (response.status, response.body) == (200, b"")


@pytest.mark.parametrize("prefix", ["", "/v1.51"])
async def test_ping(client: RawClient, prefix: str) -> None:
    response = await client.request("GET", f"{prefix}/_ping")
    assert response.body == b"OK"
    assert response.headers["swarm"] == "inactive"
    assert response.headers["cache-control"] == "no-cache, no-store, must-revalidate"
    head = await client.request("HEAD", f"{prefix}/_ping")
    assert (head.status, head.headers["content-length"]) == (200, "0")


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (NotFound("x"), 404),
        (InvalidArgument("x"), 400),
        (Conflict("x"), 409),
        (Unauthenticated("x"), 401),
        (PermissionDenied("x"), 403),
        (Unavailable("x"), 503),
        (Unsupported("x"), 501),
        (StartFailed("x", 127), 400),
        (StartFailed("x", 128), 500),
        (broken("x"), 500),
    ],
)
async def test_each_kind_of_error_has_its_status(
    client: RawClient, engine: FakeEngine, error: Exception, status: int
) -> None:
    engine.containers.failure = error
    response = await client.request("POST", "/containers/web/start")
    assert (response.status, response.json()) == (status, {"message": "x"})


async def test_nothing_to_do_is_an_empty_304(client: RawClient, engine: FakeEngine) -> None:
    engine.containers.failure = NotModified("x")
    response = await client.request("POST", "/containers/web/start")
    assert response.status == 304
    assert "content-length" not in response.headers


async def test_a_defect_is_500_and_logged(
    client: RawClient, engine: FakeEngine, caplog: pytest.LogCaptureFixture
) -> None:
    engine.containers.failure = KeyError("lost")
    response = await client.request("POST", "/containers/web/start")
    assert response.status == 500
    assert "KeyError" in response.json()["message"]
    assert "Traceback" in caplog.text
