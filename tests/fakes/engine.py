"""An engine without containers behind it: it remembers what it was asked and answers from plain dicts."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from fakes.containers import WEB, a_container
from fakes.engine_objects import (
    FakeEvents,
    FakeExplanation,
    FakeImages,
    FakeNetworks,
    FakeSystem,
    FakeVolumeCopies,
    FakeVolumes,
)
from fakes.registry import FakeRegistry

from pier.domain.archive import FileChange, PathStat
from pier.domain.container import Container, Exec, ExecConfig
from pier.domain.errors import Conflict, InvalidArgument, NotFound
from pier.domain.filters import Filters
from pier.engine.containers.attach import AttachOptions, Detached
from pier.engine.containers.commit import CommitRequest
from pier.engine.containers.create import CreateRequest
from pier.engine.containers.inspect import ContainerDetails
from pier.engine.containers.listing import ContainerSummary
from pier.engine.containers.logs import LogOptions
from pier.engine.containers.update import UpdateRequest
from pier.engine.containers.usage import StatsSample
from pier.engine.registries import Registries


class FakeAttachment:
    """Output is what a test puts in with `say`; `heard` is what the client wrote."""

    def __init__(self, *, terminal: bool = False, ends_with_stdin: bool = False) -> None:
        self.terminal = terminal
        self.ends_with_stdin = ends_with_stdin
        self.heard = bytearray()
        self.stdin_closed = asyncio.Event()
        self.closed = asyncio.Event()
        self.detach_on = b""
        self._pieces: asyncio.Queue[tuple[int, bytes] | None] = asyncio.Queue()

    def say(self, data: bytes, stream: int = 1) -> None:
        self._pieces.put_nowait((stream, data))

    def end(self) -> None:
        self._pieces.put_nowait(None)

    async def __aiter__(self) -> AsyncIterator[tuple[int, bytes]]:
        while (piece := await self._pieces.get()) is not None:
            yield piece

    async def write(self, data: bytes) -> None:
        if self.detach_on and self.detach_on in data:
            raise Detached("read escape sequence")
        self.heard += data

    async def close_stdin(self) -> bool:
        self.stdin_closed.set()
        return not self.ends_with_stdin

    def close(self) -> None:
        self.closed.set()


@dataclass
class FakeWait:
    outcome: "asyncio.Future[tuple[int, str]]"

    async def result(self) -> tuple[int, str]:
        return await self.outcome


@dataclass(frozen=True)
class FakeLine:
    stream: int
    time: int
    text: bytes
    attributes: dict[str, str] = field(default_factory=dict)


class FakeContainers:
    def __init__(self) -> None:
        self.all: dict[str, Container] = {"web": a_container()}
        self.calls: list[tuple[Any, ...]] = []
        self.created: list[CreateRequest] = []
        self.failure: Exception | None = None
        self.attachment = FakeAttachment()
        self.attach_options: AttachOptions | None = None
        self.wait_condition: str | None = None
        self.outcome: asyncio.Future[tuple[int, str]] | None = None
        self.lines: list[list[FakeLine]] = []
        self.log_options: LogOptions | None = None
        self.log_end: Exception | asyncio.Event | None = None
        self.samples: list[StatsSample] = []
        self.filters = Filters()
        self.files: dict[str, PathStat] = {}
        self.found_changes: list[FileChange] = []
        self.commits: list[CommitRequest] = []
        self.warnings: list[str] = []

    def get(self, ref: str) -> Container:
        if self.failure is not None:
            raise self.failure
        for container in self.all.values():
            if ref.removeprefix("/") == container.name or (ref and container.id.startswith(ref)):
                return container
        raise NotFound(f"No such container: {ref}")

    async def create(self, request: CreateRequest) -> tuple[str, list[str]]:
        if self.failure is not None:
            raise self.failure
        if request.config.image != "busybox":
            raise NotFound(f"No such image: {request.config.image}:latest")
        self.created.append(request)
        return WEB, []

    def _note(self, verb: str, ref: str, *arguments: Any) -> None:
        self.calls.append((verb, self.get(ref).name, *arguments))

    async def start(self, ref: str) -> None:
        self._note("start", ref)

    async def stop(self, ref: str, timeout: int | None = None, signal: str = "") -> None:
        self._note("stop", ref, timeout, signal)

    async def restart(self, ref: str, timeout: int | None = None, signal: str = "") -> None:
        self._note("restart", ref, timeout, signal)

    async def kill(self, ref: str, signal: str = "") -> None:
        self._note("kill", ref, signal)

    async def pause(self, ref: str) -> None:
        self._note("pause", ref)

    async def unpause(self, ref: str) -> None:
        self._note("unpause", ref)

    async def rename(self, ref: str, new_name: str) -> None:
        self._note("rename", ref, new_name)

    async def resize(self, ref: str, height: int, width: int) -> None:
        self._note("resize", ref, height, width)

    async def remove(self, ref: str, *, volumes: bool = False, force: bool = False, link: bool = False) -> None:
        self._note("remove", ref, volumes, force, link)

    async def wait(self, ref: str, condition: str) -> FakeWait:
        self.get(ref)
        if condition not in ("", "not-running", "next-exit", "removed"):
            raise InvalidArgument(f'invalid condition: "{condition}"')
        self.wait_condition = condition
        self.outcome = asyncio.get_running_loop().create_future()
        return FakeWait(self.outcome)

    async def inspect(self, ref: str, *, size: bool = False) -> ContainerDetails:
        size_rw, size_root_fs = (0, 1234) if size else (None, None)
        return ContainerDetails(container=self.get(ref), size_rw=size_rw, size_root_fs=size_root_fs)

    async def list(
        self, *, all: bool = False, limit: int = 0, filters: Filters | None = None, size: bool = False
    ) -> "list[ContainerSummary]":
        self.filters = filters or Filters()
        self.calls.append(("list", all, limit, size))
        return [ContainerSummary(container=item, image_ref=item.image_ref) for item in self.all.values()]

    async def attach(self, ref: str, options: AttachOptions) -> FakeAttachment:
        self.get(ref)
        self.attach_options = options
        return self.attachment

    async def logs(self, ref: str, options: LogOptions) -> tuple[bool, AsyncIterator[Sequence[FakeLine]]]:
        container = self.get(ref)
        if not (options.stdout or options.stderr):
            raise InvalidArgument("Bad parameters: you must choose at least one stream")
        self.log_options = options
        return container.config.tty, self._read_lines()

    async def _read_lines(self) -> AsyncIterator[Sequence[FakeLine]]:
        for batch in self.lines:
            yield batch
        if isinstance(self.log_end, asyncio.Event):
            await self.log_end.wait()
        elif self.log_end is not None:
            raise self.log_end

    async def top(self, ref: str, ps_args: str) -> tuple[Sequence[str], Sequence[Sequence[str]]]:
        self.get(ref)
        return ["PID", "CMD"], [["42", "sleep 30"]]

    async def stats(self, ref: str) -> StatsSample:
        container = self.get(ref)
        return self.samples.pop(0) if self.samples else StatsSample(container=container)

    async def prune(self, filters: Filters) -> tuple[Sequence[str], int]:
        self.filters = filters
        return [], 0

    async def stat_path(self, ref: str, path: str) -> PathStat:
        self.get(ref)
        if path not in self.files:
            raise NotFound(f"Could not find the file {path} in container {ref}")
        return self.files[path]

    async def fetch(self, ref: str, path: str) -> tuple[PathStat, AsyncIterator[bytes]]:
        return await self.stat_path(ref, path), self._pieces()

    async def export(self, ref: str) -> AsyncIterator[bytes]:
        self.get(ref)
        return self._pieces()

    async def _pieces(self) -> AsyncIterator[bytes]:
        for piece in (b"tar", b"ball"):
            yield piece

    async def extract(
        self,
        ref: str,
        path: str,
        chunks: AsyncIterator[bytes],
        *,
        no_overwrite: bool = False,
        as_user: bool = False,
    ) -> None:
        await self.stat_path(ref, path)
        self._note("extract", ref, path, b"".join([chunk async for chunk in chunks]), no_overwrite, as_user)

    async def changes(self, ref: str) -> Sequence[FileChange]:
        self.get(ref)
        return self.found_changes

    async def commit(self, request: CommitRequest) -> str:
        self.get(request.container)
        self.commits.append(request)
        return "sha256:" + "c" * 64

    async def update(self, ref: str, request: UpdateRequest) -> Sequence[str]:
        self._note("update", ref, request)
        return self.warnings


class FakeExecs:
    def __init__(self, containers: FakeContainers) -> None:
        self._containers = containers
        self.all: dict[str, Exec] = {}
        self.attachment = FakeAttachment()
        self.starts: list[tuple[str, bool, tuple[int, int] | None]] = []

    async def create(self, ref: str, config: ExecConfig) -> str:
        container = self._containers.get(ref)
        exec_id = f"{len(self.all):064x}"
        self.all[exec_id] = Exec(id=exec_id, container_id=container.id, config=config)
        return exec_id

    def inspect(self, exec_id: str) -> Exec:
        if exec_id not in self.all:
            raise NotFound(f"No such exec instance: {exec_id}")
        return self.all[exec_id]

    async def start(
        self, exec_id: str, *, detach: bool, console_size: tuple[int, int] | None = None
    ) -> FakeAttachment | None:
        exec_ = self.inspect(exec_id)
        if exec_.started:
            raise Conflict(f"exec command {exec_id} has already run")
        self.all[exec_id] = replace(exec_, started=True)
        self.starts.append((exec_id, detach, console_size))
        return None if detach else self.attachment

    async def resize(self, exec_id: str, height: int, width: int) -> None:
        self.inspect(exec_id)


class FakeEngine:
    def __init__(self) -> None:
        self.containers = FakeContainers()
        self.execs = FakeExecs(self.containers)
        self.images = FakeImages()
        self.registry = FakeRegistry()
        self.registries = Registries(self.registry)
        self.networks = FakeNetworks()
        self.volumes = FakeVolumes()
        self.volume_copies = FakeVolumeCopies()
        self.explanation = FakeExplanation()
        self.system = FakeSystem()
        self.events = FakeEvents()
