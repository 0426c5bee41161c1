"""Work that reports while it goes on: a job of its own, and the stream of its reports."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass

from pier.domain.registry import Progress

_BACKLOG = 256


class Reporter:
    """The job's end of the stream. A reader that is slow slows the job down; hints are dropped instead."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[Progress | _End] = asyncio.Queue(_BACKLOG)
        self._heard = True

    async def report(self, line: "Progress | _End") -> None:
        """A line that must arrive, while there is a reader."""
        if self._heard:
            await self.queue.put(line)

    def hint(self, line: Progress) -> None:
        """A line that the next one makes out of date: bytes done so far."""
        if self.queue.qsize() < _BACKLOG // 2:
            self.queue.put_nowait(line)

    def hush(self) -> None:
        """The reader has gone: nobody waits for room, which would never come."""
        self._heard = False


@dataclass(frozen=True, slots=True)
class _End:
    error: Exception | None


async def run_reporting(name: str, job: Callable[[Reporter], Awaitable[None]]) -> AsyncGenerator[Progress, None]:
    """Runs a job in a task of its own (leases are bound to a task) and yields what it reports, then raises its error.

    Closing the iterator early cancels the job and waits until it has cleaned up.
    """
    reporter = Reporter()

    async def guarded() -> None:
        # The error travels through the queue: out of a task it would cancel whatever the reader is doing just then.
        try:
            await job(reporter)
        except Exception as error:
            await reporter.report(_End(error))
        else:
            await reporter.report(_End(None))

    async with asyncio.TaskGroup() as group:
        task = group.create_task(guarded(), name=name)
        try:
            while not isinstance(item := await reporter.queue.get(), _End):
                yield item
        except asyncio.CancelledError:
            reporter.hush()
            raise
        except GeneratorExit:
            reporter.hush()
            task.cancel()  # and let the group wait for it: through the group the exception would come out wrapped
            return
    if item.error is not None:
        raise item.error
