import pytest


@pytest.fixture
def no_terminal(monkeypatch):
    monkeypatch.setattr("pier.cli.image.archive.is_terminal", lambda _: False)


def test_load_sends_the_file(engine, pier, tmp_path, no_terminal):
    (tmp_path / "in").write_bytes(b"tar" * 1000)
    engine.answer("POST", "/images/load", '{"stream":"Loaded image: x:1\\n"}\r\n')
    assert pier("load", "-i", str(tmp_path / "in")) == (0, "Loaded image: x:1\n", "")
    request = engine.last("POST", "/images/load")
    assert (request.body, request.query) == (b"tar" * 1000, {"quiet": ["1"]})
    assert request.headers["content-type"] == "application/x-tar"


def test_load_failures(engine, pier, tmp_path, no_terminal, monkeypatch):
    assert pier("load", "-i", "/nope") == (1, "", "open /nope: no such file or directory\n")
    (tmp_path / "in").write_bytes(b"x")
    engine.answer("POST", "/images/load", '{"errorDetail":{"message":"no tar"},"error":"no tar"}\r\n')
    assert pier("load", "-i", str(tmp_path / "in")) == (1, "", "no tar\n")
    monkeypatch.setattr("pier.cli.image.archive.is_terminal", lambda _: True)
    assert pier("load")[0] == 1
    assert pier("save", "x")[0] == 1


def test_save_to_a_file_and_to_stdout(engine, pier, tmp_path, no_terminal):
    engine.answer("GET", "/images/get", b"tartar")
    target = tmp_path / "out"
    assert pier("save", "-o", str(target), "a", "b") == (0, "", "")
    assert target.read_bytes() == b"tartar"
    assert engine.last("GET", "/images/get").query == {"names": ["a", "b"]}
    assert pier("save", "a") == (0, "tartar", "")


def test_a_save_that_fails_leaves_no_file(engine, pier, tmp_path, no_terminal):
    def cut(_, connection):
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc")

    engine.routes["GET", "/images/get"] = cut
    before = sorted(tmp_path.iterdir())
    assert pier("save", "-o", str(tmp_path / "out"), "a")[0] == 1
    assert sorted(tmp_path.iterdir()) == before
    assert pier("save", "-o", str(tmp_path / "no/out"), "a")[0] == 1
