"""Hands the growth of the spools to the log thread: one job at a time for each log, in order of arrival."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from functools import partial

from pier.logs.checkpoint import Mark
from pier.logs.forward import Forwarder
from pier.logs.journal import Journal
from pier.logs.options import FileOptions
from pier.logs.spool import Spool

_JOB = 1 << 20  # bytes; after each job the loop frees spool and wakes followers
_RETRY = 1.0  # seconds until a failed append (a full disk) is tried again
_LAST_TRIES = 3  # failed appends after the end of the process, until its last lines are given up
_TELL = 10.0  # seconds between two words about output that is being left out
_SEGMENTS = 1024  # beyond so many changes between stdout and stderr their order in the log gets coarser

_log = logging.getLogger(__name__)


class LogWriter:
    """Lives on the loop. `progressed` is called there after each job, when positions have moved."""

    def __init__(
        self,
        journal: Journal,
        spools: Mapping[int, Spool],
        options: FileOptions,
        pool: Executor,
        progressed: Callable[[], None],
        forwarder: Forwarder | None = None,
    ) -> None:
        self._journal = journal
        self._spools = spools
        self._options = options
        self._pool = pool
        self._progressed = progressed
        self._forwarder = forwarder
        self._loop = asyncio.get_running_loop()
        self._segments: deque[tuple[int, int]] = deque()  # (stream, up to which position)
        self._taken = {stream: journal.position(stream) for stream in spools}
        self._job: asyncio.Future[None] | None = None
        self._retry: asyncio.TimerHandle | None = None
        self._finishing = self._flushed = False
        self._failed_at_end = 0
        self._idle = asyncio.Event()
        self._closed = False
        self._tell_at = 0.0

    def position(self, stream: int) -> int:
        return self._journal.position(stream)

    @property
    def mark(self) -> Mark:
        """How far the log has come."""
        return self._journal.mark

    def feed(self, stream: int) -> None:
        """The spool of `stream` has grown."""
        if self._segments and self._segments[-1][0] == stream:
            self._segments.pop()
        elif len(self._segments) >= _SEGMENTS:
            self._segments = deque((other, spool.end) for other, spool in self._spools.items() if other != stream)
        self._segments.append((stream, self._spools[stream].end))
        busy = self._job is not None or self._retry is not None
        if busy and self._options.non_blocking:
            self._skip(stream, self._spools[stream].end - self._options.max_buffer)
        self._dispatch()

    def spool_full(self) -> None:
        """While the log cannot be written at all (a full disk), rather log less than stop the container."""
        if self._retry is not None:
            for stream, spool in self._spools.items():
                self._skip(stream, spool.end)

    def _skip(self, stream: int, position: int) -> None:
        if position > self._journal.position(stream):
            self._journal.skip(stream, position)
            if self._loop.time() >= self._tell_at:
                self._tell_at = self._loop.time() + _TELL
                _log.warning("the log %s cannot keep up: %s", self._journal.path, self._left_out())

    def _left_out(self) -> str:
        return (
            f"{self._journal.dropped_lines} lines of output ({self._journal.dropped} bytes) were left out of it so far"
        )

    def _dispatch(self) -> None:
        if self._closed or self._job is not None or self._retry is not None:
            return
        segments = self._take()
        final = not segments and self._finishing and not self._flushed
        if final:
            segments = [
                (stream, spool.end) for stream, spool in self._spools.items() if spool.end > self.position(stream)
            ]
        if not segments:
            self._idle.set()
            return
        self._idle.clear()
        self._job = self._loop.run_in_executor(self._pool, partial(self._journal.write, segments, final=final))
        self._job.add_done_callback(partial(self._done, segments, final))

    def _take(self) -> list[tuple[int, int]]:
        """The next segments, about 1 MiB of them."""
        taken: list[tuple[int, int]] = []
        room = _JOB
        while self._segments and room > 0:
            stream, end = self._segments[0]
            size = max(0, end - self._taken[stream])
            if size > room:
                end, size = end - size + room, room
            else:
                self._segments.popleft()
            if not size:  # nothing since the last job: not worth a way to the thread and back
                continue
            taken.append((stream, end))
            self._taken[stream] = end
            room -= size
        return taken

    def _done(self, segments: list[tuple[int, int]], final: bool, job: asyncio.Future[None]) -> None:
        self._job = None
        if job.cancelled():
            return
        if (error := job.exception()) is None:
            self._flushed = self._flushed or final
            self._dispatch()
        else:
            _log.error("cannot write the log %s, trying again: %s", self._journal.path, error)
            if not final:
                self._segments.extendleft(reversed(segments))
            self._taken = {stream: self._journal.position(stream) for stream in self._spools}
            self._failed_at_end += self._finishing
            if self._failed_at_end < _LAST_TRIES:
                self._retry = self._loop.call_later(_RETRY, self._try_again)
            else:
                self._give_up()
        self._progressed()

    def _give_up(self) -> None:
        """Whoever stops or removes the container waits for the end of its log: a full disk must not keep them."""
        for stream, spool in self._spools.items():
            self._skip(stream, spool.end)
        self._segments.clear()
        self._idle.set()

    def _try_again(self) -> None:
        self._retry = None
        self._dispatch()

    async def finish(self) -> None:
        """Waits until every byte is in the log, a last line without newline too. Bound it from outside."""
        self._finishing = True
        self._idle.clear()
        self._dispatch()
        await self._idle.wait()

    async def close(self) -> None:
        """Stops where it is; the job that runs is waited for."""
        if self._retry is not None:
            self._retry.cancel()
        self._closed = True
        if self._job is not None:
            await asyncio.wait({self._job}, timeout=10)
        if self._journal.dropped:
            _log.warning(
                "%d lines of output (%d bytes) were left out of the log %s",
                self._journal.dropped_lines,
                self._journal.dropped,
                self._journal.path,
            )
        await self._loop.run_in_executor(self._pool, self._journal.close)
        if self._forwarder is not None:
            self._forwarder.close()
