"""Logs: reads what the drivers json-file and local wrote, follows it, removes it."""

import asyncio
import contextlib
import re
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from pathlib import Path

from pier.domain.container import LogConfig
from pier.domain.errors import PierError, Unsupported
from pier.logs.arrivals import Arrivals
from pier.logs.drivers import format_of
from pier.logs.formats import Record
from pier.logs.options import parse_options
from pier.logs.scan import Scan, Selection

_ROTATED = re.compile(r"(\.\d+(\.gz(\.tmp)?)?)?")
_POLL = 0.1  # seconds between looks at whether the container still runs, and at a log that another process writes


class Logs:
    """Give it the `Arrivals` of the Streams that write in this process, then followers wake at once."""

    def __init__(self, arrivals: Arrivals | None = None) -> None:
        self._arrivals = arrivals or Arrivals()

    def check(self, config: LogConfig) -> None:
        """Raises InvalidArgument for an unknown driver or option, Unsupported for a driver that Pier lacks."""
        parse_options(config)

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
    ) -> AsyncIterator[Sequence[Record]]:
        """Batches, oldest line first. `tail` counts lines of both streams and before `since`, as dockerd does.

        With `follow` it goes on until that is False and all is read. Raises Unsupported, at once, for `none` and for
        logs that are handed on and not kept.
        """
        options = parse_options(config)
        if options is None or not options.kept:
            raise Unsupported("configured logging driver does not support reading")
        selection = Selection(stdout=stdout, stderr=stderr, since=since, until=until, tail=tail)
        return self._batches(log_path, Scan(Path(log_path), selection, format_of(options)), follow or (lambda: False))

    async def _batches(self, path: str, scan: Scan, follow: Callable[[], bool]) -> AsyncIterator[Sequence[Record]]:
        with self._arrivals.watch(path) as arrived, _closing(scan) as read:
            while True:
                running = follow()  # asked before reading: what it wrote until it ended is there then
                arrived.clear()
                batch = await read()
                if batch:
                    given, batch = [batch], None
                    yield given.pop()  # nobody but its reader holds it, who may take long
                elif batch is None:
                    if not running or scan.exhausted:
                        return
                    await _wait(arrived)

    async def remove(self, log_path: str) -> None:
        """All files of the log; absent is no error."""
        await asyncio.to_thread(_remove, Path(log_path))


@contextlib.contextmanager
def _closing(scan: Scan) -> Iterator[Callable[[], Awaitable[Sequence[Record] | None]]]:
    """A way to read `scan` in a thread; at the end of the block it is closed, but never while the thread is in it."""
    jobs: list[asyncio.Future[Sequence[Record] | None]] = []

    async def read() -> Sequence[Record] | None:
        jobs[:] = [asyncio.get_running_loop().run_in_executor(None, scan.next)]
        try:
            batch = await asyncio.shield(jobs[0])
        except (OSError, EOFError, zlib.error) as error:
            raise PierError(f"cannot read the log: {error}") from error
        jobs.clear()
        return batch

    def close(job: asyncio.Future[Sequence[Record] | None]) -> None:
        if not job.cancelled():
            job.exception()  # seen, in case nobody waited for it any more
        scan.close()

    try:
        yield read
    finally:
        if jobs:
            jobs[0].add_done_callback(close)
        else:
            scan.close()


async def _wait(arrived: asyncio.Event) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_POLL):
            await arrived.wait()


def _remove(path: Path) -> None:
    for file in path.parent.glob(f"{path.name}*") if path.parent.is_dir() else ():
        if _ROTATED.fullmatch(file.name.removeprefix(path.name)):
            file.unlink(missing_ok=True)
