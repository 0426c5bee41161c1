import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest

from pier.client.address import parse_address
from pier.client.connection import Connection
from pier.client.errors import EngineUnreachable, ProtocolError


class Connect(Protocol):
    """Connects to a peer that sends the given pieces one by one, then closes: the connection, and what the peer got."""

    def __call__(self, *pieces: bytes) -> tuple[Connection, list[bytes]]: ...


@pytest.fixture
def connect(tmp_path: Path) -> Iterator[Connect]:
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(tmp_path / "s"))
    listener.listen()
    threads = []

    def make(*pieces: bytes) -> tuple[Connection, list[bytes]]:
        got: list[bytes] = []

        def serve() -> None:
            peer, _ = listener.accept()
            with peer:
                got.append(peer.recv(65536))
                for piece in pieces:
                    peer.sendall(piece)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        threads.append(thread)
        connection = Connection(parse_address(f"unix://{tmp_path / 's'}"))
        connection.send_request("GET", "/x", [("A", "b")])
        return connection, got

    yield make
    for thread in threads:
        thread.join(5)
    listener.close()


def test_body_by_length_split_over_packets(connect: Connect) -> None:
    connection, got = connect(b"HTTP/1.1 200 O", b"K\r\nContent-Le", b"ngth: 5\r\n\r\nab", b"cde")
    response = connection.read_response()
    assert (response.status, response.reason, response.read()) == (200, "OK", b"abcde")
    assert response.reusable()
    assert got[0].startswith(b"GET /x HTTP/1.1\r\nHost: localhost\r\n")
    assert b"\r\nA: b\r\n" in got[0]


def test_body_by_chunks_with_extension_and_trailer(connect: Connect) -> None:
    connection, _ = connect(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nab", b"c\r\n2\r\nde\r\n0\r\nT: v\r\n\r\n"
    )
    response = connection.read_response()
    assert response.read() == b"abcde"
    assert response.reusable()


def test_body_until_close(connect: Connect) -> None:
    connection, _ = connect(b"HTTP/1.1 200 OK\r\n\r\nab", b"cd")
    response = connection.read_response()
    assert response.read() == b"abcd"
    assert not response.reusable()


def test_lines_are_cut_across_chunks_and_blank_ones_left_out(connect: Connect) -> None:
    connection, _ = connect(b"HTTP/1.1 200 OK\r\n\r\n{1}\r\n{2", b"}\r\n\r\n{3}")
    assert [line.strip() for line in connection.read_response().lines()] == [b"{1}", b"{2}", b"{3}"]


def test_interim_answer_is_skipped(connect: Connect) -> None:
    connection, _ = connect(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n")
    response = connection.read_response()
    assert (response.status, response.read()) == (204, b"")


def test_answer_to_head_has_no_body(connect: Connect) -> None:
    connection, _ = connect(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n")
    assert connection.read_response(to_head=True).read() == b""


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b"SSH-2.0-x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
    ],
)
def test_broken_answers_are_protocol_errors(connect: Connect, answer: bytes) -> None:
    connection, _ = connect(answer)
    with pytest.raises(ProtocolError):
        connection.read_response().read()


def test_early_bytes_of_a_hijacked_stream_are_kept(connect: Connect) -> None:
    connection, _ = connect(b"HTTP/1.1 101 UPGRADED\r\nUpgrade: tcp\r\n\r\nEARLY")
    response = connection.read_response()
    assert response.status == 101
    assert connection.has_buffered()
    assert connection.buffered() == b"EARLY"
    assert not connection.has_buffered()


def test_a_connection_that_the_peer_closed_is_stale(connect: Connect) -> None:
    connection, _ = connect(b"HTTP/1.1 204 X\r\n\r\n")
    connection.read_response()
    connection.socket.settimeout(5)
    connection.socket.recv(1)  # the close has arrived
    assert connection.is_stale()


def test_nobody_listening_names_the_address(tmp_path: Path) -> None:
    with pytest.raises(EngineUnreachable, match=r"the Pier daemon at unix:///nope\. Is pierd running"):
        Connection(parse_address("unix:///nope"))
    with pytest.raises(EngineUnreachable, match=r"tcp://127\.0\.0\.1:1\."):
        Connection(parse_address("tcp://127.0.0.1:1"))


def test_tcp_works_too() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        connection = Connection(parse_address(f"tcp://127.0.0.1:{listener.getsockname()[1]}"))
        peer, _ = listener.accept()
        with peer:
            connection.send_request("GET", "/")
            assert b"Host: 127.0.0.1\r\n" in peer.recv(4096)
        connection.close()
