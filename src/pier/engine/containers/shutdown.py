"""All containers brought down in good order, before the host goes down. pierd's own end leaves them alone."""

import asyncio
import logging
from collections.abc import Collection

from pier.domain.container import Container
from pier.domain.errors import NotModified, PierError
from pier.engine.containers.lifecycle import DEFAULT_STOP_TIMEOUT, Lifecycle
from pier.engine.containers.restart import needed_by
from pier.engine.context import Context

GRACE = 5  # seconds beyond the longest stop timeout

_log = logging.getLogger(__name__)


class Shutdown:
    def __init__(self, context: Context, lifecycle: Lifecycle) -> None:
        self._context = context
        self._lifecycle = lifecycle

    async def stop_all(self) -> tuple[list[str], dict[str, str]]:
        """Stops what runs, each by its own stop signal and timeout; the ids of the stopped, and why others were not.

        Those that use another's namespaces or link to it go before it, all others at once. From now on nothing starts,
        by a policy or by hand, until pierd is started anew. Nobody counts as stopped by the user, so restart policies
        bring up with the next pierd what they would have kept up. It ends after the configured shutdown-timeout, or the
        longest stop timeout and a little more if that is longer; what is not down by then is a failure.
        """
        self._context.live.is_closing = True
        stopped: list[str] = []
        failures: dict[str, str] = {}
        patience = self._patience()
        try:
            async with asyncio.timeout(patience):
                await self._stop_waves(stopped, failures)
        except TimeoutError:
            running = [item.id for item in self._context.memory.containers.values() if item.state.is_running]
            failures |= {item: f"not down within {patience:g} s" for item in running if item not in failures}
        return stopped, failures

    def _patience(self) -> float | None:
        """dockerd's rule; None: no limit."""
        containers = self._context.memory.containers.values()
        own = [item.config.stop_timeout for item in containers if item.state.is_running]
        timeouts = [DEFAULT_STOP_TIMEOUT if timeout is None else timeout for timeout in own]
        limit = self._context.config.shutdown_timeout
        if limit < 0 or any(timeout < 0 for timeout in timeouts):
            return None
        return max([limit, *(timeout + GRACE for timeout in timeouts)])

    async def _stop_waves(self, stopped: list[str], failures: dict[str, str]) -> None:
        while wave := self._next_wave(failures):
            async with asyncio.TaskGroup() as group:
                for container in wave:
                    group.create_task(self._stop(container, stopped, failures), name=f"shut down {container.id}")

    def _next_wave(self, failed: Collection[str]) -> list[Container]:
        """Who runs and is needed by nobody who runs."""
        running = [
            item for item in self._context.memory.containers.values() if item.state.is_running and item.id not in failed
        ]
        needed = {other for item in running for other in needed_by(item)} - {""}
        return [item for item in running if item.id not in needed] or running

    async def _stop(self, container: Container, stopped: list[str], failures: dict[str, str]) -> None:
        try:
            await self._lifecycle.stop(container.id)
        except NotModified:
            return
        except PierError as error:
            _log.error("cannot shut down container %s: %s", container.id, error.message)
            failures[container.id] = error.message
            return
        stopped.append(container.id)
