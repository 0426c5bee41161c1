import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from benchmark.client import Conn, arena, read_stream
from benchmark.marks import CheckFailed

Peer = Callable[..., Conn]


@pytest.fixture
def peer(tmp_path: Path) -> Iterator[Peer]:
    """A connection to a peer that sends these pieces once it was asked, then hangs up."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(tmp_path / "s"))
    listener.listen()
    threads: list[threading.Thread] = []

    def serve(pieces: tuple[bytes, ...]) -> None:
        sock, _ = listener.accept()
        with sock:
            sock.recv(65536)
            for piece in pieces:
                sock.sendall(piece)

    def connect(*pieces: bytes) -> Conn:
        threads.append(threading.Thread(target=serve, args=(pieces,), daemon=True))
        threads[-1].start()
        return Conn(str(tmp_path / "s"), timeout=5)

    yield connect
    for thread in threads:
        thread.join(5)
    listener.close()


def test_reply_by_length(peer: Peer) -> None:
    conn = peer(b"HTTP/1.1 200 OK\r\nContent-", b"Length: 4\r\n\r\n[1", b"2]")
    conn.send("GET", "/x")
    reply = conn.receive("GET")
    assert (reply.status, reply.json()) == (200, [12])


def test_reply_by_chunks(peer: Peer) -> None:
    conn = peer(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n", b"1\r\nc\r\n0\r\n\r\n")
    conn.send("POST", "/x", b"body")
    assert conn.receive("POST").body == b"abc"


def test_reply_without_a_body(peer: Peer) -> None:
    conn = peer(b"HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\n")
    conn.send("HEAD", "/x")
    assert conn.receive("HEAD").headers == {"content-length": "40"}


def test_a_reply_cut_short(peer: Peer) -> None:
    conn = peer(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n[1")
    conn.send("GET", "/x")
    with pytest.raises(ConnectionResetError):
        conn.receive("GET")


def test_stream_to_the_end(peer: Peer) -> None:
    conn = peer(b"HTTP/1.1 101 X\r\nUpgrade: tcp\r\n\r\n", b"early", b" late")
    conn.send("POST", "/attach")
    opened: list[bool] = []
    stream = read_stream(conn, "POST /attach", on_open=lambda: opened.append(True))
    assert (stream.reply.status, stream.reply.body, opened) == (101, b"early late", [True])
    assert stream.sent <= stream.opened <= stream.first <= stream.ended


def test_stream_in_chunks(peer: Peer) -> None:
    conn = peer(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n")
    conn.send("GET", "/logs")
    assert read_stream(conn, "GET /logs").reply.body == b"ab"


@pytest.mark.parametrize("said", [b"HTTP/1.1 404 X\r\n\r\nno such", b"HTTP/1.1 2"])
def test_a_stream_that_was_refused(peer: Peer, said: bytes) -> None:
    conn = peer(said)
    conn.send("GET", "/logs")
    with pytest.raises(CheckFailed, match="GET /logs"):
        read_stream(conn, "GET /logs")


def test_the_arena_only_grows() -> None:
    size = len(arena(1000))
    view = memoryview(arena())
    assert len(arena(10)) == size >= 1000
    assert len(arena(size + 1)) == size + 1  # also while the smaller one is in use
    assert len(view) == size
