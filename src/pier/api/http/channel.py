"""A byte stream over one socket: bounded on both sides, with half-close as an event of its own."""

import asyncio
import select
from collections import deque
from collections.abc import Callable
from typing import cast

READ_LIMIT = 256 << 10  # bytes taken from the socket and not yet read; beyond it the peer has to wait
WRITE_LIMIT = 256 << 10  # bytes given to the transport and not yet sent; beyond it `write` waits
LINGER = 1.0  # seconds that a finished channel still discards what the peer sends


class ConnectionLost(Exception):
    """The peer has gone, or was dropped because it took nothing for too long."""


class Channel(asyncio.Protocol):
    """One connection. Reading ends with `b""` when the peer has shut down its side; writing may go on after that."""

    def __init__(self, on_open: Callable[["Channel"], None]) -> None:
        self._on_open = on_open
        self._chunks: deque[bytes] = deque()
        self._size = 0
        self._reading_paused = False
        self._arrival: asyncio.Future[None] | None = None
        self._room: asyncio.Future[None] | None = None
        self._writing_paused = False
        self.half_closed = False  # the peer sends no more
        self.hung_up = False  # the peer has closed both directions (known of unix sockets only)
        self.lost = False
        self.on_half_close: Callable[[], None] = _nothing
        self.on_lost: Callable[[], None] = _nothing

    # what asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.set_write_buffer_limits(high=WRITE_LIMIT)
        self._on_open(self)

    def data_received(self, data: bytes) -> None:
        self._chunks.append(data)
        self._size += len(data)
        if self._size > READ_LIMIT and not self._reading_paused:
            self._reading_paused = True
            self._transport.pause_reading()
        _settle(self._arrival)

    def eof_received(self) -> bool:
        """Keeps the connection open for writing: what was received is still to be read, and an answer to be sent."""
        self.half_closed = True
        self.hung_up = self._is_hung_up()
        _settle(self._arrival)
        self.on_half_close()
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = True
        _settle(self._arrival)
        _settle(self._room)
        self.on_lost()

    def pause_writing(self) -> None:
        self._writing_paused = True

    def resume_writing(self) -> None:
        self._writing_paused = False
        _settle(self._room)

    # what the server calls

    async def read(self, timeout: float | None = None) -> bytes:
        """The next bytes, at once if there are any; `b""` once the peer has shut down its side.

        Raises ConnectionLost, and TimeoutError after `timeout` seconds of silence.
        """
        if not self._chunks:
            await self._wait_for_bytes(timeout)
        if not self._chunks:
            return b""
        data = self._chunks.popleft()
        self._size -= len(data)
        if self._reading_paused and self._size <= READ_LIMIT // 2:
            self._reading_paused = False
            self._transport.resume_reading()
        return data

    def unread(self, data: bytes) -> None:
        """Puts bytes back in front of what is to be read."""
        if data:
            self._chunks.appendleft(data)
            self._size += len(data)

    async def write(self, data: bytes, stall: float | None) -> None:
        """Sends, and waits while the peer is behind by more than WRITE_LIMIT.

        Raises ConnectionLost, also when the peer has taken nothing for `stall` seconds (None: waits for ever).
        """
        if self.lost:
            raise ConnectionLost
        self._transport.write(data)
        while self._writing_paused and not self.lost:
            before = self._transport.get_write_buffer_size()
            self._room = asyncio.get_running_loop().create_future()
            try:
                async with asyncio.timeout(stall):
                    await self._room
            except TimeoutError:
                if self._transport.get_write_buffer_size() >= before:
                    self._transport.abort()
                    raise ConnectionLost from None
        if self.lost:
            raise ConnectionLost

    async def finish(self) -> None:
        """Shuts down our side once all is sent and closes after the peer has, or after LINGER seconds.

        A socket closed with unread bytes in it would reset the connection under the last bytes we sent.
        """
        try:
            if not self.lost and self._transport.can_write_eof() and not self._transport.is_closing():
                self._transport.write_eof()
                async with asyncio.timeout(LINGER):
                    while await self.read():
                        pass
        except (ConnectionLost, OSError):  # a TimeoutError, or ENOTCONN: it was reset, which nobody has read yet
            pass
        finally:
            self.close()

    def close(self) -> None:
        """Closes once what was written has been sent."""
        self._transport.close()

    async def _wait_for_bytes(self, timeout: float | None) -> None:
        if self.lost:
            raise ConnectionLost
        if self.half_closed:
            return
        self._arrival = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(timeout):
                await self._arrival
        finally:
            self._arrival = None
        if self.lost and not self._chunks:
            raise ConnectionLost

    def _is_hung_up(self) -> bool:
        """A unix socket tells a peer that is gone from one that only sends no more; TCP cannot."""
        sock = self._transport.get_extra_info("socket")
        if sock is None or sock.fileno() < 0:
            return True
        poll = select.poll()
        poll.register(sock.fileno(), 0)
        return any(flags & (select.POLLHUP | select.POLLERR) for _, flags in poll.poll(0))


def _settle(waiter: asyncio.Future[None] | None) -> None:
    if waiter is not None and not waiter.done():
        waiter.set_result(None)


def _nothing() -> None:
    pass
