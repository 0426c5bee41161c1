"""Live readers of a process's output."""

import asyncio
from collections.abc import Callable, Mapping

from pier.domain.errors import Unavailable
from pier.logs.spool import Spool

CHUNK = 256 << 10
_BREATHE = (1 << 20) - 1


class Output:
    """Yields (1 stdout or 2 stderr, bytes) of every byte from its start on, at its own pace: from the spools, or what
    `pull` gives it when it has read all that is there.

    `moved` is called when it has read on or goes away, so that spool can be freed. One task iterates.
    """

    def __init__(
        self,
        spools: Mapping[int, Spool],
        moved: Callable[["Output"], None],
        pull: Callable[[int], bytes],
        *,
        foreground: bool,
        positions: Mapping[int, int] | None = None,
        logged_until: int = 0,
    ) -> None:
        """Begins at `positions`, by default at the end of what has come so far."""
        self.positions = {stream: spool.end for stream, spool in spools.items()} | dict(positions or {})
        self.logged_until = logged_until
        self.foreground = foreground  # attached before the first byte: promised everything, never cut
        self.read_bytes = 0
        self._spools = dict(spools)
        self._moved = moved
        self._pull = pull
        self._last = 0
        self._waiter: asyncio.Future[tuple[int, bytes] | None] | None = None
        self._ended = self._closed = False
        self._reason = ""

    def __aiter__(self) -> "Output":
        return self

    async def __anext__(self) -> tuple[int, bytes]:
        """Raises Unavailable when it was cut for holding the process back."""
        while not self._closed:
            for stream in sorted(self._spools, key=lambda stream: stream == self._last):
                if chunk := self._read(stream):
                    self._count(stream, chunk)
                    self._moved(self)
                    if self.read_bytes & _BREATHE < len(chunk):
                        await asyncio.sleep(0)  # there may be megabytes at hand and a consumer that never waits
                    return stream, chunk
            if self._ended:
                break
            if handed := await self._wait():
                return handed
        self.close()
        if self._reason:
            raise Unavailable(self._reason)
        raise StopAsyncIteration

    def _read(self, stream: int) -> bytes:
        spool, position = self._spools[stream], self.positions[stream]
        return spool.read(position, CHUNK) if position < spool.end else self._pull(stream)

    def hand(self, stream: int, chunk: bytes) -> None:
        """Gives it what comes next while it waits."""
        if self._waiter is not None:
            self._count(stream, chunk)
            self._waiter.set_result((stream, chunk))

    def _count(self, stream: int, chunk: bytes) -> None:
        self._last = stream
        self.positions[stream] += len(chunk)
        self.read_bytes += len(chunk)

    @property
    def is_waiting(self) -> bool:
        """For more, having read all there is."""
        return self._waiter is not None and not self._waiter.done()

    async def _wait(self) -> tuple[int, bytes] | None:
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            return await self._waiter
        finally:
            self._waiter = None

    def wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def end(self) -> None:
        """No more bytes will come; what is in the spools is still delivered."""
        self._ended = True
        self.wake()

    def cut(self, reason: str) -> None:
        self._reason = reason
        self.close()

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._moved(self)
            self.wake()

    @property
    def is_closed(self) -> bool:
        return self._closed
