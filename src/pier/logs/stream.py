"""The three streams of one process, put together from FIFOs, spools, a log and live readers."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import Executor
from functools import partial
from pathlib import Path

from pier.domain.errors import Conflict
from pier.domain.runtime import Stdio
from pier.logs.output import Output
from pier.logs.source import Route, Source
from pier.logs.spill import Spill
from pier.logs.spool import Spool
from pier.logs.stdin import Stdin
from pier.logs.writer import LogWriter

FINISH_TIMEOUT = 10.0
STALL_TIMEOUT = 30.0
PATIENCE = 0.05  # seconds that a reader may be busy before what comes meanwhile is spooled for it
SPILL_AT = 8 << 20  # bytes of a spool that are held: half of what stops the process
SPILL_BOUND = 1 << 30
_PAST = (Route.READER, Route.BUSY_READER)

_log = logging.getLogger(__name__)


class Stream:
    """Made by Streams.open and reopen. Spool is held for whoever is slowest: the log or a live reader.

    With a log, what slow readers have not taken is moved to disk, so that they never hold the process back; one that
    falls a gigabyte behind is cut. Without a log (driver none, execs) the process waits when a spool is full, as with
    dockerd: a reader that was there from the first byte may hold it back for as long as it likes, a later one is cut
    after 30 s without progress.

    The spool is what makes a log safe from a crash. Without one, bytes are of use to live readers only, which a crash
    ends, too: a lone reader that keeps up takes them from the FIFO, and those that nobody reads are dropped.
    """

    def __init__(
        self,
        *,
        directory: Path,
        stdio: Stdio,
        fifos: Mapping[int, int],
        spools: Mapping[int, Spool],
        fresh: bool,
        released: Callable[["Stream"], Awaitable[None]],
    ) -> None:
        self.directory = directory
        self._released = released
        self._stdio = stdio
        self._spools = spools
        self._fresh = fresh
        self._sources = {
            n: Source(n, fifo, spools[n], self._arrived, self._route, self._hand) for n, fifo in fifos.items()
        }
        self._stdin = Stdin(stdio.stdin) if stdio.stdin else None
        self._outputs: set[Output] = set()
        self._writer: LogWriter | None = None
        self._notify: Callable[[], None] = lambda: None
        self._spilling: tuple[Executor, Path] | None = None
        self._spills: dict[int, asyncio.Future[tuple[Spill, int, int]]] = {}  # under way, by stream
        self._stall: asyncio.TimerHandle | None = None
        self._stall_marks: dict[Output, int] = {}
        self._spooling: set[int] = set()  # streams whose one reader was busy for too long, until it has caught up
        self._was_served = False
        self._patience: asyncio.TimerHandle | None = None
        self._over = False

    @property
    def stdio(self) -> Stdio:
        return self._stdio

    def begin(
        self, writer: LogWriter | None, notify: Callable[[], None], spilling: tuple[Executor, Path] | None = None
    ) -> None:
        """Starts reading; `notify` is called when the log has grown. `spilling`: a thread and a folder for it."""
        self._writer, self._notify, self._spilling = writer, notify, spilling
        for number, source in self._sources.items():
            if writer is not None:
                writer.feed(number)
            self._settle(number)
            source.resume()

    def attach(self, *, stdout: bool = True, stderr: bool = True, after_log: bool = False) -> Output:
        """A reader of every byte from now on, from the first one if the process has not written yet.

        `after_log`: of every byte that is not in the log yet; there the log says nothing later than `logged_until`.
        """
        wanted = {1: stdout, 2: stderr}
        spools = {number: spool for number, spool in self._spools.items() if wanted[number]}
        untouched = self._fresh and not any(spool.end for spool in self._spools.values())
        mark = self._writer.mark if self._writer is not None and after_log else None
        output = Output(
            spools,
            self._moved,
            self._pull,
            foreground=untouched,
            positions={n: max(mark.position(n), spool.floor) for n, spool in spools.items()} if mark else None,
            logged_until=mark.time if mark else 0,
        )
        if self._over:
            output.close()
        else:
            self._outputs.add(output)
            for number in spools:
                self._settle(number)
        return output

    async def write_stdin(self, data: bytes) -> None:
        """Waits while the process does not read. Raises Conflict when it is gone or has no standard input."""
        if self._stdin is None:
            raise Conflict("the process has no standard input")
        await self._stdin.write(data)

    async def close_stdin(self) -> None:
        if self._stdin is not None:
            self._stdin.close()

    # -- past the spool -----------------------------------------------------------------------------------------------

    def _route(self, number: int) -> Route:
        """Without a log, bytes are there for one reader at most; two need the spool, as does one that lags."""
        if self._writer is not None or number in self._spooling:
            return Route.SPOOL
        readers = [output for output in self._outputs if number in output.positions]
        if not readers:
            return Route.NOWHERE
        if len(readers) > 1 or readers[0].positions[number] < self._spools[number].end:
            return Route.SPOOL
        return Route.READER if readers[0].is_waiting else Route.BUSY_READER

    def _pull(self, number: int) -> bytes:
        if self._over or self._route(number) not in _PAST:
            return b""
        data = self._sources[number].pull()
        if data:
            self._watch_reader()
        return data

    def _hand(self, number: int, data: bytes) -> None:
        for output in self._outputs:
            if number in output.positions:
                output.hand(number, data)
        self._watch_reader()

    def _watch_reader(self) -> None:
        self._was_served = True
        if self._patience is None:
            self._patience = asyncio.get_running_loop().call_later(PATIENCE, self._look_at_reader)

    def _look_at_reader(self) -> None:
        """Goes on as long as the reader comes back for more; spools for one that does not."""
        self._patience = None
        if self._was_served:
            self._watch_reader()
            self._was_served = False
            return
        for number, source in self._sources.items():
            if self._route(number) is Route.BUSY_READER:
                self._spooling.add(number)
                source.resume()

    # -- what arrives, and what may be freed --------------------------------------------------------------------------

    def _arrived(self, number: int) -> None:
        if self._writer is not None:
            self._writer.feed(number)
        for output in self._outputs:
            output.wake()
        self._settle(number)

    def log_progressed(self) -> None:
        self._notify()
        for number in self._spools:
            self._settle(number)

    def _moved(self, output: Output) -> None:
        if output.is_closed:
            self._outputs.discard(output)
            self._stall_marks.pop(output, None)
        for number, position in output.positions.items():
            if output.is_closed or position == self._spools[number].end:
                self._spooling.discard(number)
            self._settle(number)
        if self._over and not self._outputs:
            self._close_spools()

    def _settle(self, number: int) -> None:
        """Frees what nobody needs; reads on if there is room again, else sees to it that there will be."""
        spool = self._spools[number]
        logged = spool.end if self._writer is None else self._writer.position(number)
        positions = [output.positions.get(number, spool.end) for output in self._outputs]
        spool.release_spilled(min(positions, default=spool.end))
        spool.release(min(logged, *(max(position, spool.spilled) for position in positions), spool.end))
        if self._over or self._route(number) in _PAST:
            return
        if spool.held >= SPILL_AT and logged > spool.floor:
            self._spill(number, logged)
        if not spool.is_full:
            self._sources[number].resume()
            return
        if self._writer is not None:
            self._writer.spool_full()
        if self._stall is None:
            self._watch_stalled()

    def _spill(self, number: int, logged: int) -> None:
        """Readers hold what the log has already: moves it to disk. A reader too far behind even there is cut."""
        if self._spilling is None or number in self._spills:
            return
        spool = self._spools[number]
        for output in list(self._outputs):
            if output.positions.get(number, spool.end) < spool.spilled - SPILL_BOUND:
                output.cut(f"this reader fell {SPILL_BOUND >> 20} MiB behind the process")
        executor, folder = self._spilling
        job = asyncio.get_running_loop().run_in_executor(executor, spool.spill, folder, logged)
        self._spills[number] = job
        job.add_done_callback(partial(self._spilt, number))

    def _spilt(self, number: int, job: "asyncio.Future[tuple[Spill, int, int]]") -> None:
        del self._spills[number]
        if job.cancelled():
            return
        if (error := job.exception()) is None:
            self._spools[number].take_spill(*job.result())
        else:
            _log.error("cannot keep what slow readers of %s have not taken yet: %s", self.directory, error)
            self._spilling = None  # as without a log from now on
        self._settle(number)

    def _watch_stalled(self) -> None:
        self._stall_marks = {output: output.read_bytes for output in self._outputs if not output.foreground}
        self._stall = asyncio.get_running_loop().call_later(STALL_TIMEOUT, self._cut_stalled)

    def _cut_stalled(self) -> None:
        self._stall = None
        full = [number for number, spool in self._spools.items() if spool.is_full]
        for output, mark in list(self._stall_marks.items()):
            lowest = any(output.positions.get(n, self._spools[n].end) <= self._spools[n].floor for n in full)
            if lowest and output.read_bytes == mark:
                output.cut(f"this reader took nothing for {STALL_TIMEOUT:.0f} s and held the process back")
        if any(spool.is_full for spool in self._spools.values()):
            self._watch_stalled()

    # -- the end ------------------------------------------------------------------------------------------------------

    async def take_rest(self) -> bool:
        """Takes what is in the FIFOs of a process that has ended; whether no more will come.

        False: somebody has them open, the shim that has not copied all of it yet, or a child of the process.
        """
        return all([await source.take_rest() for source in self._sources.values()])

    async def finish(self) -> None:
        """Call when the task is deleted: takes what is left in the FIFOs, completes the log, ends the readers.

        Waits at most 10 s. Readers that are behind still get the rest, from spools that have no name any more.
        """
        if self._over:
            return
        try:
            async with asyncio.timeout(FINISH_TIMEOUT):
                for source in self._sources.values():
                    await source.drain()
                if self._writer is not None:
                    await self._writer.finish()
        except TimeoutError:
            _log.error("the log behind %s is incomplete: it could not be written in time", self.directory)
        await self.abandon()

    async def abandon(self) -> None:
        """Frees all; what was not read yet is lost, except for readers that are attached."""
        if self._over:
            return
        await self.suspend()
        await self._released(self)

    async def suspend(self) -> None:
        """Lets go of everything without touching the files, so that another pierd can reopen them."""
        self._over = True
        for timer in (self._stall, self._patience):
            if timer is not None:
                timer.cancel()
        if self._spills:
            await asyncio.wait(self._spills.values())
        for source in self._sources.values():
            source.close()
        await self.close_stdin()
        for output in list(self._outputs):
            output.end()
        if self._writer is not None:
            await self._writer.close()
        if not self._outputs:
            self._close_spools()
        self._notify()

    def _close_spools(self) -> None:
        for spool in self._spools.values():
            spool.close()
