"""The hijacked connections of attach and exec, byte by byte, as old and new clients open them."""

import json
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from support.engine import Engine
from support.wait import wait_for

pytestmark = [pytest.mark.root, pytest.mark.containerd]

UPGRADE = "Connection: Upgrade\r\nUpgrade: tcp\r\n"


class Raw:
    """One connection to the socket, spoken to by hand."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.rest = b""

    def send(self, method: str, target: str, headers: str = "", body: bytes = b"", *, also: bytes = b"") -> str:
        """Sends a request, `also` right behind it, and returns the reply's head."""
        head = f"{method} {target} HTTP/1.1\r\nHost: x\r\n{headers}Content-Length: {len(body)}\r\n\r\n"
        self.connection.sendall(head.encode() + body + also)
        while b"\r\n\r\n" not in self.rest:
            data = self.connection.recv(65536)
            assert data, f"closed after {self.rest!r}"
            self.rest += data
        reply, _, self.rest = self.rest.partition(b"\r\n\r\n")
        return reply.decode()

    def read_to_end(self) -> bytes:
        """All bytes until the engine closes."""
        while data := self.connection.recv(65536):
            self.rest += data
        return self.rest


@contextmanager
def connected(engine: Engine) -> Iterator[Raw]:
    """A fresh connection."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(20)
        connection.connect(engine.socket)
        yield Raw(connection)


def frames(data: bytes) -> list[tuple[int, bytes]]:
    """(stream, payload) of each frame."""
    found = []
    while data:
        stream, length = struct.unpack(">BxxxI", data[:8])
        found.append((stream, data[8 : 8 + length]))
        data = data[8 + length :]
    return found


def created(engine: Engine, image: str, *command: str, **config: object) -> str:
    """A container that is not started."""
    body = {"Image": image, "Cmd": list(command), **config}
    reply = engine.call("POST", "/containers/create", body)
    assert reply.status == 201, reply.body
    return str(reply.json()["Id"])


ALL = "stream=1&stdin=1&stdout=1&stderr=1"


def test_upgraded_attach_is_framed_and_says_so(engine: Engine, image: str) -> None:
    container_id = created(engine, image, "sh", "-c", "echo out; sleep 0.2; echo err >&2")
    with connected(engine) as raw:
        head = raw.send("POST", f"/v1.51/containers/{container_id}/attach?{ALL}", UPGRADE)
        assert head.splitlines()[0] == "HTTP/1.1 101 UPGRADED"
        assert "Content-Type: application/vnd.docker.multiplexed-stream" in head
        engine.call("POST", f"/containers/{container_id}/start")
        assert frames(raw.read_to_end()) == [(1, b"out\n"), (2, b"err\n")]


def test_attach_without_upgrade_is_200_and_hijacked_all_the_same(engine: Engine, image: str) -> None:
    container_id = created(engine, image, "echo", "x")
    with connected(engine) as raw:
        head = raw.send("POST", f"/v1.51/containers/{container_id}/attach?{ALL}")
        assert head.splitlines()[0] == "HTTP/1.1 200 OK"
        assert "application/vnd.docker.raw-stream" in head
        assert "transfer-encoding" not in head.lower()
        engine.call("POST", f"/containers/{container_id}/start")
        assert frames(raw.read_to_end()) == [(1, b"x\n")]


def test_a_terminals_stream_is_raw(engine: Engine, image: str) -> None:
    container_id = created(engine, image, "echo", "x", Tty=True)
    with connected(engine) as raw:
        head = raw.send("POST", f"/v1.51/containers/{container_id}/attach?{ALL}", UPGRADE)
        assert "application/vnd.docker.raw-stream" in head
        engine.call("POST", f"/containers/{container_id}/start")
        assert raw.read_to_end() == b"x\r\n"


def test_bytes_sent_with_the_request_reach_the_process(engine: Engine, image: str) -> None:
    container_id = created(engine, image, "cat", OpenStdin=True, StdinOnce=True)
    engine.call("POST", f"/containers/{container_id}/start")
    with connected(engine) as raw:
        raw.send("POST", f"/v1.51/containers/{container_id}/attach?{ALL}", UPGRADE, also=b"EARLY\n")
        raw.connection.shutdown(socket.SHUT_WR)
        assert frames(raw.read_to_end()) == [(1, b"EARLY\n")]


def test_half_close_ends_stdin_once_and_output_goes_on(engine: Engine, image: str) -> None:
    container_id = created(engine, image, "sh", "-c", "wc -c; echo after", OpenStdin=True, StdinOnce=True)
    engine.call("POST", f"/containers/{container_id}/start")
    with connected(engine) as raw:
        raw.send("POST", f"/v1.51/containers/{container_id}/attach?{ALL}", UPGRADE)
        raw.connection.sendall(b"12345")
        raw.connection.shutdown(socket.SHUT_WR)
        assert b"".join(data for _, data in frames(raw.read_to_end())).split() == [b"5", b"after"]


def test_end_of_input_without_stdin_once_ends_the_attach_only(engine: Engine, image: str) -> None:
    container_id = created(engine, image, "cat", OpenStdin=True)
    engine.call("POST", f"/containers/{container_id}/start")
    with connected(engine) as raw:
        raw.send("POST", f"/v1.51/containers/{container_id}/attach?{ALL}", UPGRADE)
        raw.connection.shutdown(socket.SHUT_WR)
        raw.read_to_end()
    assert engine.call("GET", f"/containers/{container_id}/json").json()["State"]["Running"] is True


def test_every_attached_client_gets_all_output(engine: Engine, image: str) -> None:
    container_id = created(engine, image, "seq", "1", "5000")
    expected = "".join(f"{n}\n" for n in range(1, 5001)).encode()
    with connected(engine) as first, connected(engine) as second:
        for raw in (first, second):
            raw.send("POST", f"/v1.51/containers/{container_id}/attach?{ALL}", UPGRADE)
        engine.call("POST", f"/containers/{container_id}/start")
        for raw in (first, second):
            assert b"".join(data for _, data in frames(raw.read_to_end())) == expected


def test_logs_are_replayed_before_the_live_stream(engine: Engine, image: str) -> None:
    container_id = created(engine, image, "sh", "-c", "echo early; while [ ! -e /go ]; do sleep 0.05; done; echo late")
    engine.call("POST", f"/containers/{container_id}/start")
    wait_for(lambda: "early" in engine.docker("logs", container_id).stdout, what="a first line")
    with connected(engine) as raw:
        raw.send("POST", f"/v1.51/containers/{container_id}/attach?{ALL}&logs=1", UPGRADE)
        engine.docker("exec", container_id, "touch", "/go")
        assert b"".join(data for _, data in frames(raw.read_to_end())) == b"early\nlate\n"


def test_attach_errors_come_as_text_on_the_connection(engine: Engine) -> None:
    with connected(engine) as raw:
        head = raw.send("POST", f"/v1.51/containers/nobody/attach?{ALL}", UPGRADE)
        assert head.splitlines()[0] == "HTTP/1.1 404 Not Found"
        assert b"No such container: nobody" in raw.read_to_end()


def test_exec_is_hijacked_with_its_own_headers(engine: Engine, image: str) -> None:
    engine.docker("run", "-d", "--name", "box", image, "sleep", "100").check()
    request = {"Cmd": ["cat"], "AttachStdin": True, "AttachStdout": True, "AttachStderr": True}
    exec_id = engine.call("POST", "/containers/box/exec", request).json()["Id"]
    with connected(engine) as raw:
        body = json.dumps({"Detach": False, "Tty": False}).encode()
        headers = UPGRADE + "Content-Type: application/json\r\n"
        head = raw.send("POST", f"/v1.51/exec/{exec_id}/start", headers, body)
        assert head.startswith("HTTP/1.1 101 UPGRADED")
        assert "Api-Version: 1.51" in head
        raw.connection.sendall(b"abc")
        raw.connection.shutdown(socket.SHUT_WR)
        assert frames(raw.read_to_end()) == [(1, b"abc")]
    facts = engine.call("GET", f"/exec/{exec_id}/json").json()
    assert (facts["Running"], facts["ExitCode"]) == (False, 0)


def test_a_client_that_goes_away_does_not_disturb_the_container(engine: Engine, image: str) -> None:
    container_id = created(engine, image, "sh", "-c", "while :; do echo line; done")
    with connected(engine) as raw:
        raw.send("POST", f"/v1.51/containers/{container_id}/attach?{ALL}", UPGRADE)
        engine.call("POST", f"/containers/{container_id}/start")
        assert raw.connection.recv(10)
    assert engine.call("GET", f"/containers/{container_id}/json").json()["State"]["Running"] is True
    assert engine.call("POST", f"/containers/{container_id}/kill").status == 204
