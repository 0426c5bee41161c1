"""The relay process itself, spoken to as `client` does, on this host's loopback."""

import contextlib
import os
import resource
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.timing import busy_seconds
from support.wait import wait_for

from pier.network.relay.client import command

_PATIENCE = 5.0


class Running:
    """A relay and a connection to it; `pid` is the background process."""

    def __init__(self, directory: Path, idle: float) -> None:
        self.path = str(directory / "relay.sock")
        self.started = subprocess.run(command(self.path, idle), check=False, timeout=20).returncode
        self.connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.connection.settimeout(_PATIENCE)
        self.connection.connect(self.path)
        credentials = self.connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
        self.pid = int.from_bytes(credentials[:4], sys.byteorder)

    def ask(self, request: str, *descriptors: int) -> str:
        socket.send_fds(self.connection, [request.encode()], descriptors)
        return self.connection.recv(65536).decode()

    def serve(self, name: str, protocol: str, port: int) -> int:
        """Serves a new port of ::1 for a port of 127.0.0.1; the new port."""
        kind = socket.SOCK_DGRAM if protocol == "udp" else socket.SOCK_STREAM
        with socket.socket(socket.AF_INET6, kind) as sock:
            sock.bind(("::1", 0))
            assert self.ask(f"serve {name} {protocol} 127.0.0.1 {port}", sock.fileno()) == "ok"
            return int(sock.getsockname()[1])

    def is_gone(self) -> bool:
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return True
        return Path(f"/proc/{self.pid}/stat").read_text().split()[2] == "Z"


def with_a_past(sock: socket.socket) -> None:
    """Leaves a connection of before in TIME_WAIT at the address that `sock` is to be bound to next."""
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as listener:
        with socket.create_connection(listener.getsockname()[:2]) as client:
            listener.accept()[0].close()  # who closes first waits
            assert client.recv(1) == b""
        address = listener.getsockname()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(address)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)  # as pier/network/ports.py holds one


@pytest.fixture
def relay(tmp_path: Path) -> Iterator[Running]:
    running = Running(tmp_path, 60)
    yield running
    running.connection.close()
    os.kill(running.pid, signal.SIGKILL)


def upstream(work: Callable[[socket.socket], object]) -> int:
    """A TCP server on 127.0.0.1 that hands one connection to `work`."""
    listener = socket.create_server(("127.0.0.1", 0))

    def run() -> None:
        with listener:
            connection, _ = listener.accept()
            with connection:
                work(connection)

    threading.Thread(target=run, daemon=True).start()
    return int(listener.getsockname()[1])


def read_all(connection: socket.socket) -> bytes:
    with connection.makefile("rb") as file:
        return file.read()


def test_a_port_is_served_that_had_connections_a_moment_ago(relay: Running) -> None:
    port = upstream(lambda connection: connection.sendall(b"hello"))
    with socket.socket(socket.AF_INET6) as sock:
        with_a_past(sock)
        assert relay.ask(f"serve a tcp 127.0.0.1 {port}", sock.fileno()) == "ok"
        with socket.create_connection(sock.getsockname()[:2], timeout=20) as client:
            assert read_all(client) == b"hello"


def test_bytes_go_both_ways_and_each_half_ends_by_itself(relay: Running) -> None:
    data = os.urandom(3 << 20)
    heard: list[bytes] = []

    def work(connection: socket.socket) -> None:
        heard.append(read_all(connection))  # until the client has ended its half
        connection.sendall(data)

    port = relay.serve("a", "tcp", upstream(work))
    with socket.create_connection(("::1", port), timeout=_PATIENCE) as client:
        client.sendall(data[::-1])
        client.shutdown(socket.SHUT_WR)
        assert read_all(client) == data
    assert heard == [data[::-1]]


def test_connections_that_have_ended_do_not_block_the_port(relay: Running) -> None:
    port = relay.serve("a", "tcp", upstream(lambda connection: connection.sendall(b"bye")))
    with pytest.raises(OSError, match="in use"):
        socket.create_server(("::1", port), family=socket.AF_INET6)
    with socket.create_connection(("::1", port), timeout=_PATIENCE) as client:
        assert read_all(client) == b"bye"  # the relay closes first, and waits for late segments then
    assert relay.ask("stop a") == "ok"
    socket.create_server(("::1", port), family=socket.AF_INET6).close()


def test_who_waits_for_one_side_does_not_hold_up_others(relay: Running) -> None:
    ended = threading.Event()

    def swallow(connection: socket.socket) -> None:
        ended.wait(_PATIENCE)  # takes nothing until then
        connection.sendall(b"%d" % len(read_all(connection)))

    slow = relay.serve("slow", "tcp", upstream(swallow))
    quick = relay.serve("quick", "tcp", upstream(lambda connection: connection.sendall(b"here")))
    with socket.create_connection(("::1", slow), timeout=_PATIENCE) as stuck:
        stuck.setblocking(False)
        sent = 0
        with contextlib.suppress(BlockingIOError):
            while True:  # until every buffer on the way is full
                sent += stuck.send(bytes(1 << 20))
        with socket.create_connection(("::1", quick), timeout=_PATIENCE) as client:
            assert read_all(client) == b"here"
        ended.set()
        stuck.settimeout(_PATIENCE)
        stuck.shutdown(socket.SHUT_WR)
        assert read_all(stuck) == b"%d" % sent


