"""Raw HTTP over a unix socket: one small client for every engine, so that no library's cost is in the figures.

Large replies land in one buffer whose pages were touched beforehand, and are unframed after the clock has stopped: the
client costs the same whatever chunking an engine chooses.
"""

import json
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from benchmark.framing import dechunk, parse_head, request_head
from benchmark.marks import MB, expect, now

Body = bytes | memoryview | None
TAR = {"Content-Type": "application/x-tar"}
TIMEOUT = 180.0  # seconds without a byte
_arenas = [bytearray()]


def arena(size: int = 64 * MB) -> bytearray:
    """The receive buffer of the whole run, its pages touched; another one of `size` bytes where it is smaller."""
    if len(_arenas[0]) < size:
        _arenas[0] = bytearray(b"\1" * size)
    return _arenas[0]


@dataclass
class Reply:
    """A whole reply; header names are lower-case."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """The body's JSON value."""
        return json.loads(self.body)


@dataclass
class Stream:
    """A reply read to the end of the connection; times are perf_counter's."""

    reply: Reply
    sent: float
    opened: float
    first: float
    ended: float


class Conn:
    """A kept-alive HTTP/1.1 connection."""

    def __init__(self, path: str, timeout: float = TIMEOUT) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(timeout)
        try:
            self.sock.connect(path)
        except OSError:
            self.sock.close()
            raise

    def send(self, method: str, path: str, body: Body = None, headers: Mapping[str, str] | None = None) -> None:
        """Sends a request; a small body rides in the head's packet."""
        head = request_head(method, path, None if body is None else len(body), headers or {})
        if body is None or len(body) < 65536:
            self.sock.sendall(head + bytes(body or b""))
        else:
            self.sock.sendall(head)
            self.sock.sendall(body)

    def receive(self, method: str) -> Reply:
        """The reply to a request with this method; ConnectionResetError when the engine hangs up before its end."""
        data = bytearray()
        while (end := data.find(b"\r\n\r\n")) < 0:
            self._more(data)
        status, headers = parse_head(bytes(data[:end]))
        del data[: end + 4]
        if method == "HEAD" or status in (204, 304):
            return Reply(status, headers, b"")
        if "content-length" in headers:
            while len(data) < int(headers["content-length"]):
                self._more(data)
            return Reply(status, headers, bytes(data))
        while not (data.endswith(b"\r\n0\r\n\r\n") or data == b"0\r\n\r\n"):
            self._more(data)
        return Reply(status, headers, dechunk(bytes(data)))

    def _more(self, data: bytearray) -> None:
        got = self.sock.recv(262144)
        if not got:
            raise ConnectionResetError("the engine closed the connection")
        data.extend(got)

    def close(self) -> None:
        """Hangs up."""
        self.sock.close()


def read_stream(conn: Conn, request: str, *, on_open: Callable[[], object] | None = None, stdin: Body = None) -> Stream:
    """Reads the reply to what `conn` has just sent until its end, into the arena.

    `on_open` runs once the head is there; then `stdin` is sent and that direction closed. `request` names it in errors.
    """
    buffer = arena()
    view = memoryview(buffer)
    size, sent = 0, now()
    while (end := buffer.find(b"\r\n\r\n", 0, size)) < 0:
        got = conn.sock.recv_into(view[size : size + 65536])
        expect(got, f"{request}: closed before a reply")
        size += got
    opened = now()
    if on_open:
        on_open()
    if stdin is not None:
        conn.sock.sendall(stdin)
        conn.sock.shutdown(socket.SHUT_WR)
    first = now() if size > end + 4 else 0.0
    while got := conn.sock.recv_into(view[size : size + 1_048_576]):
        first = first or now()
        size += got
    ended = now()
    expect(size < len(view), f"{request}: more than the {len(view)} bytes that there is room for")
    status, headers = parse_head(bytes(view[:end]))
    data = bytes(view[end + 4 : size])
    if "chunked" in headers.get("transfer-encoding", ""):
        data = dechunk(data)
    expect(status in (101, 200), f"{request}: {status} {data[:200]!r}")
    return Stream(Reply(status, headers, data), sent, opened, first or ended, ended)
