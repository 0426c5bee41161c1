"""The hijacked connections of attach and exec, byte by byte, as old and new clients open them."""

import json
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from support.engine import Engine
from support.events import events_since
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
        self.read_until(b"\r\n\r\n")
        reply, _, self.rest = self.rest.partition(b"\r\n\r\n")
        return reply.decode()

    def read_until(self, text: bytes, *, times: int = 1) -> None:
        """Reads until `text` has come so often."""
        while self.rest.count(text) < times:
            data = self.connection.recv(65536)
            assert data, f"closed after {self.rest!r}"
            self.rest += data

    def read_to_end(self) -> bytes:
        """All bytes until the engine closes."""
        pieces = [self.rest]
        while data := self.connection.recv(65536):
            pieces.append(data)
        self.rest = b"".join(pieces)
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
    found, at = [], 0
    while at < len(data):
        stream, length = struct.unpack_from(">BxxxI", data, at)
        found.append((stream, data[at + 8 : at + 8 + length]))
        at += 8 + length
    return found


def created(engine: Engine, image: str, *command: str, **config: object) -> str:
    """A container that is not started."""
    body = {"Image": image, "Cmd": list(command), **config}
    reply = engine.call("POST", "/containers/create", body)
    assert reply.status == 201, reply.body
    return str(reply.json()["Id"])


ALL = "stream=1&stdin=1&stdout=1&stderr=1"


def test_upgraded_attach_is_framed_and_says_so(engine: Engine, image: str) -> None:
    script = "echo out; read line; echo $line >&2"  # two pipes have no common order but by what is said in between
    container_id = created(engine, image, "sh", "-c", script, OpenStdin=True)
    with connected(engine) as raw:
        head = raw.send("POST", f"/v1.51/containers/{container_id}/attach?{ALL}", UPGRADE)
        assert head.splitlines()[0] == "HTTP/1.1 101 UPGRADED"
        assert "Content-Type: application/vnd.docker.multiplexed-stream" in head
        engine.call("POST", f"/containers/{container_id}/start")
        raw.read_until(b"out\n")
        raw.connection.sendall(b"err\n")
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


def test_who_only_writes_is_attached_until_the_process_ends(engine: Engine, image: str) -> None:
    """As with docker-py's attach_socket(params={"stdin": 1, "stream": 1})."""
    container_id = created(engine, image, "sh", "-c", "read x; echo got $x; read y", OpenStdin=True)
    assert engine.call("POST", f"/containers/{container_id}/start").status == 204
    with connected(engine) as raw:
        raw.send("POST", f"/containers/{container_id}/attach?stream=1&stdin=1", UPGRADE)
        raw.connection.settimeout(0.3)
        with pytest.raises(TimeoutError):
            raw.connection.recv(1)
        raw.connection.settimeout(20)
        raw.connection.sendall(b"hello\n")
        wait_for(
            lambda: b"got hello" in engine.call("GET", f"/containers/{container_id}/logs?stdout=1").body, what="echo"
        )
        raw.connection.sendall(b"\n")
        assert raw.read_to_end() == b""


def test_an_exec_that_is_only_written_to_gets_it_all(engine: Engine, image: str) -> None:
    container_id = created(engine, image, "sleep", "100")
    assert engine.call("POST", f"/containers/{container_id}/start").status == 204
    command = ["sh", "-c", "read x; read y; test $x$y = onetwo"]
    body = {"Cmd": command, "AttachStdin": True}
    exec_id = engine.call("POST", f"/containers/{container_id}/exec", body).json()["Id"]
    with connected(engine) as raw:
        raw.send("POST", f"/exec/{exec_id}/start", UPGRADE + "Content-Type: application/json\r\n", b"{}")
        wait_for(lambda: engine.call("GET", f"/exec/{exec_id}/json").json()["Pid"], what="it runs")
        raw.connection.sendall(b"one\n")
        raw.connection.sendall(b"two\n")
        assert raw.read_to_end() == b""
    assert engine.call("GET", f"/exec/{exec_id}/json").json()["ExitCode"] == 0


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


