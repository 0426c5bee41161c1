"""Blobs on their way from registries: each is fetched once however many want it, for as long as one of them does.

A download whose connection breaks is taken up again where it broke; one whose pierd dies is not. What that leaves goes
with its lease at the next start: to keep it for a pull that may never come would take a time to live for each half blob
and a place in `system df` and prune, and containerd would hash all of it again before it goes on.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from pier.domain.errors import InvalidArgument, PierError, Unavailable
from pier.domain.image import Descriptor
from pier.engine.images.turns import Turns
from pier.engine.ports import Content, Leases, RegistrySession

Spawn: TypeAlias = Callable[[Coroutine[Any, Any, Any], str], "asyncio.Task[None]"]
"""Starts a job of the engine's own, with a name."""
Told: TypeAlias = Callable[[int], None]
"""Hears how many bytes have come."""
_CLEAN_UP_SECONDS = 10


class FalseSize(InvalidArgument):
    """The registry sends more or less than it said."""


class Downloads:
    def __init__(self, content: Content, leases: Leases, spawn: Spawn, at_once: int) -> None:
        """`at_once` blobs, of all callers together."""
        self._content = content
        self._leases = leases
        self._spawn = spawn
        self._slots = asyncio.Semaphore(at_once)
        self._turns = Turns()
        self._running: dict[str, _Download] = {}  # by digest

    async def bring(self, session: RegistrySession, repository: str, blob: Descriptor, told: Told) -> None:
        """Returns when the blob is in the content store; what holds it there must be there already.

        Raises InvalidArgument when bytes are not what their digest says, and what the registry's errors mean.
        """
        while await self._content.size(blob.digest) is None:
            download, is_mine = self._running.get(blob.digest), False
            if download is None:
                download, is_mine = self._start(session, repository, blob), True
            try:
                await self._wait(blob.digest, download, told)
            except PierError:
                if is_mine:
                    raise
                # Somebody else's credentials or connection failed; ours may do.

    def _start(self, session: RegistrySession, repository: str, blob: Descriptor) -> "_Download":
        """A job of its own, as the caller may go while others still want the blob. It shares the caller's lease."""
        download = self._running[blob.digest] = _Download()
        job = self._run(download, self._turns.in_turn(session.blob(repository, blob)), blob)
        download.task = self._spawn(job, f"download {blob.digest}")
        return download

    async def _wait(self, digest: str, download: "_Download", told: Told) -> None:
        download.listeners.append(told)
        try:
            await asyncio.shield(download.done)
        finally:
            download.listeners.remove(told)
            if not download.listeners and not download.done.done():
                self._forget(digest, download)
                await download.give_up()

    async def _run(self, download: "_Download", chunks: AsyncIterator[bytes], blob: Descriptor) -> None:
        try:
            async with self._leases.hold(f"download-{secrets.token_hex(8)}"), self._slots:
                ref = f"blob-{secrets.token_hex(8)}"
                await self._content.write(ref, download.count(blob, chunks), expected=blob.digest, size=blob.size)
        except asyncio.CancelledError:
            download.fail(Unavailable(f"the download of {blob.digest} was given up; try again"))
            raise
        except InvalidArgument as error:
            download.fail(InvalidArgument(_complaint(blob, error)))
        except Exception as error:
            download.fail(error)
        else:
            download.done.set_result(None)
        finally:
            self._forget(blob.digest, download)

    def _forget(self, digest: str, download: "_Download") -> None:
        """Who comes from now on starts anew, or finds the blob."""
        if self._running.get(digest) is download:
            del self._running[digest]


@dataclass(slots=True)
class _Download:
    """One blob, and who waits for it."""

    listeners: list[Told] = field(default_factory=list)
    done: "asyncio.Future[None]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    task: "asyncio.Task[None] | None" = None

    async def count(self, blob: Descriptor, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """Passes the bytes on, tells how many there were, and stops a registry that sends another number of them."""
        done = 0
        async for chunk in chunks:
            done += len(chunk)
            if blob.size and done > blob.size:
                raise FalseSize(f"the registry sends more than the {blob.size} bytes of layer {blob.digest}")
            for told in self.listeners:
                told(done)
            yield chunk
        if blob.size and done != blob.size:
            raise FalseSize(f"the registry sent {done} of the {blob.size} bytes of layer {blob.digest}")

    def fail(self, error: Exception) -> None:
        if not self.done.done():
            self.done.set_exception(error)
            self.done.exception()  # taken notice of, also when nobody waits any more

    async def give_up(self) -> None:
        """Nobody wants it any more: returns when nothing of it is left."""
        if self.task is not None:
            self.task.cancel()
            await asyncio.wait([self.task], timeout=_CLEAN_UP_SECONDS)


def _complaint(blob: Descriptor, error: InvalidArgument) -> str:
    if isinstance(error, FalseSize):
        return error.message
    return f"the registry sent something else than layer {blob.digest}: {error.message}"
