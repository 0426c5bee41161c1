"""What a process says and hears, and what was kept of it."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Protocol

from pier.domain.container import Container, LogConfig
from pier.domain.runtime import (
    Stdio,
)


class Output(Protocol):
    """One reader of a process's live output."""

    @property
    def logged_until(self) -> int:
        """For a reader that goes on where the log ends: the time of the last line before it, 0 if there is none."""
        ...

    def __aiter__(self) -> AsyncIterator[tuple[int, bytes]]:
        """(1 stdout or 2 stderr, bytes) until all writers have closed and all bytes were delivered."""
        ...

    def close(self) -> None: ...


class Stream(Protocol):
    """The three streams of one process, from before it is created until its last byte is read."""

    @property
    def stdio(self) -> Stdio: ...
    def attach(self, *, stdout: bool = True, stderr: bool = True, after_log: bool = False) -> Output:
        """A new reader that gets every byte from now on; before the process starts that is from its first byte.

        `after_log`: every byte that is not in the log yet, so that the log and it together have each one once.
        """
        ...

    async def write_stdin(self, data: bytes) -> None:
        """Waits while the process does not read. A process that is gone is Conflict."""
        ...

    async def close_stdin(self) -> None: ...
    async def take_rest(self) -> bool:
        """Reads on after the process has ended; whether every byte is read, so that `finish` need not wait for the
        deletion of the task.
        """
        ...

    async def finish(self) -> None:
        """Called once the task is deleted: waits (bounded) until every byte is read and in the log, then frees all."""
        ...

    async def abandon(self) -> None:
        """Called when the process was never created: frees all, keeps nothing."""
        ...


class Streams(Protocol):
    """Makes and finds streams; all of a container's live under its id, so that a reconciler finds what is left."""

    async def open(
        self,
        container_id: str,
        exec_id: str = "",
        *,
        stdin: bool,
        terminal: bool,
        log: LogConfig | None,
        log_path: str,
        container: Container | None = None,
    ) -> Stream:
        """FIFOs, spool and log of a process about to be created. No `log`: nothing is kept (execs, driver none).

        `container` is where the log options labels, env and tag take their values from; they need it.
        """
        ...

    async def reopen(
        self,
        container_id: str,
        exec_id: str = "",
        *,
        stdin: bool,
        terminal: bool,
        log: LogConfig | None,
        log_path: str,
        container: Container | None = None,
    ) -> Stream:
        """The same for a process that is running, or has ended, since pierd died: nothing is lost or repeated.

        For one that has ended too: finish() then brings its last output into the log.
        """
        ...

    async def discard(self, container_id: str) -> None:
        """Removes what a dead container may have left (FIFOs, spool, keeper's descriptors)."""
        ...

    async def list_ids(self) -> list[str]: ...


class LogLine(Protocol):
    @property
    def stream(self) -> int: ...
    @property
    def time(self) -> int: ...
    @property
    def text(self) -> bytes:
        """With its newline, unless the line was longer than 16 KiB and goes on in the next."""
        ...

    @property
    def attributes(self) -> Mapping[str, str]: ...


class Logs(Protocol):
    """Reads what a log driver wrote."""

    def check(self, config: LogConfig) -> None:
        """Raises InvalidArgument for an unknown driver or option."""
        ...

    def read(
        self,
        config: LogConfig,
        log_path: str,
        *,
        stdout: bool,
        stderr: bool,
        since: int = 0,
        until: int = 0,
        tail: int = -1,
        follow: Callable[[], bool] | None = None,
    ) -> AsyncIterator[Sequence[LogLine]]:
        """Batches of lines, oldest first; `tail` -1: all.

        `follow` says whether the container still runs: the iterator ends when it does not and all is read.

        Raises Unsupported for a driver that cannot be read (none).
        """
        ...

    async def remove(self, log_path: str) -> None: ...
