"""Files of containers in and out as tar streams: the engine's Copies port over this package's threads."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from typing import TypeVar

from pier.archive.compression import decompress
from pier.archive.pack import pack_content, pack_tree
from pier.archive.paths import describe, open_directory, open_path, parse_path, stat_path
from pier.archive.thread import Abandoned, FromThread, ToThread, run_in_thread
from pier.archive.unpack import UnpackOptions, unpack_tree
from pier.domain.archive import PathStat, Root

T = TypeVar("T")


class Copies:
    """Holds no state. Each stream has a thread and descriptors of its own, and lets go of both at its end."""

    async def stat(self, root: Root, path: str) -> PathStat:
        """What lies at a path, a link at its end not followed. Raises NotFound, InvalidArgument."""
        return await _found(lambda: stat_path(root, path), lambda found: None)

    async def pack(self, root: Root, path: str) -> tuple[PathStat, "PackedChunks"]:
        """What lies at a path, and a tar of it made while it is read. Raises NotFound, InvalidArgument."""
        asked = parse_path(path)
        own = root.duplicate()

        def find() -> tuple[int, PathStat]:
            handle = open_path(own, asked)
            try:
                return handle, describe(own, asked, handle)
            except BaseException:
                os.close(handle)
                raise

        try:
            handle, found = await _found(find, lambda result: os.close(result[0]))
        except BaseException:
            own.close()
            raise

        def close() -> None:
            os.close(handle)
            own.close()

        return found, _stream(lambda put: pack_tree(own, handle, asked, put), close)

    def pack_all(self, root: Root) -> "PackedChunks":
        """A tar of everything in the root."""
        own = root.duplicate()
        return _stream(lambda put: pack_content(own, put), own.close)

    async def unpack(
        self,
        root: Root,
        path: str,
        chunks: AsyncIterator[bytes],
        *,
        no_overwrite: bool = False,
        owner: tuple[int, int] | None = None,
    ) -> None:
        """Unpacks a tar, compressed or not, into the directory at `path`, and reads the stream to its end.

        Returns or raises only once the thread has let go of the root.
        """
        asked = parse_path(path)
        queue = ToThread()
        options = UnpackOptions(no_overwrite=no_overwrite, owner=owner)

        def work() -> None:
            try:
                directory = open_directory(root, asked)
                try:
                    unpack_tree(root, directory, queue.get, options)
                finally:
                    os.close(directory)
            finally:
                queue.leave()

        done = run_in_thread(work, "pier-unpack")
        complete = False
        try:
            async for chunk in decompress(chunks):
                if done.done():
                    done.result()
                await queue.put(chunk)
            complete = True
        finally:
            queue.end(complete=complete)
            await _ended(done)
        done.result()


def _stream(work: Callable[[Callable[[bytes], None]], None], close: Callable[[], None]) -> "PackedChunks":
    """What `work` puts, by a thread that starts now; `close` is called at its end."""
    queue = FromThread()

    def run() -> None:
        try:
            work(queue.put)
        except Abandoned:
            return
        finally:
            close()
            queue.end()

    return PackedChunks(queue, run_in_thread(run, "pier-pack"))


class PackedChunks(AsyncIterator[bytes]):
    """The chunks of a tar; one that is closed, or forgotten by its reader, ends its thread."""

    def __init__(self, queue: FromThread, done: asyncio.Future[None]) -> None:
        self._queue = queue
        self._done = done

    async def __anext__(self) -> bytes:
        data = await self._queue.get()
        if not data:
            await asyncio.shield(self._done)
            raise StopAsyncIteration
        return data

    async def aclose(self) -> None:
        """Nobody reads on."""
        self._queue.abandon()

    def __del__(self) -> None:
        self._queue.abandon()


async def _found(work: Callable[[], T], let_go: Callable[[T], None]) -> T:
    """What a thread finds in a root; in a cancelled task, too, the root is not taken away under it."""
    done = run_in_thread(work, "pier-find")
    try:
        await _ended(done)
    except asyncio.CancelledError:
        if done.exception() is None:
            let_go(done.result())
        raise
    return done.result()


async def _ended(work: asyncio.Future[T]) -> None:
    """Waits for a thread in a cancelled task, too: what it works on must not be taken away under it."""
    cancelled: asyncio.CancelledError | None = None
    while not work.done():
        try:
            await asyncio.wait({work})
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        raise cancelled
