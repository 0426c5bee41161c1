"""A private network namespace that plays the host, with servers and clients in it and in namespaces beside it.

Everything runs in threads that entered a namespace, so the real host's links and packet rules are never touched.
"""

import asyncio
import contextlib
import os
import socket
import subprocess
import threading
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any, Self, TypeVar

from pier.network.netns import NetnsDirectory, enter, in_thread

T = TypeVar("T")
_KINDS = {
    "tcp": (socket.SOCK_STREAM, 0),
    "udp": (socket.SOCK_DGRAM, 0),
    "sctp": (socket.SOCK_STREAM, socket.IPPROTO_SCTP),
}
_PATIENCE = 5.0  # seconds in which an answer must come
_SILENCE = 0.4  # seconds without an answer that count as "not reachable"


class Place:
    """Somewhere to stand: a network namespace, by an open descriptor."""

    def __init__(self, name: str, netns: int) -> None:
        self.name = name
        self.netns = netns
        self._servers: list[Server] = []

    def do(self, work: Callable[[], T]) -> T:
        """Runs blocking work in a thread inside."""

        def inside() -> T:
            enter(self.netns)
            return work()

        return in_thread(inside)

    def sh(self, command: str) -> str:
        """Runs shell commands inside; they must succeed."""
        done = self.do(lambda: subprocess.run(["sh", "-ec", command], capture_output=True, text=True, check=False))
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done.stdout

    def serve(self, port: int, *, protocol: str = "tcp", address: str = "0.0.0.0") -> None:
        """Answers every client with `<name of this place> <the client's address as seen from here>`."""
        self._servers.append(Server(self, port, protocol, address))

    def ask(self, address: str, port: int, *, protocol: str = "tcp", patience: float = _PATIENCE) -> str | None:
        """What a server answers, or None when it is not reachable."""
        return self.do(lambda: _ask(address, port, protocol, patience))

    def cannot_reach(self, address: str, port: int, *, protocol: str = "tcp") -> bool:
        return self.ask(address, port, protocol=protocol, patience=_SILENCE) is None

    @contextlib.contextmanager
    def udp_client(self, address: str, port: int) -> Iterator["UdpClient"]:
        """A client that keeps one socket, and so one flow."""
        client = self.do(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        with client:
            client.settimeout(_PATIENCE)
            client.connect((address, port))
            yield UdpClient(client)

    def close(self) -> None:
        for server in self._servers:
            server.close()
        self._servers.clear()
        os.close(self.netns)


class UdpClient:
    def __init__(self, client: socket.socket) -> None:
        self._socket = client

    def ask(self) -> str:
        self._socket.send(b"?")
        return self._socket.recv(100).decode()


class Server:
    def __init__(self, place: Place, port: int, protocol: str, address: str) -> None:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self._socket = place.do(lambda: socket.socket(family, *_KINDS[protocol]))
        if family == socket.AF_INET6:
            self._socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind((address, port))
        if protocol != "udp":
            self._socket.listen(64)
        work = self._serve_udp if protocol == "udp" else self._serve_tcp
        self._thread = threading.Thread(target=work, args=(place.name,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(timeout=5)

    def _serve_tcp(self, name: str) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, peer = self._socket.accept()
                with connection, contextlib.suppress(OSError):
                    connection.sendall(f"{name} {peer[0]}".encode())

    def _serve_udp(self, name: str) -> None:
        with contextlib.suppress(OSError):
            while True:
                data, peer = self._socket.recvfrom(100)
                if not data:  # shut down
                    return
                self._socket.sendto(f"{name} {peer[0]}".encode(), peer)


class Lab(Place):
    """The namespace that plays the host, with an event loop in it for the adapter under test."""

    def __init__(self, directory: Path) -> None:
        self._directory = NetnsDirectory(directory / "lab")
        self._directory.create("host", {})
        super().__init__("host", os.open(self._directory.path("host"), os.O_RDONLY | os.O_CLOEXEC))
        self.sh(
            "echo 1 > /proc/sys/net/ipv4/ip_forward"
        )  # whatever the real host has, which is what a netns starts with
        self.places: list[Place] = []
        ready: Future[asyncio.AbstractEventLoop] = Future()
        self._thread = threading.Thread(target=self._run_loop, args=(ready,), daemon=True)
        self._thread.start()
        self._loop = ready.result()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for place in self.places:
            place.close()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=10)
        self.close()
        for name in self._directory.list_ids():
            self._directory.drop(name)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Runs a coroutine on the loop inside."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=60)

    def begin(self, work: Coroutine[Any, Any, T]) -> "Future[T]":
        """Starts a coroutine on the loop inside; cancel the future to end it."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def place(self, name: str, path: str) -> Place:
        """A place in the namespace bound at `path`, such as a container's."""
        self.places.append(Place(name, os.open(path, os.O_RDONLY | os.O_CLOEXEC)))
        return self.places[-1]

    def leave(self, place: Place) -> None:
        """Closes a place, which else keeps its namespace alive."""
        self.places.remove(place)
        place.close()

    def neighbour(self, name: str, subnet: int) -> Place:
        """Another machine, 10.9.<subnet>.2, on a wire to this host, which is 10.9.<subnet>.1 and its router."""
        path = self._directory.create(name, {})
        wire = f"wire{subnet}"
        self.sh(f"ip link add {wire} type veth peer name {wire}b")
        place = self.place(name, str(path))
        pid_path = f"/proc/{os.getpid()}/fd/{place.netns}"
        self.sh(f"ip link set {wire}b netns {pid_path}")
        self.sh(f"ip addr add 10.9.{subnet}.1/24 dev {wire}; ip link set {wire} up")
        place.sh(f"ip addr add 10.9.{subnet}.2/24 dev {wire}b; ip link set {wire}b up")
        place.sh(f"ip route add default via 10.9.{subnet}.1")
        return place

    def _run_loop(self, ready: "Future[asyncio.AbstractEventLoop]") -> None:
        enter(self.netns)
        loop = asyncio.new_event_loop()
        loop.call_soon(ready.set_result, loop)
        loop.run_forever()
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()


def _ask(address: str, port: int, protocol: str, patience: float) -> str | None:
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, *_KINDS[protocol]) as client:
        client.settimeout(patience)
        try:
            client.connect((address, port))
            if protocol == "udp":
                client.send(b"?")
            return client.recv(100).decode() or None
        except OSError:
            return None
