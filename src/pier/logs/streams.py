"""Makes and finds the streams of processes. Everything of a container lies in `<exec-root>/io/<its id>/`."""

import asyncio
import contextlib
import logging
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from pier.domain.container import Container, LogConfig
from pier.domain.errors import PierError
from pier.domain.runtime import Stdio
from pier.logs.arrivals import Arrivals
from pier.logs.attributes import line_attributes
from pier.logs.checkpoint import Checkpoint
from pier.logs.drivers import encoder_for, format_of
from pier.logs.forward import Forwarder
from pier.logs.forwarding import forwarder_for
from pier.logs.journal import Journal
from pier.logs.options import JSON_FILE, FileOptions, parse_options
from pier.logs.rotation import LogFile
from pier.logs.source import open_fifo
from pier.logs.spool import Spool
from pier.logs.stream import Stream
from pier.logs.writer import LogWriter

_log = logging.getLogger(__name__)

_OUTPUTS = {1: "stdout", 2: "stderr"}


class DescriptorKeeper(Protocol):
    """Holds descriptors in a process that outlives pierd."""

    async def put(self, name: str, descriptor: int) -> None: ...
    async def take(self, name: str) -> int | None:
        """A duplicate of what was put, or None."""
        ...

    async def forget(self, *names: str) -> None: ...
    async def names(self) -> list[str]: ...


@dataclass(frozen=True, slots=True)
class _Log:
    path: Path
    options: FileOptions
    attributes: Mapping[str, str]
    forwarder: Forwarder | None


class Streams:
    """No background tasks: work happens in callbacks of the loop and in threads of its own. End with `close()`."""

    def __init__(self, *, exec_root: Path, keeper: DescriptorKeeper, arrivals: Arrivals | None = None) -> None:
        self._root = exec_root / "io"
        self._keeper = keeper
        self._arrivals = arrivals or Arrivals()
        self._open: set[Stream] = set()
        self._pool = ThreadPoolExecutor(2, "pier-logs")
        self._compressor = ThreadPoolExecutor(1, "pier-logs-gzip")

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
        """FIFOs, spools and log for a process about to be created; leftovers of an earlier one are removed.

        Raises InvalidArgument for bad log options, PierError when files cannot be made.
        """
        kept = _log_of(log, log_path, container, fresh=True)
        return await self._make(container_id, exec_id, stdin, terminal, kept, fresh=True)

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
        """Takes up the streams of a process that an earlier pierd started; it may have ended since.

        The log is cut to its checkpoint and written on from the spools. Raises as `open` does.
        """
        kept = _log_of(log, log_path, container, fresh=False)
        return await self._make(container_id, exec_id, stdin, terminal, kept, fresh=False)

    async def _make(
        self, container_id: str, exec_id: str, stdin: bool, terminal: bool, log: _Log | None, *, fresh: bool
    ) -> Stream:
        directory = self._root / container_id / exec_id
        stdio = _stdio(directory, stdin, terminal)
        spools: dict[int, Spool] = {}
        fifos: dict[int, int] = {}
        journals: list[Journal] = []
        try:
            await self._in_thread(_prepare, directory, stdio, fresh)
            for number, name in _OUTPUTS.items():
                if number == 1 or not terminal:
                    await self._add_fifo(fifos, number, directory / name, fresh)
                    spools[number] = Spool(directory / f"{name}.spool")
            if log is not None:
                await self._in_thread(self._add_journal, journals, directory, log, spools, fresh)
        except BaseException as error:  # also when cancelled: the start that wanted them has failed elsewhere
            _close_all(fifos, spools, journals)
            if fresh:
                await self._forget(directory)
            if not isinstance(error, OSError):
                raise
            raise PierError(f"cannot open the streams of container {container_id} in {directory}: {error}") from error
        journal = journals[0] if journals else None
        return self._assemble(directory, stdio, fifos, spools, log, journal, fresh)

    async def _in_thread(self, function: Callable[..., None], *arguments: object) -> None:
        """Runs it in a log thread. Who is cancelled waits for it: nothing may be closed under a running thread."""
        running = asyncio.get_running_loop().run_in_executor(self._pool, function, *arguments)
        try:
            await asyncio.shield(running)
        except asyncio.CancelledError:
            await asyncio.wait({running})
            raise

    async def _add_fifo(self, fifos: dict[int, int], number: int, path: Path, fresh: bool) -> None:
        name = self._name(path)
        kept = None if fresh else await self._keeper.take(name)
        fifos[number] = open_fifo(str(path)) if kept is None else kept
        if kept is None:
            await self._keeper.put(name, fifos[number])

    def _add_journal(
        self, journals: list[Journal], directory: Path, log: _Log, spools: Mapping[int, Spool], fresh: bool
    ) -> None:
        file = LogFile(log.path, log.options, self._compressor)
        encoder = encoder_for(log.options, log.attributes)
        forwarder, decode = log.forwarder, format_of(log.options).decode
        hand_on = None if forwarder is None else lambda records: forwarder.put(decode(records))
        journal = Journal(file, encoder, Checkpoint(directory / "checkpoint"), spools, hand_on)
        journals.append(journal)
        if fresh:
            journal.begin()
        else:
            journal.resume()

    def _assemble(
        self,
        directory: Path,
        stdio: Stdio,
        fifos: dict[int, int],
        spools: dict[int, Spool],
        log: _Log | None,
        journal: Journal | None,
        fresh: bool,
    ) -> Stream:
        stream = Stream(
            directory=directory, stdio=stdio, fifos=fifos, spools=spools, fresh=fresh, released=self._released
        )
        writer = None
        notify_path = ""
        if journal is not None and log is not None:
            writer = LogWriter(journal, spools, log.options, self._pool, stream.log_progressed, log.forwarder)
            notify_path = str(log.path)
        self._open.add(stream)
        spilling = (self._pool, log.path.parent) if log is not None else None
        stream.begin(writer, lambda: self._arrivals.notify(notify_path), spilling)
        return stream

    async def _released(self, stream: Stream) -> None:
        """A stream has ended for good: its descriptors and files go, and the container's directory with the last."""
        self._open.discard(stream)
        await self._forget(stream.directory)

    async def _forget(self, directory: Path) -> None:
        await self._keeper.forget(*(self._name(directory / name) for name in _OUTPUTS.values()))
        # On a disk (exec-root is not always a tmpfs) it takes milliseconds to free a spool.
        await asyncio.to_thread(_remove_directory, directory, self._root)

    def _name(self, fifo: Path) -> str:
        return str(fifo.relative_to(self._root.parent))

    async def discard(self, container_id: str) -> None:
        """Removes what a dead container may have left: FIFOs, spools, descriptors, of its execs too.

        Where there is no directory nothing is left: the keeper is told to forget before a directory goes.
        """
        if not (self._root / container_id).exists():
            return
        prefix = f"io/{container_id}/"
        left = [name for name in await self._keeper.names() if name.startswith(prefix)]
        if left:
            await self._keeper.forget(*left)
        await asyncio.to_thread(shutil.rmtree, self._root / container_id, ignore_errors=True)

    async def list_ids(self) -> list[str]:
        """The containers that have streams here, of a running process or left over."""
        with contextlib.suppress(FileNotFoundError):
            return sorted(os.listdir(self._root))
        return []

    async def close(self) -> None:
        """pierd ends, containers run on: lets go of every stream so that the next pierd can reopen it."""
        for stream in list(self._open):
            await stream.suspend()
        self._open.clear()
        await asyncio.to_thread(self._pool.shutdown)
        await asyncio.to_thread(self._compressor.shutdown)


