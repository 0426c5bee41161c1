"""`docker wait`: who waits is registered before the answer begins, so that no exit is missed."""

import asyncio

from pier.domain.container import Status
from pier.domain.errors import InvalidArgument
from pier.engine.context import Context
from pier.engine.live import Outcome


class Wait:
    """A registered wait; `result` may be awaited once, by one."""

    def __init__(self, context: Context, container_id: str, condition: str) -> None:
        self._context = context
        self._container_id = container_id
        self._condition = condition
        self._future = self._register()

    async def result(self) -> tuple[int, str]:
        """(exit code, error text or "")."""
        outcome = await self._future
        while self._condition == "not-running" and self._still_runs():
            self._future = self._context.live.expect_exit(self._container_id)
            outcome = await self._future
        return outcome.exit_code, outcome.error

    def _still_runs(self) -> bool:
        """Also between the recorded exit and the last byte of output: who waits and then reads the log gets all."""
        container = self._context.memory.containers.get(self._container_id)
        ending = self._context.live.stream(self._container_id) is not None
        return container is not None and (container.state.is_running or ending)

    def _register(self) -> asyncio.Future[Outcome]:
        live = self._context.live
        if self._condition == "removed":
            return live.expect_removal(self._container_id)
        if self._condition == "not-running" and not self._still_runs():
            done: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
            state = self._context.memory.containers[self._container_id].state
            done.set_result(Outcome(0 if state.status is Status.CREATED else state.exit_code))
            return done
        return live.expect_exit(self._container_id)


async def wait(context: Context, ref: str, condition: str) -> Wait:
    """Conditions: `not-running` (also empty), `next-exit`, `removed`. Raises InvalidArgument, NotFound."""
    container = context.memory.container(ref)
    if condition not in ("", "not-running", "next-exit", "removed"):
        raise InvalidArgument(f'invalid condition: "{condition}"')
    return Wait(context, container.id, condition or "not-running")
