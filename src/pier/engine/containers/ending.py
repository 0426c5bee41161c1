"""The end of a task: whether it has come, and how it is brought about for a task that should not be.

That of a start that failed or was cut off, or of a container that nobody knows.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

from pier.domain.errors import Conflict, NotFound, PierError
from pier.domain.mount import FilesystemMount
from pier.domain.runtime import RuntimeChoice, Stdio, TaskStatus
from pier.engine.ports import Tasks

_PATIENCE = 10.0  # seconds for a killed process to be gone
_FIRST_PAUSE, _LONGEST_PAUSE = 0.01, 0.5


async def end_task(tasks: Tasks, container_id: str) -> None:
    """Kills all that runs in a container and deletes its task; no task is no error.

    A kill is only the beginning of an end: until the shim has reaped the process, it refuses the deletion. Raises the
    PierError of the last try when the process does not go.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + _PATIENCE
    pause = _FIRST_PAUSE
    while True:
        with suppress(PierError):  # it may have ended by itself
            await tasks.kill(container_id, 9, everyone=True)
        with suppress(PierError):  # a frozen process does not even die
            await tasks.resume(container_id)
        try:
            await tasks.delete(container_id)
        except NotFound:
            return
        except PierError:
            if loop.time() + pause > deadline:
                raise
        else:
            return
        await asyncio.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE)


async def make_task(
    tasks: Tasks, container_id: str, *, rootfs: Sequence[FilesystemMount], stdio: Stdio, runtime: RuntimeChoice
) -> int:
    """Creates the task of a container that has none; the pid. Raises as `create` does.

    What is there all the same, or still in the making, was asked for by a pierd that was killed then, and is ended
    first. containerd takes some time to notice that nobody waits for its answer any more.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + _PATIENCE
    pause = _FIRST_PAUSE
    while True:
        try:
            return await tasks.create(container_id, rootfs=rootfs, stdio=stdio, runtime=runtime)
        except Conflict:
            if loop.time() + pause > deadline:
                raise
        await end_task(tasks, container_id)
        await asyncio.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE)


async def has_ended(tasks: Tasks, container_id: str) -> bool:
    """Whether a container's first process has ended, its exit being recorded or not yet.

    For who was refused something by the runtime, which says in many ways that there is no process any more. False when
    containerd cannot be asked.
    """
    try:
        return (await tasks.get(container_id)).status is TaskStatus.STOPPED
    except PierError as error:
        return isinstance(error, NotFound)


@asynccontextmanager
async def as_ended(tasks: Tasks, container_id: str) -> AsyncIterator[None]:
    """Around what needs the process: what fails because that has just ended is the Conflict of a moment later."""
    try:
        yield
    except PierError as error:
        if await has_ended(tasks, container_id):
            raise Conflict(f"container {container_id} is not running") from error
        raise
