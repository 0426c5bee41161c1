"""One HTTP/1.1 connection: writes requests, reads answers, and can be handed over as a raw socket (hijack).

Only what the Engine API uses is understood: status lines, headers, bodies by Content-Length, by chunks or until the
peer closes (RFC 9112 sections 6 and 7).
"""

import _socket

from pier.client.errors import EngineUnreachable, ProtocolError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pier.client.address import Address

_READ_SIZE = 65536
_BODY_SIZE = 256 * 1024
_MAX_HEAD = 256 * 1024


class Connection:
    """A connected stream socket with a read buffer. Blocking; not safe for use by two threads at once."""

    def __init__(self, address: "Address") -> None:
        """Connect. Raises EngineUnreachable when nobody listens there."""
        self.address = address
        self.socket = _connect(address)
        self._buffer = bytearray()

    def send_request(
        self, method: str, target: str, headers: "Iterable[tuple[str, str]]" = (), body: bytes | None = None
    ) -> None:
        """Send a request whose whole body is in memory. Raises ProtocolError when the peer has gone."""
        head = self._head(method, target, headers)
        if body is not None:
            head += f"Content-Length: {len(body)}\r\n"
        elif method in ("POST", "PUT"):
            head += "Content-Length: 0\r\n"
        self._send(head.encode("latin-1", "replace") + b"\r\n" + (body or b""))

    def send_upload(
        self, method: str, target: str, headers: "Iterable[tuple[str, str]]", chunks: "Iterable[bytes]"
    ) -> None:
        """Send a request with a body of unknown length, chunk by chunk.

        An engine that answers before the end (an error, mostly) stops the upload; the answer can still be read.
        """
        head = self._head(method, target, headers) + "Transfer-Encoding: chunked\r\n\r\n"
        self._send(head.encode("latin-1", "replace"))
        try:
            for chunk in chunks:
                if chunk:
                    self.socket.sendall(b"%x\r\n%b\r\n" % (len(chunk), chunk))
            self.socket.sendall(b"0\r\n\r\n")
        except (BrokenPipeError, ConnectionResetError):
            return

    def read_response(self, *, to_head: bool = False) -> "Response":
        """The status and headers of the next answer; its body is read from the Response.

        `to_head` says that the request was HEAD, so no body follows whatever the headers say.
        """
        while True:
            head = self._read_head()
            lines = head.decode("latin-1").split("\r\n")
            status, reason = _parse_status(lines[0])
            if status == 100:
                continue
            headers: dict[str, str] = {}
            for line in lines[1:]:
                name, _, value = line.partition(":")
                headers[name.lower()] = value.strip()
            return Response(self, status, reason, headers, has_body=not to_head and status not in (101, 204, 304))

    def read_some(self) -> bytes:
        """What is buffered, else what one recv brings; b"" at the end of the stream."""
        if self._buffer:
            data = bytes(self._buffer)
            self._buffer.clear()
            return data
        return self.socket.recv(_READ_SIZE)

    def read_line(self) -> bytes:
        """One line without its CRLF. Raises ProtocolError at the end of the stream."""
        while True:
            end = self._buffer.find(b"\r\n")
            if end >= 0:
                line = bytes(self._buffer[:end])
                del self._buffer[: end + 2]
                return line
            self._fill()

    def read_up_to(self, limit: int) -> bytes:
        """Between 1 and `limit` bytes. Raises ProtocolError at the end of the stream."""
        if not self._buffer:
            return self._receive(limit)
        data = bytes(self._buffer[:limit])
        del self._buffer[:limit]
        return data

    def buffered(self) -> bytes:
        """Bytes already received after the last answer's head: the early bytes of a hijacked stream. Takes them."""
        data = bytes(self._buffer)
        self._buffer.clear()
        return data

    def has_buffered(self) -> bool:
        """Whether bytes of the answer are here already, so that polling the socket would wait in vain."""
        return bool(self._buffer)

    def is_stale(self) -> bool:
        """True when an idle connection cannot carry another request: the peer closed it, or sent something unasked."""
        if self._buffer:
            return True
        try:
            self.socket.recv(1, _socket.MSG_PEEK | _socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        except OSError:
            return True
        return True

    def close(self) -> None:
        """Close the socket; harmless when done twice."""
        self.socket.close()

    def _head(self, method: str, target: str, headers: "Iterable[tuple[str, str]]") -> str:
        host = self.address.host if self.address.host else "localhost"
        head = f"{method} {target} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: pier-client\r\n"
        return head + "".join(f"{name}: {value}\r\n" for name, value in headers)

    def _send(self, data: bytes) -> None:
        try:
            self.socket.sendall(data)
        except OSError as error:
            raise ProtocolError(f"the engine at {self.address.text} closed the connection: {error}") from error

    def _fill(self) -> None:
        self._buffer += self._receive(_READ_SIZE)

    def _receive(self, limit: int) -> bytes:
        try:
            data = self.socket.recv(limit)
        except OSError as error:
            raise ProtocolError(f"the connection to {self.address.text} broke: {error}") from error
        if not data:
            raise ProtocolError(f"the engine at {self.address.text} closed the connection in the middle of an answer")
        return data

    def _read_head(self) -> bytes:
        while (end := self._buffer.find(b"\r\n\r\n")) < 0:
            if len(self._buffer) > _MAX_HEAD:
                raise ProtocolError(f"the answer from {self.address.text} has headers without end")
            self._fill()
        head = bytes(self._buffer[:end])
        del self._buffer[: end + 4]
        return head


class Response:
    """An answer whose head has been read. The body is read once, by one of `chunks`, `read` or `lines`."""

    __slots__ = ("_finished", "connection", "has_body", "headers", "on_finish", "reason", "status")

    def __init__(
        self, connection: Connection, status: int, reason: str, headers: dict[str, str], *, has_body: bool
    ) -> None:
        self.connection = connection
        self.status = status
        self.reason = reason
        self.headers = headers
        self.has_body = has_body
        self.on_finish: object = None
        self._finished = not has_body

    def chunks(self) -> "Iterator[bytes]":
        """The body as it arrives. Raises ProtocolError when it is cut off."""
        if not self.has_body:
            self._finish()
            return
        if self.headers.get("transfer-encoding", "").lower() == "chunked":
            yield from self._chunked()
        elif "content-length" in self.headers:
            yield from self._counted(int(self.headers["content-length"]))
        else:
            while data := self.connection.read_some():
                yield data
            self._finished = True
            return
        self._finish()

    def read(self) -> bytes:
        """The whole body."""
        return b"".join(self.chunks())

    def lines(self) -> "Iterator[bytes]":
        """The body cut at line feeds, blank lines left out: the form of Docker's JSON streams."""
        rest = b""
        for chunk in self.chunks():
            rest += chunk
            if b"\n" not in chunk:
                continue
            *whole, rest = rest.split(b"\n")
            yield from (line for line in whole if line.strip())
        if rest.strip():
            yield rest

    def reusable(self) -> bool:
        """Whether the connection can carry another request now: body read to its end, and the peer keeps it open."""
        framed = "content-length" in self.headers or "transfer-encoding" in self.headers or not self.has_body
        return self._finished and framed and self.headers.get("connection", "").lower() != "close"

    def close(self) -> None:
        """Give up the rest of the body and the connection."""
        self.connection.close()

    def _finish(self) -> None:
        self._finished = True
        if callable(self.on_finish):
            self.on_finish(self)

    def _counted(self, left: int) -> "Iterator[bytes]":
        while left:
            data = self.connection.read_up_to(min(left, _BODY_SIZE))
            left -= len(data)
            yield data

    def _chunked(self) -> "Iterator[bytes]":
        while True:
            line = self.connection.read_line().partition(b";")[0].strip()
            try:
                size = int(line, 16)
            except ValueError:
                raise ProtocolError(f"the answer has a chunk of size {line!r}") from None
            if size == 0:
                while self.connection.read_line():
                    pass  # trailers
                return
            yield from self._counted(size)
            self.connection.read_line()


def _connect(address: "Address") -> _socket.socket:
    if address.ssh:
        from pier.client.ssh import connect_ssh

        return connect_ssh(address.ssh, address.text)
    try:
        if address.path:
            sock = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM | _socket.SOCK_CLOEXEC)
            sock.connect(address.path)
            return sock
        sock = _connect_tcp(address)
        if address.tls is None:
            return sock
    except OSError as error:
        if error.errno == 13:  # EACCES: the socket is there, and closed to this user
            message = f"permission denied while trying to connect to the Pier daemon socket at {address.text}"
            unreachable = EngineUnreachable(address.text, message)
            unreachable.args = (message,)
            raise unreachable from error
        raise EngineUnreachable(address.text, str(error)) from error
    from pier.client.tls import connect_tls

    return connect_tls(sock, address.tls, address.host, address.text)


def _connect_tcp(address: "Address") -> _socket.socket:
    failure: OSError | None = None
    for family, kind, proto, _, place in _socket.getaddrinfo(address.host, address.port, 0, _socket.SOCK_STREAM):
        sock = _socket.socket(family, kind | _socket.SOCK_CLOEXEC, proto)
        try:
            sock.connect(place)
        except OSError as error:
            failure = error
            sock.close()
            continue
        sock.setsockopt(_socket.IPPROTO_TCP, _socket.TCP_NODELAY, 1)
        return sock
    raise failure or OSError("the host name has no address")


def _parse_status(line: str) -> tuple[int, str]:
    version, _, rest = line.partition(" ")
    code, _, reason = rest.partition(" ")
    if not version.startswith("HTTP/1.") or not code.isdecimal():
        raise ProtocolError(f"this is not an answer of HTTP/1.1: {line[:80]!r}")
    return int(code), reason