def test_a_client_that_breaks_off_takes_the_connection_along(relay: Running) -> None:
    gone = threading.Event()

    def work(connection: socket.socket) -> None:
        with contextlib.suppress(OSError):
            read_all(connection)
            while True:
                connection.sendall(bytes(1 << 16))
        gone.set()

    port = relay.serve("a", "tcp", upstream(work))
    client = socket.create_connection(("::1", port), timeout=_PATIENCE)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # close() resets
    client.close()
    assert gone.wait(_PATIENCE)


def test_it_is_small(relay: Running) -> None:
    sizes = Path(f"/proc/{relay.pid}/smaps_rollup").read_text()
    (anonymous,) = [int(line.split()[1]) for line in sizes.splitlines() if line.startswith("Pss_Anon:")]
    assert anonymous < 7_000  # kB; with asyncio it had 11,000


def test_a_container_that_does_not_answer_closes_the_client(relay: Running) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = relay.serve("a", "tcp", closed.getsockname()[1])
        with socket.create_connection(("::1", port), timeout=_PATIENCE) as client:
            assert read_all(client) == b""


def test_datagrams_find_their_way_back_to_each_client(relay: Running) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.settimeout(_PATIENCE)
        server.bind(("127.0.0.1", 0))
        port = relay.serve("a", "udp", server.getsockname()[1])
        clients = [socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) for _ in range(3)]
        for number, client in enumerate(clients):
            client.settimeout(_PATIENCE)
            client.connect(("::1", port))
            client.send(b"%d" % number)
        for _ in clients:
            data, peer = server.recvfrom(100)
            server.sendto(b"answer to " + data, peer)
        for number, client in enumerate(clients):
            assert client.recv(100) == b"answer to %d" % number
            client.close()


def test_the_same_again_keeps_the_socket_another_target_takes_a_new_one(relay: Running) -> None:
    def greet(connection: socket.socket) -> None:
        connection.sendall(b"hello")

    first = upstream(greet)
    port = relay.serve("a", "tcp", first)
    unused = relay.serve("a", "tcp", first)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("::1", unused), timeout=_PATIENCE)
    with socket.create_connection(("::1", port), timeout=_PATIENCE) as client:
        assert read_all(client) == b"hello"
    moved = relay.serve("a", "tcp", upstream(greet))
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("::1", port), timeout=_PATIENCE)
    with socket.create_connection(("::1", moved), timeout=_PATIENCE) as client:
        assert read_all(client) == b"hello"


def test_names_are_listed_and_stopped(relay: Running) -> None:
    ports = [relay.serve(name, protocol, 9) for name, protocol in (("b", "tcp"), ("a", "udp"), ("c", "tcp"))]
    assert relay.ask("list") == "ok a\nb\nc"
    assert relay.ask("stop a\nb\nnever") == "ok"
    assert relay.ask("list") == "ok c"
    with socket.socket(socket.AF_INET6) as sock:
        sock.bind(("::1", ports[0]))


@pytest.mark.parametrize("request_", ["", "nonsense", "serve a tcp 127.0.0.1 80", "serve a tcp 127.0.0.1", "serve a"])
def test_what_it_does_not_understand_is_refused(relay: Running, request_: str) -> None:
    assert relay.ask(request_ or " ").startswith("no ")
    assert relay.ask("list") == "ok "


def test_it_does_not_spin_while_no_descriptor_is_free(relay: Running) -> None:
    assert relay.ask("list") == "ok "  # it has accepted this connection
    soft, hard = resource.prlimit(relay.pid, resource.RLIMIT_NOFILE)
    used = len(os.listdir(f"/proc/{relay.pid}/fd"))
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as waiting:
        resource.prlimit(relay.pid, resource.RLIMIT_NOFILE, (used, hard))
        waiting.connect(relay.path)
        assert relay.ask("list") == "ok "
        before = busy_seconds(relay.pid)
        time.sleep(0.5)
        assert busy_seconds(relay.pid) - before < 0.1
        resource.prlimit(relay.pid, resource.RLIMIT_NOFILE, (soft, hard))
        waiting.settimeout(_PATIENCE)
        waiting.send(b"list")
        assert waiting.recv(100) == b"ok "


def test_a_second_one_does_not_take_its_place(relay: Running) -> None:
    assert subprocess.run(command(relay.path, 60), check=False, timeout=20, stderr=subprocess.DEVNULL).returncode == 1
    assert relay.ask("list") == "ok "


def test_it_ends_when_nobody_needs_it(tmp_path: Path) -> None:
    running = Running(tmp_path, 0.2)
    port = running.serve("a", "tcp", 9)
    running.connection.close()
    socket.create_connection(("::1", port), timeout=_PATIENCE).close()
    assert not running.is_gone()
    again = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    again.connect(running.path)
    again.send(b"stop a")
    assert again.recv(100) == b"ok"
    again.close()
    wait_for(running.is_gone, what="the relay has ended")
    assert not Path(running.path).exists()
