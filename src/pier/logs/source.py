"""Moves one FIFO's bytes into its spool, or past it to the one reader there is, driven by the loop."""

import asyncio
import fcntl
import logging
import os
from collections.abc import Callable
from enum import Enum, auto

from pier.logs.spool import Spool

_PIPE_SIZE = 256 << 10
_PULL = 256 << 10  # bytes that a reader takes at once
_LAST_FILLS = 8
_POLL = (0.05, 0.1, 0.25, 0.5, 1.0)  # seconds between looks at a FIFO without a writer

_log = logging.getLogger(__name__)


def open_fifo(path: str) -> int:
    """The read end of a FIFO, which must exist before the shim opens the other one. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    enlarge(descriptor)
    return descriptor


def enlarge(descriptor: int) -> None:
    """Asks for a larger pipe buffer; the kernel may refuse (its limit for a user), then it stays small."""
    try:
        fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ, _PIPE_SIZE)
    except OSError as error:
        _log.debug("a pipe keeps its size: %s", error)


class Route(Enum):
    """Where the bytes in a FIFO go."""

    SPOOL = auto()
    READER = auto()  # who waits for them
    BUSY_READER = auto()  # who takes them by `pull` when it is ready
    NOWHERE = auto()


class Source:
    """Calls `arrived` when there is something new in the spool, `hand` with what goes past it. Stops by itself while
    the spool is full or the reader is busy, until `resume`.

    A FIFO without a writer reports end of file, be it that the shim has not opened it yet or that it is done: both
    are "nothing now", looked at again on a slow timer. The end is declared from outside, by `drain`.
    """

    def __init__(
        self,
        stream: int,
        fifo: int,
        spool: Spool,
        arrived: Callable[[int], None],
        route: Callable[[int], Route],
        hand: Callable[[int, bytes], None],
    ) -> None:
        self.stream = stream
        self.spool = spool
        self._fifo = fifo
        self._arrived = arrived
        self._route = route
        self._hand = hand
        self._loop = asyncio.get_running_loop()
        self._reading = False
        self._timer: asyncio.TimerHandle | None = None
        self._empty_polls = 0
        self._draining = False

    def resume(self) -> None:
        """Reads again if it had stopped because the spool was full; also starts it."""
        idle = not self._reading and self._timer is None and not self._draining
        if idle and self._fifo >= 0 and not self.spool.is_full:
            self._loop.add_reader(self._fifo, self._readable)
            self._reading = True

    def pause(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._reading:
            self._loop.remove_reader(self._fifo)
            self._reading = False

    def pull(self) -> bytes:
        """For a reader who was busy: what there is, past the spool; b"" when that is nothing now, or when the next
        bytes will be handed over.
        """
        if self._fifo < 0 or self._reading or self._timer is not None:
            return b""
        data = self._read()
        if not data and self._timer is None:
            self.resume()
        return data

    def _read(self) -> bytes:
        """Past the spool. Nothing, and a look later, where there is no writer."""
        try:
            data = os.read(self._fifo, _PULL)
        except BlockingIOError:
            return b""
        if data:
            self._empty_polls = 0
            self.spool.skip(len(data))
        else:
            self._look_later()
        return data

    def _readable(self) -> None:
        route = self._route(self.stream)
        if route is Route.BUSY_READER:
            self.pause()
        elif route is Route.SPOOL:
            self._fill()
        elif (data := self._read()) and route is Route.READER:
            self._hand(self.stream, data)

    def _fill(self) -> None:
        try:
            moved = self.spool.fill(self._fifo)
        except BlockingIOError:
            return
        except OSError as error:
            _log.error("cannot move output into %s, trying again: %s", self.spool.path, error)
            moved = 0
            self._empty_polls = len(_POLL)
        if moved == 0:
            self._look_later()
            return
        self._empty_polls = 0
        if self.spool.is_full:
            self.pause()
        self._arrived(self.stream)

    def _look_later(self) -> None:
        self.pause()
        delay = _POLL[min(self._empty_polls, len(_POLL) - 1)]
        self._empty_polls += 1
        self._timer = self._loop.call_later(delay, self._look_again)

    def _look_again(self) -> None:
        self._timer = None
        self.resume()

    async def take_rest(self) -> bool:
        """Takes what is in the FIFO, spool full or not: at most some pipe buffers, as somebody may still write. Whether
        all who wrote have closed it.
        """
        for _ in range(_LAST_FILLS):
            if self._fifo < 0:
                return True
            try:
                moved = self.spool.fill(self._fifo)
            except BlockingIOError:
                return False
            if moved == 0:
                return True
            self._arrived(self.stream)
            await asyncio.sleep(0)
        return False

    async def drain(self) -> None:
        """Takes what is left and stops for good, also where a writer is left, who belongs to nobody."""
        self._draining = True
        self.pause()
        await self.take_rest()
        self.close()

    def close(self) -> None:
        self.pause()
        if self._fifo >= 0:
            os.close(self._fifo)
            self._fifo = -1
