import socket
from pathlib import Path

import pytest
from fakes.cli import Pier
from fakes.http_engine import HttpEngine, Request


@pytest.fixture
def no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pier.cli.image.archive.is_terminal", lambda _: False)


def test_load_sends_the_file(engine: HttpEngine, pier: Pier, tmp_path: Path, no_terminal: None) -> None:
    (tmp_path / "in").write_bytes(b"tar" * 1000)
    engine.answer("POST", "/images/load", '{"stream":"Loaded image: x:1\\n"}\r\n')
    assert pier("load", "-i", str(tmp_path / "in")) == (0, "Loaded image: x:1\n", "")
    request = engine.last("POST", "/images/load")
    assert (request.body, request.query) == (b"tar" * 1000, {"quiet": ["1"]})
    assert request.headers["content-type"] == "application/x-tar"


def test_load_failures(
    engine: HttpEngine, pier: Pier, tmp_path: Path, no_terminal: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert pier("load", "-i", "/nope") == (1, "", "open /nope: no such file or directory\n")
    (tmp_path / "in").write_bytes(b"x")
    engine.answer("POST", "/images/load", '{"errorDetail":{"message":"no tar"},"error":"no tar"}\r\n')
    assert pier("load", "-i", str(tmp_path / "in")) == (1, "", "no tar\n")
    monkeypatch.setattr("pier.cli.image.archive.is_terminal", lambda _: True)
    assert pier("load")[0] == 1
    assert pier("save", "x")[0] == 1


def test_save_to_a_file_and_to_stdout(engine: HttpEngine, pier: Pier, tmp_path: Path, no_terminal: None) -> None:
    engine.answer("GET", "/images/get", b"tartar")
    target = tmp_path / "out"
    assert pier("save", "-o", str(target), "a", "b") == (0, "", "")
    assert target.read_bytes() == b"tartar"
    assert engine.last("GET", "/images/get").query == {"names": ["a", "b"]}
    assert pier("save", "a") == (0, "tartar", "")


def test_a_save_that_fails_leaves_no_file(engine: HttpEngine, pier: Pier, tmp_path: Path, no_terminal: None) -> None:
    def cut(_: Request, connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc")

    engine.routes["GET", "/images/get"] = cut
    before = sorted(tmp_path.iterdir())
    assert pier("save", "-o", str(tmp_path / "out"), "a")[0] == 1
    assert sorted(tmp_path.iterdir()) == before
    assert pier("save", "-o", str(tmp_path / "no/out"), "a")[0] == 1
