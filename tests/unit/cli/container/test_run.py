"""run against a scripted engine: the order of its requests, its streams and its exit codes."""

import json
import socket
import threading
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from fakes.cli import Pier
from fakes.http_engine import HttpEngine, Request, frame, hijack

OOPS = 'OCI runtime create failed: exec: "x": executable file not found in $PATH'


@dataclass
class Script:
    """What the container does once started, and whether it is."""

    code: int = 0
    failure: str = ""
    output: bytes = frame(1, b"out\n") + frame(2, b"err\n")
    started: threading.Event = field(default_factory=threading.Event)


@pytest.fixture
def container(engine: HttpEngine) -> Script:
    """A container `c` that says one line on each stream when started and exits with `code`."""
    script = Script()

    def attach(_: Request, connection: socket.socket) -> None:
        hijack(connection)
        script.started.wait(10)
        connection.sendall(script.output)

    def wait(_: Request, connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
        script.started.wait(10)
        result = {"StatusCode": script.code, **({"Error": {"Message": script.failure}} if script.failure else {})}
        data = json.dumps(result).encode()
        connection.sendall(b"%x\r\n%b\r\n0\r\n\r\n" % (len(data), data))

    def start(_: Request, connection: socket.socket) -> None:
        script.started.set()
        connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

    engine.answer("POST", "/containers/create", {"Id": "c", "Warnings": ["mind the gap"]}, 201)
    engine.routes["POST", "/containers/c/attach"] = attach
    engine.routes["POST", "/containers/c/wait"] = wait
    engine.routes["POST", "/containers/c/start"] = start
    return script


def test_run_attaches_and_waits_before_it_starts(engine: HttpEngine, container: Script, pier: Pier) -> None:
    container.code = 7
    code, out, err = pier("run", "img", "cmd")
    assert (code, out) == (7, "out\n")
    assert err == "WARNING: mind the gap\nerr\n"
    assert [path for _, path in engine.sent()] == [
        "/containers/create",
        "/containers/c/attach",
        "/containers/c/wait",
        "/containers/c/start",
    ]
    assert engine.last("POST", "/containers/c/attach").query == {"stream": ["1"], "stdout": ["1"], "stderr": ["1"]}
    assert engine.last("POST", "/containers/c/wait").query == {"condition": ["next-exit"]}


def test_run_rm_waits_for_the_removal(engine: HttpEngine, container: Script, pier: Pier) -> None:
    assert pier("run", "--rm", "img")[0] == 0
    assert engine.last("POST", "/containers/c/wait").query == {"condition": ["removed"]}


def test_detached_run_prints_the_id_and_attaches_nothing(engine: HttpEngine, container: Script, pier: Pier) -> None:
    assert pier("run", "-d", "-i", "--name", "n", "img")[:2] == (0, "c\n")
    body = engine.last("POST", "/containers/create").json
    assert (body["AttachStdin"], body["AttachStdout"], body["OpenStdin"], body["StdinOnce"]) == (
        False,
        False,
        True,
        False,
    )
    assert engine.last("POST", "/containers/create").query == {"name": ["n"]}
    assert [path for _, path in engine.sent()] == ["/containers/create", "/containers/c/start"]


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (OOPS, 127),
        ('exec: "/etc": permission denied', 126),
        ('exec: "/etc": is a directory', 126),
        ("stat /nope: no such file or directory", 127),
        ("port is already allocated", 125),
    ],
)
def test_a_failed_start_has_the_code_that_its_text_says(
    engine: HttpEngine, container: Script, pier: Pier, message: str, code: int
) -> None:
    engine.answer("POST", "/containers/c/start", {"message": message}, 400)
    got, out, err = pier("run", "img")
    container.started.set()
    assert (got, out) == (code, "")
    assert f"pier: Error response from daemon: {message}\n\nRun 'pier run --help' for more information\n" in err