@pytest.mark.parametrize(
    ("start", "has_frames", "size"),
    [
        ({"Tty": True, "ConsoleSize": [57, 123]}, False, b"57 123\r\n"),
        ({}, True, b"40 90\r\n"),  # as docker-py's exec_start does, which then looks for frames
    ],
)
def test_who_starts_an_exec_says_its_size_and_whether_there_are_frames(
    engine: Engine, image: str, start: dict[str, object], has_frames: bool, size: bytes
) -> None:
    engine.docker("run", "-d", "--name", "box", image, "sleep", "100").check()
    request = {"Cmd": ["stty", "size"], "AttachStdout": True, "Tty": True, "ConsoleSize": [40, 90]}
    exec_id = engine.call("POST", "/containers/box/exec", request).json()["Id"]
    with connected(engine) as raw:
        body = json.dumps(start).encode()
        raw.send("POST", f"/v1.51/exec/{exec_id}/start", UPGRADE + "Content-Type: application/json\r\n", body)
        said = raw.read_to_end()
    pieces = frames(said) if has_frames else [(1, said)]  # a terminal may hand on one line in two
    assert ({stream for stream, _ in pieces}, b"".join(data for _, data in pieces)) == ({1}, size)


def test_a_client_that_goes_away_does_not_disturb_the_container(engine: Engine, image: str) -> None:
    container_id = created(engine, image, "sh", "-c", "while :; do echo line; done")
    with connected(engine) as raw:
        raw.send("POST", f"/v1.51/containers/{container_id}/attach?{ALL}", UPGRADE)
        engine.call("POST", f"/containers/{container_id}/start")
        assert raw.connection.recv(10)
    assert engine.call("GET", f"/containers/{container_id}/json").json()["State"]["Running"] is True
    assert engine.call("POST", f"/containers/{container_id}/kill").status == 204


def test_over_a_websocket_bytes_go_both_ways_unframed(engine: Engine, image: str) -> None:
    body = {"OpenStdin": True, "StdinOnce": True, "AttachStdin": True, "AttachStdout": True}
    container_id = created(engine, image, "sh", "-c", "read line; echo got $line; echo err >&2", **body)
    headers = (
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    )
    with connected(engine) as raw:
        head = raw.send("GET", f"/v1.51/containers/{container_id}/attach/ws?{ALL}", headers)
        assert head.startswith("HTTP/1.1 101 Switching Protocols")
        assert "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in head  # RFC 6455, 1.3
        assert engine.call("POST", f"/containers/{container_id}/start").status == 204
        text = bytes(byte ^ 0x55 for byte in b"hello\n")
        raw.connection.sendall(bytes((0x82, 0x80 | len(text))) + b"\x55" * 4 + text)
        seen = b""
        for opcode, payload in messages(raw.read_to_end()):
            if opcode == 2:
                seen += payload
        assert sorted(seen.splitlines()) == [b"err", b"got hello"]


def messages(data: bytes) -> list[tuple[int, bytes]]:
    """(opcode, payload) of short frames from a server."""
    found = []
    while len(data) >= 2:
        length = data[1]
        assert length < 126
        found.append((data[0] & 15, data[2 : 2 + length]))
        data = data[2 + length :]
    return found


@pytest.mark.parametrize("keys", ["", "ctrl-x,x"])
def test_the_server_watches_a_terminals_input_for_the_detach_keys(engine: Engine, image: str, keys: str) -> None:
    container_id = created(engine, image, "cat", Tty=True, OpenStdin=True, AttachStdin=True, AttachStdout=True)
    engine.call("POST", f"/containers/{container_id}/start")
    with connected(engine) as raw:
        raw.send("POST", f"/v1.51/containers/{container_id}/attach?{ALL}&detachKeys={keys}", UPGRADE)
        raw.connection.sendall(b"abc\r")
        raw.read_until(b"abc\r\n", times=2)  # the terminal's echo, and cat's; a line may come in two pieces
        raw.connection.sendall(b"\x18x" if keys else b"\x10\x11")
        assert raw.read_to_end() == b"abc\r\nabc\r\n"
    assert engine.call("GET", f"/containers/{container_id}/json").json()["State"]["Running"] is True
    assert [event["Action"] for event in events_since(engine, 1, container=[container_id], event=["detach"])] == [
        "detach"
    ]


