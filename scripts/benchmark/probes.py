"""The clocks' other ends: published ports over loopback, and many requests on kept-alive connections."""

import select
import socket
import time
from dataclasses import dataclass, field

from benchmark.client import Conn, arena
from benchmark.engine import Engine
from benchmark.framing import is_whole, request_head
from benchmark.marks import expect, now


def free_port() -> int:
    """A TCP port that nothing listens on now."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def fetch(port: int, path: str = "/index.html") -> int:
    """Bytes of a GET over loopback, headers included; raises OSError unless it is a 200."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as sock:
        sock.sendall(f"GET {path} HTTP/1.0\r\n\r\n".encode())
        view, size = memoryview(arena()), 0
        while got := sock.recv_into(view[size : size + 1_048_576]):
            size += got
    if b" 200 " not in bytes(view[: min(size, 20)]):
        raise ConnectionError("no 200")
    return size


def await_http(port: int, seconds: float = 15.0) -> None:
    """Asks every millisecond until the port answers with 200; CheckFailed after so many seconds."""
    deadline = now() + seconds
    while True:
        try:
            fetch(port)
            return
        except OSError as error:
            expect(now() < deadline, f"port {port} never answered: {error}")
            time.sleep(0.001)


@dataclass
class Hammer:
    """GETs of one path on kept-alive connections, from one thread with epoll: the engine is measured, not the GIL."""

    engine: Engine
    path: str
    latencies: list[float] = field(default_factory=list)  # milliseconds

    def run(self, conns: int, count: int, limit: float) -> float:
        """Sends up to `count` requests for at most `limit` seconds, one at a time on each connection; requests/s."""
        message = request_head("GET", self.path, None, {})
        opened = {conn.sock.fileno(): conn for conn in (Conn(self.engine.sock) for _ in range(conns))}
        asked: dict[int, float] = {}
        data = {descriptor: bytearray() for descriptor in opened}
        began = now()
        with select.epoll() as poll:
            for descriptor, conn in opened.items():
                poll.register(descriptor, select.EPOLLIN)
                asked[descriptor] = now()
                conn.sock.sendall(message)
            while asked:
                events = poll.poll(60)
                expect(events, f"GET {self.path}: no answer in 60 s")
                for descriptor, _ in events:
                    if not self._take(opened[descriptor], data[descriptor]):
                        continue
                    self.latencies.append((now() - asked.pop(descriptor)) * 1000)
                    data[descriptor].clear()
                    if len(self.latencies) + len(asked) < count and now() - began < limit:
                        asked[descriptor] = now()
                        opened[descriptor].sock.sendall(message)
        rate = len(self.latencies) / (now() - began)
        for conn in opened.values():
            conn.close()
        return rate

    def _take(self, conn: Conn, data: bytearray) -> bool:
        """Reads what came on a connection; whether its reply is whole now."""
        got = conn.sock.recv(262144)
        expect(got, f"GET {self.path}: connection closed")
        data += got
        end = data.find(b"\r\n\r\n")
        if end < 0 or not is_whole(data, end):
            return False
        expect(data.startswith(b"HTTP/1.1 200"), f"GET {self.path}: {bytes(data[:60])!r}")
        return True


def hammer(engine: Engine, path: str, conns: int, count: int, limit: float) -> tuple[list[float], float]:
    """Latencies in ms, and requests/s, of GETs of `path`; see Hammer.run."""
    probe = Hammer(engine, path)
    rate = probe.run(conns, count, limit)
    return probe.latencies, rate
