"""Files on their way into the content store while what lies behind them is read already."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from pier.domain.image import Descriptor
from pier.engine.ports import Content

_PIECES = 32  # of one file that wait in memory, each as large as it was read
_AT_ONCE = 3  # containerd writes one blob slower than the disk: it hashes a piece before it takes the next


class Pours:
    """A few ingests at once, fed from one stream of bytes; made by `pouring`."""

    def __init__(self, content: Content, group: asyncio.TaskGroup) -> None:
        self._content = content
        self._group = group
        self._slots = asyncio.Semaphore(_AT_ONCE)

    async def pour(
        self, ref: str, chunks: AsyncIterator[bytes], done: Callable[[Descriptor], None], *, expected: str, size: int
    ) -> None:
        """Returns when the file has been read, or is seen to be there already; `done` hears when it is stored."""
        await self._slots.acquire()
        pipe = _Pipe()
        self._group.create_task(self._store(ref, pipe, done, expected, size), name=f"ingest {ref}")
        async for chunk in chunks:
            if not await pipe.put(chunk):
                return
        await pipe.put(b"")

    async def _store(
        self, ref: str, pipe: "_Pipe", done: Callable[[Descriptor], None], expected: str, size: int
    ) -> None:
        try:
            done(await self._content.write(ref, pipe.read(), expected=expected, size=size))
        finally:
            pipe.close()
            self._slots.release()


@asynccontextmanager
async def pouring(content: Content) -> AsyncIterator[Pours]:
    """Waits at its end until everything is stored. An ingest that fails stops the caller, with its own error."""
    try:
        async with asyncio.TaskGroup() as group:
            yield Pours(content, group)
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None


class _Pipe:
    """A bounded queue whose reader may go early."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[bytes] = asyncio.Queue(_PIECES)
        self._closed = False

    async def put(self, chunk: bytes) -> bool:
        """False once nobody reads any more. An empty chunk is the end."""
        if not self._closed:
            await self._queue.put(chunk)
        return not self._closed

    async def read(self) -> AsyncIterator[bytes]:
        while chunk := await self._queue.get():
            yield chunk

    def close(self) -> None:
        """Lets go of what waits, and of a writer that waits for room."""
        self._closed = True
        while not self._queue.empty():
            self._queue.get_nowait()
