"""Threads for this adapter's blocking work, apart from the loop's own pool, where a slow file may sit before us."""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from pier.network.translation import translated

_THREADS = 4
_SETTLE = 10.0  # seconds that a cancelled call waits for its thread

_Result = TypeVar("_Result")
_log = logging.getLogger(__name__)


class Worker:
    """A few threads in the network namespace of the thread that first asks."""

    def __init__(self) -> None:
        self._executor = ThreadPoolExecutor(_THREADS, thread_name_prefix="network")

    async def run(self, what: str, work: Callable[[], _Result]) -> _Result:
        """Does blocking work; an OSError becomes `cannot <what>: ...`.

        A cancelled caller waits until the work has ended, so that its undoing finds all of it.
        """
        future = asyncio.get_running_loop().run_in_executor(self._executor, work)
        try:
            with translated(what):
                return await asyncio.shield(future)
        except asyncio.CancelledError:
            await asyncio.wait([future], timeout=_SETTLE)
            raise

    def submit(self, what: str, work: Callable[[], None]) -> asyncio.Future[None]:
        """Does blocking work that nobody waits for; a failure is logged, and taken out of the result."""

        def guarded() -> None:
            try:
                work()
            except Exception as error:
                _log.warning("cannot %s: %s", what, error)

        return asyncio.get_running_loop().run_in_executor(self._executor, guarded)

    async def close(self) -> None:
        await asyncio.to_thread(self._executor.shutdown)
