"""Who of several streams goes on where all together are faster than what takes them.

The layers of an image are fetched at the same time, as a registry that is far away gives each connection but a share.
One that is near gives more than the content store takes. Then all layers would be complete at the last moment, and only
then be unpacked, one after the other, while nothing else is to be done. So the lowest goes first: while it is unpacked,
the next ones come.
"""

import asyncio
from collections.abc import AsyncIterator

_PATIENCE = 1.0  # seconds for one piece: a registry hangs up on who takes nothing at all


class Turns:
    """Streams in the order in which they came: each goes on only while none before it has something to give."""

    def __init__(self, patience: float = _PATIENCE) -> None:
        self._patience = patience
        self._last = 0
        self._giving: dict[int, asyncio.Event] = {}  # by place; set: it waits for its source

    def in_turn(self, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """The stream, whose place is now; between two pieces it may wait a little, never longer than `patience`."""
        self._last += 1
        return self._give(self._last, chunks)

    async def _give(self, me: int, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        self._giving[me] = idle = asyncio.Event()
        idle.set()
        try:
            async for chunk in chunks:
                idle.clear()
                await self._wait(me)
                yield chunk
                idle.set()
        finally:
            idle.set()
            del self._giving[me]

    async def _wait(self, me: int) -> None:
        deadline = asyncio.get_running_loop().time() + self._patience
        try:
            async with asyncio.timeout_at(deadline):
                while (before := self._before(me)) is not None:
                    await before.wait()
        except TimeoutError:
            return

    def _before(self, me: int) -> asyncio.Event | None:
        """Of a stream before this one that has something to give."""
        return next((idle for place, idle in self._giving.items() if place < me and not idle.is_set()), None)