def test_a_refused_create_is_125(engine: HttpEngine, container: Script, pier: Pier) -> None:
    engine.answer("POST", "/containers/create", {"message": "bad name"}, 400)
    assert pier("run", "img")[0] == 125
    engine.answer("POST", "/containers/create", {"message": "No such image: img:latest"}, 404)
    assert pier("run", "--pull", "never", "img")[0] == 125


def test_a_failed_wait_is_125(container: Script, pier: Pier) -> None:
    container.failure = "removal failed"
    code, _, err = pier("run", "img")
    assert code == 125
    assert "removal failed" in err


def test_a_missing_image_is_pulled_and_create_tried_again(engine: HttpEngine, container: Script, pier: Pier) -> None:
    calls = []

    def create(_: Request, connection: socket.socket) -> None:
        calls.append(1)
        status, body = (404, {"message": "No such image: img:latest"}) if len(calls) == 1 else (201, {"Id": "c"})
        data = json.dumps(body).encode()
        connection.sendall(
            b"HTTP/1.1 %d X\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%b" % (status, len(data), data)
        )

    engine.routes["POST", "/containers/create"] = create
    engine.answer("POST", "/images/create", '{"status":"Pulling from library/img","id":"latest"}\r\n')
    code, out, err = pier("run", "img")
    assert (code, out) == (0, "out\n")
    assert err == "Unable to find image 'img:latest' locally\nlatest: Pulling from library/img\nerr\n"
    assert engine.last("POST", "/images/create").query == {"fromImage": ["docker.io/library/img"], "tag": ["latest"]}


def test_quiet_pull_says_nothing(engine: HttpEngine, container: Script, pier: Pier) -> None:
    engine.answer("POST", "/images/create", '{"status":"Pulling from library/img","id":"latest"}\r\n')
    code, _, err = pier("run", "--pull", "always", "-q", "img")
    assert (code, err) == (0, "WARNING: mind the gap\nerr\n")


def test_a_failed_pull_is_125(engine: HttpEngine, container: Script, pier: Pier) -> None:
    engine.answer("POST", "/images/create", {"message": "manifest unknown"}, 404)
    code, _, err = pier("run", "--pull", "always", "img")
    assert code == 125
    assert "manifest unknown" in err


@pytest.mark.parametrize(
    ("argv", "code", "message"),
    [
        (["-d", "-a", "stdout", "img"], 1, "conflicting options: cannot specify both --attach and --detach"),
        (["-it", "img"], 1, "the input device is not a TTY"),
        (["--pull", "foo", "img"], 125, "invalid pull option: 'foo'"),
        (["-p", "a:80", "img"], 125, "pier: invalid hostPort: a\n\nRun 'pier run --help' for more information"),
    ],
)
def test_contradictions(
    container: Script, pier: Pier, argv: list[str], code: int, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pier.cli.container.attachment.is_terminal", lambda _: False)
    got, _, err = pier("run", *argv)
    assert got == code
    assert message in err


def test_cidfile_gets_the_id_and_is_never_overwritten(
    engine: HttpEngine, container: Script, pier: Pier, tmp_path: Path
) -> None:
    path = tmp_path / "cid"
    assert pier("run", "-d", "--cidfile", str(path), "img")[0] == 0
    assert path.read_text() == "c"
    code, _, err = pier("run", "-d", "--cidfile", str(path), "img")
    assert code == 125
    assert err.startswith("pier: container ID file found")
    engine.answer("POST", "/containers/create", {"message": "no"}, 400)
    assert pier("run", "-d", "--cidfile", str(tmp_path / "other"), "img")[0] == 125
    assert not (tmp_path / "other").exists()


def test_a_container_that_failed_to_start_is_awaited_when_it_removes_itself(
    engine: HttpEngine, container: Script, pier: Pier
) -> None:
    engine.answer("POST", "/containers/c/start", {"message": OOPS}, 400)
    container.started.set()  # the engine removes it, so wait ends
    assert pier("run", "--rm", "img")[0] == 127
