"""After a start: what lies about under an id that nobody knows, left by a pierd that died half-way."""

import logging
from collections.abc import Awaitable, Iterable
from contextlib import suppress

from pier.domain import ids
from pier.domain.errors import PierError
from pier.domain.record import Drop
from pier.engine.context import Context

_log = logging.getLogger(__name__)


class Sweep:
    """Everything a container has carries its full id, so leftovers are found by listing each place."""

    def __init__(self, context: Context) -> None:
        self._context = context
        # Operations that run now are not leftovers: only what an earlier pierd noted is.
        self._old_intents = tuple(context.memory.intents.values())

    async def run(self, tasks: Iterable[str]) -> None:
        """Removes strangers; a place that cannot be listed is logged and left."""
        ports, memory = self._context.ports, self._context.memory
        running = {item.id for item in memory.containers.values() if item.state.has_task}
        known = set(memory.containers) | {intent.subject for intent in memory.intents.values()}
        known -= {intent.subject for intent in self._old_intents if intent.subject not in memory.containers}
        for container_id in set(tasks) - set(memory.containers):
            await self._try(self._end_task(container_id), f"task {container_id}")
        for container_id in await self._listed(ports.objects.list_ids(), "container objects"):
            if container_id not in running and ids.is_full_id(container_id):
                await self._try(ports.objects.delete(container_id), f"container object {container_id}")
        for key in await self._listed(ports.snapshots.list_keys(), "snapshots"):
            if ids.is_full_id(key) and key not in known:
                await self._try(ports.snapshots.remove(key), f"snapshot {key}")
        for container_id in await self._listed(ports.networks.list_netns(), "network namespaces"):
            if container_id not in running:
                await self._try(ports.networks.close_netns(container_id), f"network namespace {container_id}")
        for container_id in await self._listed(ports.streams.list_ids(), "streams"):
            if container_id not in running:
                await self._try(ports.streams.discard(container_id), f"streams of {container_id}")
        await memory.commit(*(Drop(intent) for intent in self._old_intents))

    async def _end_task(self, container_id: str) -> None:
        tasks = self._context.ports.tasks
        with suppress(PierError):
            await tasks.kill(container_id, 9, everyone=True)
        await tasks.delete(container_id)

    @staticmethod
    async def _listed(listing: Awaitable[list[str]], what: str) -> list[str]:
        try:
            return await listing
        except PierError as error:
            _log.warning("cannot list the %s: %s", what, error.message)
            return []

    @staticmethod
    async def _try(step: Awaitable[object], what: str) -> None:
        try:
            await step
            _log.info("removed %s, left by an earlier pierd", what)
        except PierError as error:
            _log.warning("cannot remove %s, left by an earlier pierd: %s", what, error.message)
