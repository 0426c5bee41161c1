"""The gate in front of the runtime: how many shim and runc calls run at once.

On two cores four concurrent creates finish sooner than sixteen. Waiters are served in order. Kill and delete have
places of their own, so that hung creates cannot keep anybody from removing them.

A container's lock comes first, a place second: who waited for a lock with a place taken could wait for one who waits
for a place.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Gate:
    def __init__(self, cpus: int | None = None) -> None:
        width = 2 * (cpus or os.cpu_count() or 1)
        self._making = asyncio.Semaphore(width)
        self._ending = asyncio.Semaphore(width)

    @asynccontextmanager
    async def making(self) -> AsyncIterator[None]:
        """Around what starts a process: task create and start, exec."""
        async with self._making:
            yield

    @asynccontextmanager
    async def ending(self) -> AsyncIterator[None]:
        """Around what ends one: kill, delete."""
        async with self._ending:
            yield
