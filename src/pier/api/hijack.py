"""The first bytes of a hijacked connection, as Docker's clients expect them, letter for letter."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus

from pier.api.call import Call
from pier.api.errors import message_of, status_of
from pier.api.http.channel import Channel
from pier.api.http.messages import Headers, Hijack, Request
from pier.api.versions import Change, since

RAW = "application/vnd.docker.raw-stream"
MULTIPLEXED = "application/vnd.docker.multiplexed-stream"


def stream_type(version: int, *, terminal: bool) -> str:
    """How the bytes of a stream are to be read; before 1.42 frames were sent under the raw name as well."""
    return RAW if terminal or not since(version, Change.STREAMS_HAVE_TYPES) else MULTIPLEXED


def hijack(
    call: Call,
    *,
    terminal: bool,
    run: Callable[[Channel], Awaitable[None]],
    headers: Headers = (),
    dropped: Callable[[], None] = lambda: None,
) -> Hijack:
    """101 for a client that asked to upgrade, else 200; what follows are raw bytes both ways in either case.

    The header `Upgrade` alone asks for it, as with dockerd: there are clients that leave `Connection` out.
    """
    if "upgrade" in call.request.headers:
        content = stream_type(call.version, terminal=terminal)
        lines = ["HTTP/1.1 101 UPGRADED", f"Content-Type: {content}", "Connection: Upgrade", "Upgrade: tcp"]
    else:
        lines = ["HTTP/1.1 200 OK", f"Content-Type: {RAW}"]
    lines += [f"{name}: {value}" for name, value in headers]
    return Hijack(head=_head(lines), run=run, dropped=dropped)


def refuse(error: Exception, request: Request) -> Hijack:
    """An attach that fails does so through the connection it would have taken: plain text, not JSON."""
    status = HTTPStatus(status_of(error))
    message = message_of(error, f"{request.method} {request.raw_path}")
    head = _head([f"HTTP/1.1 {status.value} {status.phrase}", f"Content-Type: {RAW}"])
    return Hijack(head=head + message.encode() + b"\r\n", run=_nothing)


def _head(lines: list[str]) -> bytes:
    return "\r\n".join((*lines, "", "")).encode()


async def _nothing(channel: Channel) -> None:
    pass
