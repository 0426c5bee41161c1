"""The life of one connection: request after request, each answered in full before the next is read."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from email.utils import formatdate
from http import HTTPStatus

import h11

from pier.api.http.channel import Channel, ConnectionLost
from pier.api.http.messages import (
    STALL,
    Answer,
    Handler,
    Headers,
    Hijack,
    MalformedBody,
    Reply,
    Request,
    StreamReply,
    closing,
)

MAX_HEADERS = 64 << 10
IDLE_TIMEOUT = 600.0  # seconds between two requests
HEADER_TIMEOUT = 60.0  # seconds from a request's first byte to the end of its headers
BODY_TIMEOUT = 600.0  # seconds of silence within a body
DISCARD_LIMIT = 1 << 20  # bytes of an unwanted body that are read so that the connection can be kept
DISCARD_TIMEOUT = 2.0
PLAIN_BODY = 1 << 20  # bytes from which on a body of known length is read past h11, which copies each byte three times

_log = logging.getLogger("pier.api")
_REASONS = {status.value: status.phrase.encode() for status in HTTPStatus}
_BODILESS = frozenset({204, 304})


class Session:
    def __init__(self, channel: Channel, handler: Handler) -> None:
        self._channel = channel
        self._handler = handler
        self._h11 = _new_connection()
        self._plain_left: int | None = None  # bytes still to come of a body that h11 does not see
        self._task: asyncio.Task[None] | None = None
        self._request: Request | None = None
        self._answering_endlessly = False
        self._closing = False
        channel.on_lost = self._on_lost
        channel.on_half_close = self._on_half_close

    async def run(self) -> None:
        """Serves until the connection ends; never raises but CancelledError."""
        self._task = asyncio.current_task()
        try:
            while not self._closing and await self._exchange():
                pass
            if not self._channel.lost:
                await self._channel.finish()
        except (ConnectionLost, TimeoutError):
            pass
        except Exception:
            _log.exception("a connection failed")
        finally:
            self._channel.close()
            self._let_go()

    def _let_go(self) -> None:
        """Breaks the circles. What ended the task refers to every frame that it passed and so to what was on its way
        to the client; while the task in turn was referred to from there, all that waited for the garbage collector.
        """
        self._task = None
        self._channel.on_lost = self._channel.on_half_close = _nothing

    def stop(self) -> None:
        """Ends the connection as soon as the request under way is answered; endless answers end at once."""
        self._closing = True
        if (self._request is None or self._answering_endlessly) and self._task is not None:
            self._task.cancel()

    # one exchange

    async def _exchange(self) -> bool:
        """Reads and answers one request; True when the connection can carry another."""
        try:
            event = await self._next_request()
        except h11.RemoteProtocolError as error:
            await self._refuse(error)
            return False
        if event is None:
            return False
        self._request = request = self._make_request(event)
        try:
            answer = await self._answer(request)
            if isinstance(answer, Hijack):
                await self._hijack(request, answer)
                return False
            await self._send(request, answer)
        finally:
            self._request = None
        return await self._next_cycle()

    async def _next_request(self) -> h11.Request | None:
        timeout = IDLE_TIMEOUT if not self._h11.trailing_data[0] else HEADER_TIMEOUT
        deadline: float | None = None
        while True:
            event = self._h11.next_event()
            if isinstance(event, h11.Request):
                return event
            if event is not h11.NEED_DATA:
                return None
            if deadline is not None:
                timeout = max(0.0, deadline - time.monotonic())
            self._h11.receive_data(await self._channel.read(timeout))
            deadline = deadline or time.monotonic() + HEADER_TIMEOUT

    def _make_request(self, event: h11.Request) -> Request:
        headers: dict[str, str] = {}
        for name, value in event.headers:
            key, text = name.decode("ascii"), value.decode("latin-1")
            headers[key] = f"{headers[key]}, {text}" if key in headers else text
        length = headers.get("content-length", "")
        if length.isdigit() and int(length) >= PLAIN_BODY and "transfer-encoding" not in headers:
            self._plain_left = int(length)
            self._channel.unread(self._h11.trailing_data[0])
        return Request(event.method.decode("ascii"), event.target.decode("latin-1"), headers, self._body)

    async def _answer(self, request: Request) -> Answer:
        try:
            return await self._handler(request)
        except ConnectionLost:
            raise
        except Exception:
            _log.exception("no answer for %s %s", request.method, request.raw_path)
            return Reply(status=500)

    async def _body(self) -> AsyncIterator[bytes]:
        if self._h11.they_are_waiting_for_100_continue:
            await self._write(h11.InformationalResponse(status_code=100, headers=[], reason=b"Continue"))
        if self._plain_left is not None:
            while self._plain_left:
                yield await self._plain_chunk(self._plain_left)
            return
        while self._h11.their_state is h11.SEND_BODY:
            try:
                event = self._h11.next_event()
                if event is h11.NEED_DATA:
                    self._h11.receive_data(await self._channel.read(BODY_TIMEOUT))
                    continue
            except h11.RemoteProtocolError as error:
                if self._channel.half_closed:
                    raise ConnectionLost from error
                raise MalformedBody(f"malformed request body: {error}") from error
            if isinstance(event, h11.Data):
                yield bytes(event.data)
            elif isinstance(event, h11.EndOfMessage):
                return

    async def _plain_chunk(self, left: int) -> bytes:
        data = await self._channel.read(BODY_TIMEOUT)
        if not data:
            raise ConnectionLost
        if len(data) > left:
            self._channel.unread(data[left:])
            data = data[:left]
        self._plain_left = left - len(data)
        return data

    # answers

    async def _send(self, request: Request, answer: Reply | StreamReply) -> None:
        if isinstance(answer, StreamReply):
            await self._send_stream(request, answer)
            return
        headers = [*answer.headers, ("Date", _date())]
        if answer.status not in _BODILESS and not any(name == "Content-Length" for name, _ in headers):
            headers.append(("Content-Length", str(len(answer.body))))
        data = self._h11.send(self._head(answer.status, headers)) or b""
        if answer.body and request.method != "HEAD":
            data += self._h11.send(h11.Data(data=answer.body)) or b""
        data += self._h11.send(h11.EndOfMessage()) or b""
        await self._channel.write(data, STALL)

    async def _send_stream(self, request: Request, answer: StreamReply) -> None:
        self._answering_endlessly = answer.follow
        request.runs_to_end = False
        stall = None if answer.follow else STALL
        async with closing(answer.chunks):
            if self._channel.lost or (answer.follow and self._channel.half_closed):
                raise ConnectionLost
            await self._write(self._head(answer.status, [*answer.headers, ("Date", _date())]))
            if request.method != "HEAD":
                async for chunk in answer.chunks:
                    if chunk:
                        await self._channel.write(self._h11.send(h11.Data(data=chunk)) or b"", stall)
            await self._write(h11.EndOfMessage())
        self._answering_endlessly = False

    def _head(self, status: int, headers: Headers) -> h11.Response:
        if self._closing:
            headers = [*headers, ("Connection", "close")]
        return h11.Response(status_code=status, headers=list(headers), reason=_REASONS.get(status, b""))

    async def _write(self, event: h11.Event) -> None:
        await self._channel.write(self._h11.send(event) or b"", STALL)

    async def _hijack(self, request: Request, answer: Hijack) -> None:
        try:
            await self._take_over(request, answer.head)
        except BaseException:
            answer.dropped()
            raise
        await answer.run(self._channel)

    async def _take_over(self, request: Request, head: bytes) -> None:
        async for _ in request.stream():
            pass
        request.runs_to_end = False
        if self._plain_left is None:
            early, _ = self._h11.trailing_data
            self._channel.unread(early)
        self._answering_endlessly = True
        self._channel.on_half_close = _nothing
        await self._channel.write(head, STALL)

    async def _refuse(self, error: h11.RemoteProtocolError) -> None:
        """What came is not HTTP, or has headers beyond all reason."""
        status = error.error_status_hint or 400
        body = f"{status} {_REASONS[status].decode()}: {error}".encode()
        lines = [f"HTTP/1.1 {status} {_REASONS[status].decode()}", "Content-Type: text/plain; charset=utf-8"]
        lines += [f"Content-Length: {len(body)}", "Connection: close", "", ""]
        await self._channel.write("\r\n".join(lines).encode() + body, STALL)

    async def _next_cycle(self) -> bool:
        """Gets rid of a body nobody wanted, within reason."""
        unread = self._h11.their_state is h11.SEND_BODY and self._plain_left != 0
        if unread and not self._h11.they_are_waiting_for_100_continue:
            size = 0
            with suppress(MalformedBody, TimeoutError):
                async with asyncio.timeout(DISCARD_TIMEOUT):
                    async for chunk in self._body():
                        size += len(chunk)
                        if size > DISCARD_LIMIT:
                            return False
        if self._plain_left is not None:
            finished, self._plain_left = self._plain_left == 0, None
            finished = finished and self._h11.our_state is h11.DONE
            self._h11 = _new_connection()  # the old one still waits for the body
            return finished
        if self._h11.our_state is not h11.DONE or self._h11.their_state is not h11.DONE:
            return False
        self._h11.start_next_cycle()
        return True

    # what the channel reports

    def _on_lost(self) -> None:
        """Nobody waits for the answer any more: the handler stops, unless it must not be torn."""
        if self._task is not None and self._request is not None and not self._request.runs_to_end:
            self._task.cancel()

    def _on_half_close(self) -> None:
        if self._channel.hung_up:
            self._on_lost()
        elif self._answering_endlessly and self._task is not None:
            self._task.cancel()


def _new_connection() -> h11.Connection:
    return h11.Connection(h11.SERVER, max_incomplete_event_size=MAX_HEADERS)


_date_cache: tuple[int, str] = (0, "")


def _date() -> str:
    global _date_cache
    now = int(time.time())
    if _date_cache[0] != now:
        _date_cache = (now, formatdate(now, usegmt=True))
    return _date_cache[1]


def _nothing() -> None:
    pass
