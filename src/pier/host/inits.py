"""The first processes of containers, held by pidfd, so that their ends are known even where nobody else tells them.

containerd 2 forgets a task that ended while it was away, and with it the exit code; so it does when a task had ended
before and was not deleted yet. The kernel remembers as long as somebody holds the process's pidfd: here pierd and, for
the case that both were away, the keeper.
"""

import asyncio
import logging
import os
import time
from dataclasses import dataclass
from typing import Protocol

from pier.domain.runtime import InitEnd
from pier.host.pidfd import NoExitInformation, exit_status, has_ended

_PREFIX = "init/"  # of all our names in the keeper
_REAPING = 2.0  # seconds for an ended process to be reaped: by its shim, or by init if that is gone as well
_LOOK_AGAIN = 0.02

_log = logging.getLogger(__name__)


class Keeper(Protocol):
    """Holds named descriptors for us while pierd is away."""

    async def put(self, name: str, descriptor: int) -> None: ...
    async def take(self, name: str) -> int | None:
        """A duplicate of what was put, or None."""
        ...

    async def forget(self, *names: str) -> None: ...
    async def names(self) -> list[str]: ...


@dataclass(slots=True)
class _Held:
    pid: int
    pidfd: int
    ended_at: int = 0  # ns since the epoch, 0: it runs, or ended before we looked


class Inits:
    """By container id; a container has one at a time. To be used on one loop; end with `close()`."""

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper
        self._held: dict[str, _Held] = {}

    async def hold(self, container_id: str, pid: int) -> None:
        """From now on the end of that process is not missed; its first step must come before the process can be reaped.

        Does nothing for a process that is gone, or on a kernel without pidfds.
        """
        pidfd = _open(pid)
        if pidfd is not None:
            self._watch(container_id, pid, pidfd)
            await self._keeper.put(_PREFIX + container_id, pidfd)

    async def take_up(self, container_id: str, pid: int) -> None:
        """Holds again what an earlier pierd held, or the process itself, which runs, if that one held nothing."""
        if container_id in self._held:
            return
        pidfd = await self._keeper.take(_PREFIX + container_id)
        if pidfd is None:
            await self.hold(container_id, pid)
        else:
            self._watch(container_id, pid, pidfd)

    async def end_of(self, container_id: str, pid: int) -> InitEnd | None:
        """How that process ended; None if it runs, was not held, or the kernel does not tell (before Linux 6.15).

        A process that has just ended is given a moment to be reaped.
        """
        if container_id not in self._held and (pidfd := await self._keeper.take(_PREFIX + container_id)) is not None:
            self._watch(container_id, pid, pidfd)
        held = self._held.get(container_id)
        if held is None or held.pid != pid or not has_ended(held.pidfd):
            return None
        try:
            async with asyncio.timeout(_REAPING):
                while (status := exit_status(held.pidfd)) is None:  # noqa: ASYNC110 - nothing tells of a reaping
                    await asyncio.sleep(_LOOK_AGAIN)
        except (NoExitInformation, TimeoutError, OSError) as error:
            _log.warning("how process %d of container %s ended is not known: %r", pid, container_id, error)
            return None
        return InitEnd(status=status, ended_at=held.ended_at)

    async def release(self, container_id: str) -> None:
        """Its end is recorded: nobody will ask any more. Unknown ones are no error."""
        self._drop(container_id)
        await self._keeper.forget(_PREFIX + container_id)

    async def list_ids(self) -> list[str]:
        """The containers of which something is held, here or in the keeper."""
        names = await self._keeper.names()
        return [name.removeprefix(_PREFIX) for name in names if name.startswith(_PREFIX)]

    async def close(self) -> None:
        """pierd ends: lets go of all, except for what the keeper holds."""
        for container_id in list(self._held):
            self._drop(container_id)

    def _watch(self, container_id: str, pid: int, pidfd: int) -> None:
        self._drop(container_id)
        held = self._held[container_id] = _Held(pid, pidfd)
        if not has_ended(pidfd):
            asyncio.get_running_loop().add_reader(pidfd, _note_end, held)

    def _drop(self, container_id: str) -> None:
        held = self._held.pop(container_id, None)
        if held is not None:
            asyncio.get_running_loop().remove_reader(held.pidfd)
            os.close(held.pidfd)


def _note_end(held: _Held) -> None:
    held.ended_at = time.time_ns()
    asyncio.get_running_loop().remove_reader(held.pidfd)  # it stays readable


def _open(pid: int) -> int | None:
    try:
        return os.pidfd_open(pid)
    except OSError:
        return None