def test_an_exec_detached_by_its_keys_ends_for_the_client(engine: Engine, image: str) -> None:
    engine.docker("run", "-d", "--name", "box", image, "sleep", "100").check()
    request = {"Cmd": ["cat"], "AttachStdin": True, "AttachStdout": True, "Tty": True, "DetachKeys": "ctrl-a"}
    exec_id = engine.call("POST", "/containers/box/exec", request).json()["Id"]
    with connected(engine) as raw:
        body = json.dumps({"Detach": False, "Tty": True}).encode()
        raw.send("POST", f"/v1.51/exec/{exec_id}/start", UPGRADE + "Content-Type: application/json\r\n", body)
        raw.connection.sendall(b"\x01")
        assert b"read escape sequence" in raw.read_to_end()
    shown = engine.call("GET", f"/exec/{exec_id}/json").json()
    assert (shown["Running"], shown["ExitCode"]) == (False, 126)


def test_replay_and_live_output_together_have_every_line_once(engine: Engine, image: str) -> None:
    half, lines = 300_000, 400_000
    script = f"seq {half}; until [ -e /go ]; do usleep 10000; done; seq {half + 1} {lines}"  # it must not end before
    container_id = created(engine, image, "sh", "-c", script)
    engine.call("POST", f"/containers/{container_id}/start")
    wait_for(lambda: engine.call("GET", f"/containers/{container_id}/logs?stdout=1&tail=1").body, what="a first line")
    with connected(engine) as raw:
        raw.send("POST", f"/v1.51/containers/{container_id}/attach?{ALL}&logs=1", UPGRADE)
        engine.docker("exec", "-d", container_id, "touch", "/go").check()
        said = b"".join(data for _, data in frames(raw.read_to_end()))
    assert said == b"".join(b"%d\n" % number for number in range(1, lines + 1))


def test_a_terminal_has_the_size_that_was_asked_for_and_follows_resize(engine: Engine, image: str) -> None:
    script = "trap 'stty size' WINCH; stty size; while :; do sleep 0.05; done"
    host = {"ConsoleSize": [33, 99]}
    container_id = created(engine, image, "sh", "-c", script, Tty=True, OpenStdin=True, HostConfig=host)
    assert engine.call("POST", f"/containers/{container_id}/resize?h=10&w=20").status == 409
    engine.call("POST", f"/containers/{container_id}/start")
    log = f"/containers/{container_id}/logs?stdout=1"
    wait_for(lambda: engine.call("GET", log).body == b"33 99\r\n", what="the first size")
    assert engine.call("POST", f"/containers/{container_id}/resize?h=10&w=20").status == 200
    wait_for(lambda: engine.call("GET", log).body == b"33 99\r\n10 20\r\n", what="the second size")
    assert engine.call("POST", f"/containers/{container_id}/resize?h=x&w=20").status == 400


def test_a_client_that_reads_nothing_does_not_hold_the_container_back(engine: Engine, image: str) -> None:
    lines = 3_000_000
    container_id = created(engine, image, "seq", str(lines))
    with connected(engine) as raw:
        raw.send("POST", f"/v1.51/containers/{container_id}/attach?{ALL}", UPGRADE)
        engine.call("POST", f"/containers/{container_id}/start")
        assert engine.call("POST", f"/containers/{container_id}/wait").json()["StatusCode"] == 0
        said = b"".join(data for _, data in frames(raw.read_to_end()))  # 23 MB: more than any buffer in memory
    assert said == b"".join(b"%d\n" % number for number in range(1, lines + 1))
