"""A request, and the three ways to answer it."""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeAlias
from urllib.parse import parse_qs, unquote

from pier.api.http.channel import Channel

Headers: TypeAlias = Sequence[tuple[str, str]]
STALL = 60.0  # seconds a client may take nothing of a reply before it is dropped


class BodyTooLarge(Exception):
    """The body is longer than the reader allows."""


class MalformedBody(Exception):
    """The body's framing is broken."""


class Request:
    """Method, decoded path, query, headers (names in lower case), and a body that is read on demand."""

    def __init__(
        self, method: str, target: str, headers: Mapping[str, str], chunks: Callable[[], AsyncIterator[bytes]]
    ) -> None:
        path, _, query = origin_form(target).partition("?")
        self.method = method
        self.path = unquote(path) if "%" in path else path
        self.raw_path = path
        self.raw_query = query
        self.query: Mapping[str, list[str]] = parse_qs(query, keep_blank_values=True) if query else {}
        self.headers = headers
        self.runs_to_end = False  # set by a handler that must not be cancelled when the client goes away
        self._chunks = chunks

    def stream(self) -> AsyncIterator[bytes]:
        """The body as it arrives; to be read once. Raises MalformedBody, ConnectionLost."""
        return self._chunks()

    async def body(self, limit: int) -> bytes:
        """The whole body. Raises BodyTooLarge beyond `limit` bytes."""
        parts: list[bytes] = []
        size = 0
        async for chunk in self._chunks():
            size += len(chunk)
            if size > limit:
                raise BodyTooLarge(f"request body is larger than {limit} bytes")
            parts.append(chunk)
        return b"".join(parts)

    @property
    def upgrade(self) -> str:
        """The protocol the client wants to switch to, in lower case; empty for none."""
        if "upgrade" not in self.headers.get("connection", "").lower():
            return ""
        return self.headers.get("upgrade", "").lower()


def origin_form(target: str) -> str:
    """`/path?query` of a target that may be a whole address, as it is behind some proxies (RFC 9112, 3.2.2)."""
    scheme, separator, rest = target.partition("://")
    if not separator or scheme.lower() not in ("http", "https"):
        return target
    return "/" + rest.partition("/")[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A whole body at once."""

    status: int = 200
    headers: Headers = ()
    body: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamReply:
    """A body in chunks; the headers leave before the first of them is there.

    `follow`: the stream has no end of its own (events, logs -f): the client may be slow for as long as it likes, and
    one that stops sending is taken for gone.
    """

    status: int = 200
    headers: Headers = ()
    chunks: AsyncIterator[bytes]
    follow: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Hijack:
    """The connection stops being HTTP: `head` is sent as it is, then `run` owns the channel until it returns.

    The request's body has been read before; bytes behind it are the first that `run` reads. `dropped` is called instead
    of `run` when the client has gone by then.
    """

    head: bytes
    run: Callable[[Channel], Awaitable[None]] = field(repr=False)
    dropped: Callable[[], None] = field(default=lambda: None, repr=False)


@asynccontextmanager
async def closing(iterator: AsyncIterator[Any]) -> AsyncIterator[None]:
    """Ends a generator at once when its reader goes, not when the collector finds it."""
    try:
        yield
    finally:
        close = getattr(iterator, "aclose", None)
        if close is not None:
            await close()


class Begun(AsyncIterator[bytes]):
    """Chunks made by a generator out of something that goes on already: a pull, say, of which the first line was taken.

    A generator that is closed before its first chunk was asked for ends nothing, as its body has never run; so this
    closes both.
    """

    def __init__(self, chunks: AsyncGenerator[bytes, None], source: AsyncGenerator[Any, None]) -> None:
        self._chunks = chunks
        self._source = source

    async def __anext__(self) -> bytes:
        return await anext(self._chunks)

    async def aclose(self) -> None:
        try:
            await self._chunks.aclose()
        finally:
            await self._source.aclose()


Answer: TypeAlias = Reply | StreamReply | Hijack
Handler: TypeAlias = Callable[[Request], Awaitable[Answer]]
