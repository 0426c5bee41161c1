"""After a start: what lies about under an id that nobody knows, left by a pierd that died half-way."""

import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress

from pier.domain import ids
from pier.domain.errors import PierError
from pier.domain.record import Drop
from pier.engine.containers.ending import end_task
from pier.engine.containers.mounting import owner_of_key
from pier.engine.containers.taking_up import reopen_streams
from pier.engine.context import Context
from pier.engine.volumes import INTENTS

_log = logging.getLogger(__name__)


class Sweep:
    """Everything a container has carries its full id, so leftovers are found by listing each place."""

    def __init__(self, context: Context) -> None:
        self._context = context
        # Operations that run now are not leftovers: only what an earlier pierd noted is. Volumes ends its own.
        self._old_intents = tuple(item for item in context.memory.intents.values() if item.kind not in INTENTS)

    async def run(self, tasks: Iterable[str]) -> None:
        """Removes strangers; a place that cannot be listed is logged and left.

        Others may create, start and remove meanwhile, so what is known is asked anew for each thing that is found.
        """
        ports, memory = self._context.ports, self._context.memory
        for container_id in set(tasks) - set(memory.containers):
            await self._try(end_task(ports.tasks, container_id), f"task {container_id}")
        for container_id in set(await self._listed(ports.host.list_shims(), "shims")) - set(tasks):
            await self._end_lost_shim(container_id)
        for container_id in await self._listed(ports.objects.list_ids(), "container objects"):
            if ids.is_full_id(container_id):
                await self._unless_running(container_id, ports.objects.delete, "container object")
        for key in await self._listed(ports.snapshots.list_keys(), "snapshots"):
            owner = owner_of_key(key)
            if ids.is_full_id(owner) and not self._is_known(owner):
                await self._try(ports.snapshots.remove(key), f"snapshot {key}")
        for container_id in await self._listed(ports.networks.list_netns(), "network namespaces"):
            await self._unless_running(container_id, ports.networks.close_netns, "network namespace")
        for container_id in await self._listed(ports.host.list_shm(), "shared memory"):
            await self._unless_running(container_id, ports.host.close_shm, "shared memory")
        for container_id in await self._listed(ports.host.list_staged(), "mounts for a start"):
            await self._unless_running(container_id, ports.host.unstage, "mounts for a start")
        for container_id in await self._listed(ports.inits.list_ids(), "processes that are held"):
            await self._unless_running(container_id, ports.inits.release, "hold on the process")
        for container_id in await self._listed(ports.streams.list_ids(), "streams"):
            await self._unless_running(container_id, self._end_streams, "streams")
        await self._remove_cgroups()
        for container_id in await self._listed(ports.host.list_runtime_states(), "states of runtimes"):
            await self._unless_running(container_id, ports.host.remove_runtime_state, "runtime's state")
        await self._end_stale_leases()
        await memory.commit(*(Drop(intent) for intent in self._old_intents))

    async def _remove_cgroups(self) -> None:
        """What runc had made when its shim was killed, a process that waits for its start among it.

        Only of containers that are ours: another engine may have been given the same parent.
        """
        host, memory = self._context.ports.host, self._context.memory
        ours = {*memory.containers, *(intent.subject for intent in self._old_intents)}
        asked = {container.host_config.resources.cgroup_parent for container in memory.containers.values()}
        for parent in {self._context.config.cgroup_parent, *asked} - {""}:
            try:
                paths = await host.list_cgroups(parent)
            except PierError as error:
                _log.warning("cannot list the cgroups: %s", error.message)
                continue

            async def remove(container_id: str, paths: Mapping[str, str] = paths) -> None:
                await host.remove_cgroup(paths[container_id])

            for container_id in ours & set(paths):
                await self._unless_running(container_id, remove, "cgroup")

    async def _end_stale_leases(self) -> None:
        """With them goes what a pull or load had fetched when pierd died."""
        try:
            if count := await self._context.ports.leases.end_stale():
                _log.info("ended %d leases of an earlier pierd", count)
        except PierError as error:
            _log.warning("cannot end the leases of an earlier pierd: %s", error.message)

    async def _unless_running(self, container_id: str, step: Callable[[str], Awaitable[object]], what: str) -> None:
        """Who is being started, ended or removed now is looked at again when that is done, and nobody waits for it.

        A removal that is on its way takes the record and the layer only, and would leave the rest behind for good.
        """
        if self._context.live.lock(container_id).locked():
            name = f"sweep {what} of {container_id}"
            self._context.jobs.spawn(self._end_if_idle(container_id, step, what), name)
        else:
            await self._end_if_idle(container_id, step, what)

    async def _end_if_idle(self, container_id: str, step: Callable[[str], Awaitable[object]], what: str) -> None:
        async with self._context.live.lock(container_id):
            container = self._context.memory.containers.get(container_id)
            if container is None or not container.state.has_task:
                await self._try(step(container_id), f"{what} of {container_id}")

    def _is_known(self, container_id: str) -> bool:
        """Recorded, or being created now."""
        memory = self._context.memory
        making = {intent.subject for intent in memory.intents.values() if intent not in self._old_intents}
        return container_id in memory.containers or container_id in making

    async def _end_streams(self, container_id: str) -> None:
        """The last output of a container whose exit is recorded belongs into its log; nobody wants a stranger's."""
        container = self._context.memory.containers.get(container_id)
        if container is not None:
            with suppress(PierError):  # nothing that could still be read
                await (await reopen_streams(self._context, container)).finish()
                return
        await self._context.ports.streams.discard(container_id)

    async def _end_lost_shim(self, container_id: str) -> None:
        """containerd forgets one when pierd dies while a task is made or deleted; a start of by now has its own."""
        memory = self._context.memory
        async with self._context.live.lock(container_id):
            container = memory.containers.get(container_id)
            if container is not None and container.state.has_task:
                return
            try:
                in_use = [task.pid for task in await self._context.ports.tasks.list()]
            except PierError as error:
                _log.warning("cannot tell whether the shim of %s serves others: %s", container_id, error.message)
                return
            if await self._context.ports.host.end_lost_shim(container_id, in_use):
                _log.info("ended the shim of %s, lost when an earlier pierd died", container_id)

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
