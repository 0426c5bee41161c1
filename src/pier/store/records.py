"""Records: one SQLite file in WAL mode, one thread that owns it, commits in groups.

WAL with synchronous=NORMAL survives a killed pierd at any moment; `durable` commits run with synchronous=FULL and
survive a power cut too (sqlite.org/pragma.html#pragma_synchronous). Callers that wait at the same time share one
transaction. Its cost is then that of the slowest, and their order is that of their calls.
"""

import asyncio
import queue
import sqlite3
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pier.domain.container import Container
from pier.domain.errors import PierError, Unavailable
from pier.domain.event import Event
from pier.domain.network import Network
from pier.domain.record import Change, Drop, Intent, Publish, Put, Stored
from pier.domain.volume import Volume
from pier.store import codec
from pier.store.migrations import migrate

QUEUE_LIMIT = 1024
GROUP_LIMIT = 128
EVENTS_KEPT = 20_000
EVENTS_SIZE = 64 << 20  # bytes kept of them: an event bears its object's labels, which may be megabytes
PRUNE_EVERY = 1_000
_LAST_TIME = 2**63 - 1  # SQLite's integers have 64 bits; a caller's times need not

T = TypeVar("T")


@dataclass(slots=True)
class _Job:
    """Work for the database thread; a commit carries changes, anything else a function."""

    future: asyncio.Future[Any]
    changes: Sequence[Change] | None = None
    durable: bool = False
    function: Callable[[sqlite3.Connection], Any] | None = None


