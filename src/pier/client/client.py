"""The Engine API as a client sees it: version negotiation, JSON requests, streams, uploads, hijacked connections."""

from pier.client.connection import Connection, Response
from pier.client.errors import ApiError, ProtocolError
from pier.client.json_codec import decode, encode
from pier.client.query import encode_query

TYPE_CHECKING = False
if TYPE_CHECKING:
    import _socket
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Any

    from pier.client.address import Address
    from pier.client.query import Query

API_VERSION = "1.51"
_OLDEST_ANSWER = "1.24"  # what an engine speaks that does not say


class Hijacked:
    """A connection turned into a raw stream: `early` are the bytes that arrived with the answer's head."""

    __slots__ = ("early", "media_type", "socket")

    def __init__(self, sock: "_socket.socket", early: bytes, media_type: str) -> None:
        self.socket = sock
        self.early = early
        self.media_type = media_type


class Client:
    """Requests to one engine. Keeps idle connections for the next request; `version` fixes the API version.

    Raises, from every method: EngineUnreachable, ProtocolError, and ApiError for an answer of status 400 and above.
    """

    def __init__(self, address: "Address", version: str = "") -> None:
        self.address = address
        self.headers: list[tuple[str, str]] = []
        self._version = version
        self._idle: list[Connection] = []

    @property
    def version(self) -> str:
        """The API version in use: the older one of ours and the engine's, asked for once with HEAD /_ping."""
        if not self._version:
            offered = self.ping().get("api-version", _OLDEST_ANSWER)
            self._version = min(API_VERSION, offered, key=_version_key)
        return self._version

    def ping(self) -> "Mapping[str, str]":
        """The headers of the ping: api-version, ostype, builder-version, swarm …"""
        response = self._exchange("HEAD", "/_ping", [], None)
        if response.status not in (404, 405):
            return response.headers
        response = self._exchange("GET", "/_ping", [], None)
        response.read()
        return response.headers

    def request(
        self,
        method: str,
        path: str,
        query: "Query | None" = None,
        body: "Any" = None,
        headers: "Iterable[tuple[str, str]]" = (),
    ) -> Response:
        """Send one request with an optional JSON body; return the answer, body unread. `path` starts with a slash."""
        fields = [*self.headers, *headers]
        data = None
        if body is not None:
            fields.append(("Content-Type", "application/json"))
            data = encode(body).encode() + b"\n"
        response = self._exchange(method, self._target(path, query), fields, data)
        return _checked(response)

    def get(self, path: str, query: "Query | None" = None) -> "Any":
        """The JSON value of a GET."""
        return decode(self.request("GET", path, query).read())

    def post(self, path: str, query: "Query | None" = None, body: "Any" = None) -> "Any":
        """POST; the JSON value of the answer, None when it has no body."""
        return _value(self.request("POST", path, query, body))

    def delete(self, path: str, query: "Query | None" = None) -> "Any":
        """DELETE; the JSON value of the answer, None when it has no body."""
        return _value(self.request("DELETE", path, query))

    def stream(
        self,
        method: str,
        path: str,
        query: "Query | None" = None,
        headers: "Iterable[tuple[str, str]]" = (),
    ) -> "Iterator[Any]":
        """The JSON values of a stream (pull, events, stats), one a line. The request is sent at once."""
        response = self.request(method, path, query, headers=headers)
        return (decode(line) for line in response.lines())

    def upload(
        self,
        path: str,
        query: "Query | None",
        chunks: "Iterable[bytes]",
        media_type: str,
        *,
        method: str = "POST",
    ) -> Response:
        """Send a body of unknown length, as chunks; return the answer, body unread."""
        target = self._target(path, query)
        connection = Connection(self.address)
        connection.send_upload(method, target, [*self.headers, ("Content-Type", media_type)], chunks)
        return _checked(connection.read_response())

    def hijack(self, path: str, query: "Query | None" = None, body: "Any" = None) -> Hijacked:
        """POST with `Upgrade: tcp` and take the connection over (attach, exec start)."""
        target = self._target(path, query)
        connection = Connection(self.address)
        data = b"" if body is None else encode(body).encode() + b"\n"
        media_type = "text/plain" if body is None else "application/json"
        fields = [("Connection", "Upgrade"), ("Upgrade", "tcp"), ("Content-Type", media_type)]
        connection.send_request("POST", target, [*self.headers, *fields], data)
        response = connection.read_response()
        if response.status not in (101, 200):
            raise _error(response)
        return Hijacked(connection.socket, connection.buffered(), response.headers.get("content-type", ""))

    def close(self) -> None:
        """Close the idle connections."""
        while self._idle:
            self._idle.pop().close()

    def _target(self, path: str, query: "Query | None") -> str:
        text = encode_query(query) if query else ""
        return f"/v{self.version}{path}" + (f"?{text}" if text else "")

    def _exchange(self, method: str, target: str, headers: "list[tuple[str, str]]", body: bytes | None) -> Response:
        connection = self._connection()
        connection.send_request(method, target, headers, body)
        response = connection.read_response(to_head=method == "HEAD")
        response.on_finish = self._keep
        if not response.has_body:
            self._keep(response)
        return response

    def _connection(self) -> Connection:
        while self._idle:
            connection = self._idle.pop()
            if not connection.is_stale():
                return connection
            connection.close()
        return Connection(self.address)

    def _keep(self, response: Response) -> None:
        response.on_finish = None
        if response.reusable():
            self._idle.append(response.connection)


def _checked(response: Response) -> Response:
    if response.status >= 400:
        raise _error(response)
    return response


def _error(response: Response) -> ApiError:
    """The engine's sentence: `message` of a JSON body, else the text itself, else the status."""
    try:
        text = response.read().decode("utf-8", "replace").strip()
    except ProtocolError:
        text = ""
    message = text
    if text.startswith("{"):
        try:
            message = str(decode(text).get("message") or text)
        except ValueError:
            message = text
    return ApiError(response.status, message or f"the engine answered {response.status} {response.reason}".rstrip())


def _value(response: Response) -> "Any":
    data = response.read()
    return decode(data) if data.strip() else None


def _version_key(version: str) -> tuple[int, int]:
    major, _, minor = version.partition(".")
    try:
        return int(major), int(minor or 0)
    except ValueError:
        raise ProtocolError(f"the engine names an API version that is not one: {version!r}") from None
