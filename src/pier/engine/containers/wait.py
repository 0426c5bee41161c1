"""`docker wait`: who waits is registered before the answer begins, so that no exit is missed."""

import asyncio

from pier.domain.container import Status
from pier.domain.errors import InvalidArgument
from pier.engine.context import Context
from pier.engine.live import Outcome


class Wait:
    """A registered wait; `result` may be awaited once, by one."""

    def __init__(self, future: asyncio.Future[Outcome]) -> None:
        self._future = future

    async def result(self) -> tuple[int, str]:
        """(exit code, error text or "")."""
        outcome = await self._future
        return outcome.exit_code, outcome.error


async def _runs(context: Context, container_id: str) -> bool:
    """Once a start or an end on its way is over: who waits and then reads the log gets all."""
    memory, live = context.memory, context.live
    container = memory.containers.get(container_id)
    if container is not None and not container.state.has_task and live.stream(container_id) is not None:
        async with live.lock(container_id):
            container = memory.containers.get(container_id)
    return container is not None and container.state.is_running


async def wait(context: Context, ref: str, condition: str) -> Wait:
    """Conditions: `not-running` (also empty), `next-exit`, `removed`. Raises InvalidArgument, NotFound.

    What runs is waited for until its next exit, even if a restart policy starts it again at once, as with dockerd.
    """
    if condition not in ("", "not-running", "next-exit", "removed"):
        raise InvalidArgument(f'invalid condition: "{condition}"')
    container = context.memory.container(ref)
    live = context.live
    if condition == "removed":
        future = live.expect_removal(container.id)
    elif condition == "next-exit" or await _runs(context, container.id):
        future = live.expect_exit(container.id)
    else:
        future = asyncio.get_running_loop().create_future()
        state = context.memory.containers.get(container.id, container).state
        future.set_result(Outcome(0 if state.status is Status.CREATED else state.exit_code))
    return Wait(future)