class Records:
    """Open with `await Records.open(path)`, end with `await close()`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._jobs: queue.Queue[_Job | None] = queue.Queue(QUEUE_LIMIT)
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._run, name="pier-store", daemon=True)
        self._since_prune = PRUNE_EVERY
        self._size_since_prune = 0
        self._closed = False

    @classmethod
    async def open(cls, path: Path) -> "Records":
        """Opens or creates the file and brings its schema up to date. Raises PierError when it cannot be used."""
        records = cls(path)
        ready = records._loop.create_future()
        records._jobs.put_nowait(_Job(ready, function=lambda connection: None))
        records._thread.start()
        await ready
        return records

    async def close(self) -> None:
        """Waits until everything that was handed over is written."""
        if not self._closed:
            self._closed = True
            await asyncio.to_thread(self._jobs.put, None)
            await asyncio.to_thread(self._thread.join, 10)

    async def load(self) -> Stored:
        return await self._call(_load)

    async def commit(
        self, changes: Sequence[Change], *, durable: bool = False, on_written: Callable[[], None] | None = None
    ) -> None:
        """See the port."""
        if not changes:
            return
        job = _Job(self._loop.create_future(), changes=changes, durable=durable)
        if on_written is not None:
            job.future.add_done_callback(lambda done: None if done.exception() else on_written())
        await self._submit(job)

    async def events(self, since: int, until: int) -> list[Event]:
        between = tuple(max(0, min(time, _LAST_TIME)) for time in (since, until))

        def read(connection: sqlite3.Connection) -> list[Event]:
            rows = connection.execute("SELECT value FROM events WHERE time BETWEEN ? AND ? ORDER BY id", between)
            return [codec.decode(value, Event, "an event") for (value,) in rows]

        return await self._call(read)

    async def _call(self, function: Callable[[sqlite3.Connection], T]) -> T:
        job = _Job(self._loop.create_future(), function=function)
        await self._submit(job)
        result: T = job.future.result()
        return result

    async def _submit(self, job: _Job) -> None:
        if self._closed:
            raise Unavailable("pierd is shutting down and writes no more records; try again when it is up")
        try:
            self._jobs.put_nowait(job)
        except queue.Full:
            raise Unavailable("too many records wait to be written; the disk is too slow, try again later") from None
        # A commit that was handed over happens, even when its caller is cancelled meanwhile.
        await asyncio.shield(job.future)

    # -- below here: the database thread ----------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            connection = sqlite3.connect(self._path, isolation_level=None)
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            migrate(connection)
        except (sqlite3.Error, PierError, OSError) as error:
            message = error.message if isinstance(error, PierError) else str(error)
            self._fail_all(PierError(f"cannot open the records in {self._path}: {message}"))
            return
        try:
            while self._serve(connection):
                pass
        finally:
            connection.close()

    def _serve(self, connection: sqlite3.Connection) -> bool:
        """Takes what waits, runs it; False once the end was asked for."""
        group, more = self._take_group()
        commits: list[_Job] = []
        for job in group:
            if job.function is None:
                commits.append(job)
                continue
            self._write(connection, commits)
            commits = []
            self._run_function(connection, job)
        self._write(connection, commits)
        return more

    def _take_group(self) -> tuple[list[_Job], bool]:
        group: list[_Job] = []
        job = self._jobs.get()
        while job is not None:
            group.append(job)
            if len(group) >= GROUP_LIMIT:
                return group, True
            try:
                job = self._jobs.get_nowait()
            except queue.Empty:
                return group, True
        return group, False

    def _run_function(self, connection: sqlite3.Connection, job: _Job) -> None:
        assert job.function is not None
        try:
            result = job.function(connection)
        except PierError as error:
            self._settle(job, error=error)
        except Exception as error:  # whatever it is: without this thread nothing is ever written again
            self._settle(job, error=PierError(f"cannot read {self._path}: {error!r}"))
        else:
            self._settle(job, result)

    def _write(self, connection: sqlite3.Connection, jobs: list[_Job]) -> None:
        """One transaction for all; when it fails, one for each, so that only the guilty one fails."""
        if not jobs:
            return
        try:
            self._transact(connection, jobs)
        except Exception as error:  # whatever it is: without this thread nothing is ever written again
            if len(jobs) == 1:
                self._settle(jobs[0], error=PierError(f"cannot write to {self._path}: {error}"))
                return
            for job in jobs:
                self._write(connection, [job])
            return
        for job in jobs:
            self._settle(job, None)

    def _transact(self, connection: sqlite3.Connection, jobs: list[_Job]) -> None:
        durable = any(job.durable for job in jobs)
        if durable:
            connection.execute("PRAGMA synchronous = FULL")
        try:
            connection.execute("BEGIN IMMEDIATE")
            for job in jobs:
                for change in job.changes or ():
                    self._apply(connection, change)
            connection.execute("COMMIT")
        except Exception:  # a change that cannot be encoded, too: an open transaction would fail all that follow
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        finally:
            if durable:
                connection.execute("PRAGMA synchronous = NORMAL")

    def _apply(self, connection: sqlite3.Connection, change: Change) -> None:
        match change:
            case Put(value):
                connection.execute(
                    "INSERT INTO records (kind, key, version, value) VALUES (?, ?, ?, ?)"
                    " ON CONFLICT (kind, key) DO UPDATE SET version = excluded.version, value = excluded.value",
                    (codec.kind_of(value), codec.key_of(value), codec.VERSION, codec.encode(value)),
                )
            case Drop(value):
                connection.execute(
                    "DELETE FROM records WHERE kind = ? AND key = ?", (codec.kind_of(value), codec.key_of(value))
                )
            case Publish(event):
                data = codec.encode(event)
                connection.execute("INSERT INTO events (time, value) VALUES (?, ?)", (event.time, data))
                self._bound_events(connection, len(data))

    def _bound_events(self, connection: sqlite3.Connection, size: int) -> None:
        """Now and then, the first time soon: a pierd that is started again and again must do so, too."""
        self._since_prune += 1
        self._size_since_prune += size
        if self._since_prune < PRUNE_EVERY and self._size_since_prune < EVENTS_SIZE // 4:
            return
        self._since_prune = self._size_since_prune = 0
        connection.execute("DELETE FROM events WHERE id <= (SELECT max(id) FROM events) - ?", (EVENTS_KEPT,))
        kept = 0
        for number, length in connection.execute("SELECT id, length(value) FROM events ORDER BY id DESC"):
            kept += length
            if kept > EVENTS_SIZE:
                connection.execute("DELETE FROM events WHERE id <= ?", (number,))
                break

    def _fail_all(self, error: PierError) -> None:
        job = self._jobs.get()
        while job is not None:
            self._settle(job, error=error)
            if self._closed:
                return
            job = self._jobs.get()

    def _settle(self, job: _Job, result: object = None, *, error: Exception | None = None) -> None:
        def settle() -> None:
            if job.future.done():
                return
            if error is not None:
                job.future.set_exception(error)
            else:
                job.future.set_result(result)

        self._loop.call_soon_threadsafe(settle)


def _load(connection: sqlite3.Connection) -> Stored:
    found: dict[str, list[Any]] = {"container": [], "network": [], "volume": [], "intent": []}
    shapes: dict[str, type] = {"container": Container, "network": Network, "volume": Volume, "intent": Intent}
    for kind, key, value in connection.execute("SELECT kind, key, value FROM records ORDER BY kind, key"):
        if kind in shapes:
            found[kind].append(codec.decode(value, shapes[kind], f"{kind} {key}"))
    (last,) = connection.execute("SELECT coalesce(max(time), 0) FROM events").fetchone()
    return Stored(
        containers=tuple(found["container"]),
        networks=tuple(found["network"]),
        volumes=tuple(found["volume"]),
        intents=tuple(found["intent"]),
        last_event_time=last,
    )
