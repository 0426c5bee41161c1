"""An HTTP engine for tests of the client and the CLI: a unix socket, routes by method and path, requests recorded.

Paths are those of the API without the version. A route is (status, body) with the body as bytes, str or a JSON value,
or a function of the request and the connection that answers by itself (for hijacked streams).
"""

import contextlib
import json
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit


@dataclass
class Request:
    """One request that arrived."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body's JSON value."""
        return json.loads(self.body)


Route = tuple[int, Any] | Callable[[Request, socket.socket], None]


@dataclass
class HttpEngine:
    """The server; `with HttpEngine(path)` runs it. An unknown path is 404 in the engine's manner."""

    path: Path
    routes: dict[tuple[str, str], Route] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)
    api_version: str = "1.51"

    def __enter__(self) -> Self:
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(self.path))
        self._listener.listen(64)
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    @property
    def address(self) -> str:
        """What -H takes."""
        return f"unix://{self.path}"

    def answer(self, method: str, path: str, body: Any = None, status: int = 200) -> None:
        """Set one route."""
        self.routes[method, path] = (status, body)

    def sent(self) -> list[tuple[str, str]]:
        """Method and path of every request except pings."""
        return [(request.method, request.path) for request in self.requests if request.path != "/_ping"]

    def last(self, method: str, path: str) -> Request:
        """The last such request."""
        return next(r for r in reversed(self.requests) if (r.method, r.path) == (method, path))

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection, connection.makefile("rb") as reader:
            while (request := _read(reader)) is not None:
                self.requests.append(request)
                route = self._route(request)
                if callable(route):
                    route(request, connection)
                    return
                self._reply(connection, request, *route)

    def _route(self, request: Request) -> Route:
        if request.path == "/_ping":
            return 200, b""
        message = {"message": f"page not found: {request.method} {request.path}"}
        return self.routes.get((request.method, request.path), (404, message))

    def _reply(self, connection: socket.socket, request: Request, status: int, body: Any) -> None:
        data = body if isinstance(body, bytes) else body.encode() if isinstance(body, str) else b""
        if not isinstance(body, bytes | str | None):
            data = json.dumps(body).encode() + b"\n"
        head = f"HTTP/1.1 {status} X\r\nApi-Version: {self.api_version}\r\nOstype: linux\r\n"
        head += "Content-Type: application/json\r\n"
        if status not in (204, 304):
            head += f"Content-Length: {len(data)}\r\n"
        connection.sendall(head.encode() + b"\r\n" + (b"" if request.method == "HEAD" else data))


def hijack(connection: socket.socket, early: bytes = b"") -> None:
    """Answer 101 and leave the connection raw; `early` rides in the same packet."""
    head = b"HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n"
    connection.sendall(head + early)


def streaming(payload: bytes) -> Route:
    """A route that answers 101 with these raw bytes and ends the stream."""
    return lambda _, connection: hijack(connection, payload)


def frame(stream: int, payload: bytes) -> bytes:
    """One frame of a multiplexed stream."""
    return bytes((stream, 0, 0, 0)) + len(payload).to_bytes(4, "big") + payload


def _read(reader: Any) -> Request | None:
    line = reader.readline()
    if not line.strip():
        return None
    method, target, _ = line.decode().split()
    headers: dict[str, str] = {}
    while (text := reader.readline().decode().strip()) != "":
        name, _, value = text.partition(":")
        headers[name.lower()] = value.strip()
    if headers.get("transfer-encoding") == "chunked":
        body = b"".join(_chunks(reader))
    else:
        body = reader.read(int(headers.get("content-length", 0)))
    parts = urlsplit(target)
    path = parts.path
    if path.startswith("/v1."):
        path = "/" + path.split("/", 2)[2]
    return Request(method, path, parse_qs(parts.query, keep_blank_values=True), headers, body)


def _chunks(reader: Any) -> Any:
    while size := int(reader.readline(), 16):
        yield reader.read(size)
        reader.readline()
    reader.readline()