def _stdio(directory: Path, stdin: bool, terminal: bool) -> Stdio:
    return Stdio(
        stdin=str(directory / "stdin") if stdin else "",
        stdout=str(directory / "stdout"),
        stderr="" if terminal else str(directory / "stderr"),
        terminal=terminal,
    )


def _log_of(config: LogConfig | None, path: str, container: Container | None, *, fresh: bool) -> _Log | None:
    options = parse_options(config) if config is not None else None
    if config is None or options is None:
        return None
    attributes = line_attributes(config.options, container) if options.driver == JSON_FILE else {}
    try:
        forwarder = forwarder_for(config, container)
    except PierError as error:
        if fresh:
            raise
        _log.warning("the log of container %s is kept here only: %s", container and container.id, error.message)
        forwarder = None  # a process that runs is not ended for that
    return _Log(Path(path), options, attributes, forwarder)


def _prepare(directory: Path, stdio: Stdio, fresh: bool) -> None:
    """The directory with its FIFOs: new ones, or with `fresh` unset those that are missing. Raises OSError."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    names = [path for path in (stdio.stdin, stdio.stdout, stdio.stderr) if path]
    if fresh:
        _remove_files(directory)
    for name in names:
        with contextlib.suppress(FileExistsError):
            os.mkfifo(name, 0o600)
            if not fresh:
                _log.warning("the FIFO %s is gone; what the process writes cannot be read any more", name)


def _remove_directory(directory: Path, root: Path) -> None:
    """With its files, and the one above it below `root` once that is empty."""
    _remove_files(directory)
    for place in (directory, directory.parent):
        if place != root:
            with contextlib.suppress(OSError):  # not empty: execs, or the container's own streams
                place.rmdir()


def _remove_files(directory: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        for entry in directory.iterdir():
            if not entry.is_dir():
                entry.unlink(missing_ok=True)


def _close_all(fifos: Mapping[int, int], spools: Mapping[int, Spool], journals: Sequence[Journal]) -> None:
    for journal in journals:
        journal.close()
    for descriptor in fifos.values():
        os.close(descriptor)
    for spool in spools.values():
        spool.close()
