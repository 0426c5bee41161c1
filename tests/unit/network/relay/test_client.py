"""pierd's side, with real relay processes; what they do with bytes is in test_process.py."""

import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.wait import wait_for

from pier.domain.errors import Unavailable
from pier.network.relay import client as module
from pier.network.relay.client import Relay, Served


@pytest.fixture
def relay(tmp_path: Path) -> Iterator[Relay]:
    made = Relay(tmp_path / "relay.sock", idle=0.2)
    yield made
    made.adopt(())
    made.close()
    wait_for(lambda: not (tmp_path / "relay.sock").exists(), what="the relay has ended")


@pytest.fixture
def server() -> Iterator[int]:
    """A port of 127.0.0.1 where everybody is greeted."""
    listener = socket.create_server(("127.0.0.1", 0))

    def run() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                connection.sendall(b"hello")

    threading.Thread(target=run, daemon=True).start()
    yield int(listener.getsockname()[1])
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()


@pytest.fixture
def sock() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET6) as made:
        made.bind(("::1", 0))
        yield made


def served(sock: socket.socket, port: int) -> Served:
    return Served(sock, "tcp", "127.0.0.1", port)


def greeting(sock: socket.socket) -> bytes:
    with socket.create_connection(sock.getsockname()[:2], timeout=5) as client:
        return client.recv(100)


def pid_of(path: Path) -> int:
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as connection:
        connection.connect(str(path))
        return int.from_bytes(connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)[:4], sys.byteorder)


def test_nothing_runs_before_the_first_port(relay: Relay, tmp_path: Path) -> None:
    relay.stop("never")
    relay.adopt(())
    relay.refresh()
    assert not (tmp_path / "relay.sock").exists()


def test_a_port_is_served_until_it_is_stopped(relay: Relay, sock: socket.socket, server: int) -> None:
    relay.serve("a", served(sock, server))
    assert greeting(sock) == b"hello"
    relay.stop("a")
    address = sock.getsockname()[:2]
    sock.close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address, timeout=5)


def test_it_goes_on_without_pierd_and_the_next_one_takes_over(
    relay: Relay, sock: socket.socket, server: int, tmp_path: Path
) -> None:
    relay.serve("a", served(sock, server))
    with socket.socket(socket.AF_INET6) as other:
        other.bind(("::1", 0))
        relay.serve("gone", served(other, server))
        address = other.getsockname()[:2]
    relay.close()
    assert greeting(sock) == b"hello"
    before = pid_of(tmp_path / "relay.sock")
    relay.serve("a", served(sock, server))
    relay.adopt({"a"})
    assert pid_of(tmp_path / "relay.sock") == before
    assert greeting(sock) == b"hello"
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address, timeout=5)


@pytest.mark.parametrize("noticed_by", ["refresh", "serve"])
def test_one_that_was_killed_is_started_again_and_told_all(
    relay: Relay, sock: socket.socket, server: int, tmp_path: Path, noticed_by: str
) -> None:
    relay.serve("a", served(sock, server))
    os.kill(pid_of(tmp_path / "relay.sock"), signal.SIGKILL)
    with socket.socket(socket.AF_INET6) as other:
        other.bind(("::1", 0))
        if noticed_by == "refresh":
            relay.refresh()
        else:
            relay.serve("b", served(other, server))
            assert greeting(other) == b"hello"
        assert greeting(sock) == b"hello"


def test_one_that_cannot_be_started_is_said(
    sock: socket.socket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_PROGRAM", "raise SystemExit(3)")
    relay = Relay(tmp_path / "relay.sock")
    with pytest.raises(Unavailable, match="ended with code 3"):
        relay.serve("a", served(sock, 1))
    relay.stop("a")
    relay.refresh()
    relay.close()
