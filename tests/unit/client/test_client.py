import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes.http_engine import HttpEngine, Request, hijack

from pier.client.address import parse_address
from pier.client.client import Client
from pier.client.errors import ApiError, ProtocolError


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[HttpEngine]:
    with HttpEngine(tmp_path / "engine.sock") as engine:
        yield engine


@pytest.fixture
def client(engine: HttpEngine) -> Iterator[Client]:
    client = Client(parse_address(engine.address))
    yield client
    client.close()


@pytest.mark.parametrize(("offered", "used"), [("1.51", "1.51"), ("1.99", "1.51"), ("1.9", "1.9"), ("1.44", "1.44")])
def test_the_older_version_is_used(engine: HttpEngine, client: Client, offered: str, used: str) -> None:
    engine.api_version = offered
    assert client.version == used


def test_a_fixed_version_needs_no_ping(engine: HttpEngine) -> None:
    engine.answer("GET", "/x", {})
    Client(parse_address(engine.address), "1.45").get("/x")
    assert [request.method for request in engine.requests] == ["GET"]


def test_a_version_that_is_none_is_a_protocol_error(engine: HttpEngine, client: Client) -> None:
    engine.api_version = "new"
    with pytest.raises(ProtocolError):
        _ = client.version


def test_ping_falls_back_to_get(engine: HttpEngine, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "_route", lambda r: (405, b"") if r.method == "HEAD" else (200, b"OK"))
    assert client.version == "1.51"


def test_one_connection_serves_request_after_request(
    engine: HttpEngine, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    served = []
    original = engine._serve

    def serve(connection: socket.socket) -> None:
        served.append(connection)
        original(connection)

    monkeypatch.setattr(engine, "_serve", serve)
    engine.answer("GET", "/a", {"k": [1]})
    engine.answer("POST", "/b", None, 204)
    assert client.get("/a", {"all": True}) == {"k": [1]}
    assert client.post("/b", None, {"x": 1}) is None
    assert len(served) == 1
    assert engine.last("GET", "/a").query == {"all": ["1"]}
    assert engine.last("POST", "/b").json == {"x": 1}
    assert engine.last("POST", "/b").headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    ("body", "message"),
    [({"message": "no such thing"}, "no such thing"), ("plain text\n", "plain text"), ("", "the engine answered 404")],
)
def test_refusals_carry_status_and_message(
    engine: HttpEngine, client: Client, body: dict[str, str] | str, message: str
) -> None:
    engine.answer("DELETE", "/x", body, 404)
    with pytest.raises(ApiError, match=message) as caught:
        client.delete("/x")
    assert caught.value.status == 404


def test_a_stream_yields_values_line_by_line(engine: HttpEngine, client: Client) -> None:
    engine.answer("POST", "/images/create", '{"a":1}\r\n{"b":2}\r\n')
    headers = [("X-Registry-Auth", "e30=")]
    assert list(client.stream("POST", "/images/create", {}, headers)) == [{"a": 1}, {"b": 2}]
    assert engine.last("POST", "/images/create").headers["x-registry-auth"] == "e30="


def test_uploads_go_in_chunks(engine: HttpEngine, client: Client) -> None:
    engine.answer("POST", "/images/load", {"stream": "ok"})
    client.upload("/images/load", {"quiet": "1"}, iter([b"abc", b"", b"x" * 100_000]), "application/x-tar").read()
    assert engine.last("POST", "/images/load").body == b"abc" + b"x" * 100_000


def test_hijack_gives_the_socket_and_early_bytes(engine: HttpEngine, client: Client) -> None:
    def attach(request: Request, connection: socket.socket) -> None:
        hijack(connection, b"EARLY")
        connection.sendall(connection.recv(100).upper())

    engine.routes["POST", "/containers/x/attach"] = attach
    stream = client.hijack("/containers/x/attach", {"stream": True})
    stream.socket.sendall(b"typed")
    assert (stream.early, stream.socket.recv(100)) == (b"EARLY", b"TYPED")
    assert engine.last("POST", "/containers/x/attach").headers["upgrade"] == "tcp"
    stream.socket.close()


def test_a_refused_hijack_is_an_api_error(engine: HttpEngine, client: Client) -> None:
    engine.answer("POST", "/containers/x/attach", "No such container: x", 404)
    with pytest.raises(ApiError, match="No such container: x"):
        client.hijack("/containers/x/attach")
