"""Clients of endless streams that read a little, or nothing, and vanish without a word."""

import random
import socket
import time
from collections import deque

from support.engine import Engine

AT_ONCE = 50  # that hang about at the same time
_STREAMS = (
    ("GET", "/events"),
    ("GET", "/containers/{name}/logs?stdout=1&follow=1"),
    ("GET", "/containers/{name}/stats"),
    ("POST", "/containers/{name}/attach?stream=1&stdout=1"),
)


def vanish(engine: Engine, name: str, count: int, seed: int = 1) -> None:
    """`count` clients of a container that never stops talking. Raises AssertionError when one is not answered."""
    chance = random.Random(seed)
    present: deque[socket.socket] = deque()
    try:
        for number in range(count):
            method, target = _STREAMS[number % len(_STREAMS)]
            present.append(_connect(engine, method, target.format(name=name), reads=chance.choice((0, 1, 20))))
            if len(present) > AT_ONCE:
                present.popleft().close()
    finally:
        for client in present:
            client.close()


def _connect(engine: Engine, method: str, target: str, *, reads: int) -> socket.socket:
    """One that has seen the head of its reply and then took so many pieces more."""
    client = socket.socket(socket.AF_UNIX)
    client.settimeout(30)
    client.connect(engine.socket)
    upgrade = "Connection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: 0\r\n" if method == "POST" else ""
    client.sendall(f"{method} {target} HTTP/1.1\r\nHost: pier\r\n{upgrade}\r\n".encode())
    head = b""
    while b"\r\n\r\n" not in head:
        data = client.recv(4096)
        assert data, f"closed after {head!r}"
        head += data
    assert b" 200 " in head or b" 101 " in head, head
    until = time.monotonic() + 0.05
    for _ in range(reads):
        client.settimeout(max(0.001, until - time.monotonic()))
        try:
            client.recv(4096)
        except TimeoutError:
            break
    return client
