"""Background jobs of the engine: owned, named, and never able to take each other down."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any, TypeVar

from pier.domain.errors import PierError

T = TypeVar("T")
_log = logging.getLogger(__name__)


class Jobs:
    """A thin layer over the daemon's TaskGroup: a job that fails is logged, the others go on."""

    def __init__(self, group: asyncio.TaskGroup) -> None:
        self._group = group
        self._finishing: set[asyncio.Task[None]] = set()
        self._waiting: set[asyncio.Task[None]] = set()

    def spawn(self, job: Coroutine[Any, Any, Any], name: str) -> asyncio.Task[None]:
        """Starts a job that nobody waits for; cancel the task to stop it."""
        return self._own(self._guard(job, name), name, self._waiting)

    async def finish(self, job: Coroutine[Any, Any, T], name: str) -> T:
        """Runs a job to its end even when the caller is cancelled: a client that hangs up must not leave half a start.

        The job's result or error is the caller's, if the caller is still there.
        """
        result: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._own(self._transfer(job, result), name, self._finishing)
        return await asyncio.shield(result)

    async def end(self, patience: float) -> None:
        """At shutdown: lets what must be finished finish, for `patience` seconds, and cancels the rest.

        What waits for an exit or a time is written down; it goes on when pierd is started again.
        """
        if self._finishing:
            await asyncio.wait(self._finishing, timeout=patience)
        rest = self._finishing | self._waiting
        for job in rest:
            job.cancel()
        if rest:
            await asyncio.wait(rest, timeout=patience)

    def _own(self, job: Coroutine[Any, Any, None], name: str, kind: set[asyncio.Task[None]]) -> asyncio.Task[None]:
        task = self._group.create_task(job, name=name)
        kind.add(task)
        task.add_done_callback(kind.discard)
        return task

    async def _guard(self, job: Coroutine[Any, Any, Any], name: str) -> None:
        try:
            await job
        except PierError as error:
            _log.warning("%s: %s", name, error.message)
        except Exception:
            _log.exception("%s failed", name)

    @staticmethod
    async def _transfer(job: Coroutine[Any, Any, T], result: asyncio.Future[T]) -> None:
        try:
            value = await job
        except asyncio.CancelledError:
            result.cancel()
            raise
        except Exception as error:
            if not result.done():
                result.set_exception(error)
                result.exception()  # taken notice of, also when the caller has left
        else:
            if not result.done():
                result.set_result(value)
