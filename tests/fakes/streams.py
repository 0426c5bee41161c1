"""Streams and Logs in memory, for tests of what sits above them."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from pier.domain.container import Container, LogConfig
from pier.domain.errors import Conflict, InvalidArgument, Unsupported
from pier.domain.runtime import Stdio


class FakeOutput:
    """A reader over an unbounded queue; None ends it."""

    def __init__(self, wanted: set[int]) -> None:
        self.wanted = wanted
        self.logged_until = 0
        self.closed = False
        self.chunks: asyncio.Queue[tuple[int, bytes] | None] = asyncio.Queue()

    def __aiter__(self) -> AsyncIterator[tuple[int, bytes]]:
        return self._iterate()

    async def _iterate(self) -> AsyncIterator[tuple[int, bytes]]:
        while (chunk := await self.chunks.get()) is not None:
            yield chunk

    def close(self) -> None:
        self.closed = True
        self.chunks.put_nowait(None)


class FakeStream:
    """`emit` is the process writing; `stdin` and `stdin_closed` are what it got."""

    def __init__(self, stdio: Stdio) -> None:
        self._stdio = stdio
        self.logged_until = 0
        self.stdin = b""
        self.stdin_closed = False
        self.finished = self.abandoned = False
        self.closed_by_writers = False
        self.outputs: list[FakeOutput] = []

    @property
    def stdio(self) -> Stdio:
        return self._stdio

    def attach(self, *, stdout: bool = True, stderr: bool = True, after_log: bool = False) -> FakeOutput:
        output = FakeOutput({number for number, wanted in ((1, stdout), (2, stderr)) if wanted})
        output.logged_until = self.logged_until if after_log else 0
        self.outputs.append(output)
        if self.finished or self.abandoned:
            output.close()
        return output

    def emit(self, data: bytes, stream: int = 1) -> None:
        for output in self.outputs:
            if stream in output.wanted and not output.closed:
                output.chunks.put_nowait((stream, data))

    async def write_stdin(self, data: bytes) -> None:
        if self.stdin_closed or self.finished or not self._stdio.stdin:
            raise Conflict("the standard input is closed")
        self.stdin += data

    async def close_stdin(self) -> None:
        self.stdin_closed = True

    async def take_rest(self) -> bool:
        return self.closed_by_writers

    async def finish(self) -> None:
        self.finished = True
        self._end()

    async def abandon(self) -> None:
        self.abandoned = True
        self._end()

    def _end(self) -> None:
        for output in self.outputs:
            output.chunks.put_nowait(None)


@dataclass
class FakeStreams:
    """`made` holds every stream by (container id, exec id); `failure` makes the next open raise it."""

    made: dict[tuple[str, str], FakeStream] = field(default_factory=dict)
    reopened: list[tuple[str, str]] = field(default_factory=list)
    discarded: list[str] = field(default_factory=list)
    failure: Exception | None = None
    gate: asyncio.Event | None = None  # reopening waits for it

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
    ) -> FakeStream:
        if self.failure is not None:
            failure, self.failure = self.failure, None
            raise failure
        place = f"/io/{container_id}/{exec_id}".rstrip("/")
        stream = FakeStream(
            Stdio(
                stdin=f"{place}/stdin" if stdin else "",
                stdout=f"{place}/stdout",
                stderr="" if terminal else f"{place}/stderr",
                terminal=terminal,
            )
        )
        self.made[container_id, exec_id] = stream
        return stream

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
    ) -> FakeStream:
        if self.gate is not None:
            await self.gate.wait()
        self.reopened.append((container_id, exec_id))
        return await self.open(
            container_id, exec_id, stdin=stdin, terminal=terminal, log=log, log_path=log_path, container=container
        )

    async def discard(self, container_id: str) -> None:
        self.discarded.append(container_id)
        for key in [key for key in self.made if key[0] == container_id]:
            del self.made[key]

    async def list_ids(self) -> list[str]:
        live = (key[0] for key, stream in self.made.items() if not (stream.finished or stream.abandoned))
        return sorted(set(live))


@dataclass(frozen=True)
class FakeLogLine:
    stream: int
    time: int
    text: bytes
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass
class FakeLogs:
    """`lines` by log path; following polls, like a reader of files."""

    lines: dict[str, list[FakeLogLine]] = field(default_factory=dict)
    removed: list[str] = field(default_factory=list)

    def check(self, config: LogConfig) -> None:
        if config.driver not in ("json-file", "local", "none"):
            raise InvalidArgument(f"logger: no log driver named '{config.driver}' is registered")

    async def read(
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
    ) -> AsyncIterator[Sequence[FakeLogLine]]:
        if config.driver == "none":
            raise Unsupported("configured logging driver does not support reading")
        wanted = {number for number, flag in ((1, stdout), (2, stderr)) if flag}
        at = max(0, len(self.lines.get(log_path, [])) - tail) if tail >= 0 else 0
        while True:
            running = follow is not None and follow()
            new = self.lines.get(log_path, [])[at:]
            at += len(new)
            batch = [x for x in new if x.stream in wanted and x.time >= since and (not until or x.time <= until)]
            if batch:
                yield batch
            if not running:
                return
            await asyncio.sleep(0.005)

    async def remove(self, log_path: str) -> None:
        self.removed.append(log_path)
        self.lines.pop(log_path, None)
