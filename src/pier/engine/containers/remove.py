"""rm and prune: what a container had goes, and its name is free again."""

import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from pier.domain.container import Container, Status
from pier.domain.errors import Conflict, NotFound, NotModified, PierError
from pier.domain.filters import Filters
from pier.domain.record import Drop, Put
from pier.engine.containers.create import actor_attributes
from pier.engine.containers.lifecycle import Lifecycle
from pier.engine.containers.mounting import image_keys
from pier.engine.context import Context
from pier.engine.live import Outcome
from pier.engine.until import parse_until
from pier.engine.volumes import Volumes

_log = logging.getLogger(__name__)
_PRUNABLE = (Status.CREATED, Status.EXITED, Status.DEAD)


class Removal:
    def __init__(self, context: Context, lifecycle: Lifecycle, volumes: Volumes) -> None:
        self._context = context
        self._lifecycle = lifecycle
        self._volumes = volumes
        # Set by whoever builds the use cases: others keep something of a container in memory, by its id.
        self.after_removal: list[Callable[[str], None]] = []

    async def remove(self, ref: str, *, volumes: bool = False, force: bool = False) -> None:
        """Raises Conflict while it runs (without force), is paused or is being removed."""
        container = self._context.memory.container(ref)
        self._require_removable(container, ref, force)
        await self._context.jobs.finish(
            self._remove(container.id, volumes=volumes, force=force), f"remove {container.id}"
        )

    def _require_removable(self, container: Container, ref: str, force: bool) -> None:
        state = container.state
        if state.status is Status.REMOVING and self._context.live.lock(container.id).locked():
            raise Conflict(f"removal of container {ref} is already in progress")
        if force or not state.is_running:
            return
        if state.status is Status.PAUSED:
            raise Conflict(f'cannot remove container "{ref}": container is paused and must be unpaused first')
        raise Conflict(
            f'cannot remove container "{ref}": container is {state.status}: '
            "stop the container before removing or force remove"
        )

    async def _remove(self, container_id: str, *, volumes: bool, force: bool) -> None:
        if force:
            with self._context.live.removing(container_id):
                await self._bring_down(container_id)
                await self._remove_stopped(container_id, volumes=volumes)
        else:
            await self._remove_stopped(container_id, volumes=volumes)

    async def _remove_stopped(self, container_id: str, *, volumes: bool) -> None:
        async with self._context.live.lock(container_id):
            container = self._context.memory.containers.get(container_id)
            if container is None:
                return
            if container.state.status is not Status.REMOVING:  # by one that could not be recorded to its end
                self._require_removable(container, container.name, force=False)
            await self.destroy(container, volumes=volumes)

    async def _bring_down(self, container_id: str) -> None:
        container = await self._lifecycle.settled(self._context.memory.container(container_id))
        if container.state.status is Status.RESTARTING:
            with suppress(NotModified):
                await self._lifecycle.stop(container_id, timeout=0)
        elif container.state.has_task:
            with suppress(Conflict):
                await self._lifecycle.kill(container_id)

    async def destroy(self, container: Container, *, volumes: bool) -> None:
        """Removes all it has, then its record; the caller holds its lock. Goes on where a crash cut it short.

        `volumes`: the anonymous ones, too; so asked for once, whoever goes on with it does it.
        """
        memory, ports = self._context.memory, self._context.ports
        volumes = volumes or container.state.removes_volumes or container.host_config.auto_remove
        state = replace(container.state, status=Status.REMOVING, removes_volumes=volumes)
        await memory.commit(Put(replace(container, state=state)))
        try:
            if container.host_config.storage_opt:
                with suppress(NotFound):
                    await ports.limits.release(await ports.snapshots.mounts(container.id))
            for key in (*image_keys(container), container.id):
                with suppress(NotFound):
                    await ports.snapshots.remove(key)
            await ports.streams.discard(container.id)
            if container.log_path:
                await ports.logs.remove(container.log_path)
            await ports.host.remove_container_files(container.id)
        except Exception as error:  # whatever it is: what is being removed for ever could not be tried again
            reason = error.message if isinstance(error, PierError) else repr(error)
            state = replace(container.state, status=Status.DEAD, error=reason, removes_volumes=False)
            dead = replace(container, state=state)
            await memory.commit(Put(dead))
            raise
        if volumes:
            await self._drop_volumes(container)
        await memory.commit(
            Drop(container),
            memory.event("container", "destroy", container.id, actor_attributes(container)),
            durable=True,
        )
        for forget in self.after_removal:
            forget(container.id)
        self._context.live.removed(container.id, Outcome(container.state.exit_code))

    async def _drop_volumes(self, container: Container) -> None:
        """Anonymous volumes go with their container, unless another one uses them by now.

        As with dockerd, one whose driver refuses stays behind.
        """
        for point in container.mount_points:
            volume = self._context.memory.volumes.get(point.name) if point.anonymous else None
            if volume is not None:
                try:
                    await self._volumes.drop(volume, besides=container.id)
                except PierError as error:
                    _log.warning("volume %s stays behind its container: %s", volume.name, error.message)

    async def prune(self, filters: Filters) -> tuple[list[str], int]:
        """Removes all stopped containers that match; their ids and the bytes that came back."""
        filters.require_known(("until", "label", "label!"))
        until = parse_until(filters, self._context.memory.clock.now())
        removed: list[str] = []
        freed = 0
        for container in list(self._context.memory.containers.values()):
            labels = container.config.labels
            if container.state.status not in _PRUNABLE or (until and container.created_at >= until):
                continue
            if not filters.match_labels(labels) or not filters.match_absent_labels(labels):
                continue
            try:
                size = await self._size(container.id)
                await self.remove(container.id)
            except PierError as error:
                _log.warning("container %s cannot be pruned: %s", container.id, error.message)
                continue
            removed.append(container.id)
            freed += size
        memory = self._context.memory
        await memory.commit(memory.event("container", "prune", "", {"reclaimed": str(freed)}))
        return removed, freed

    async def _size(self, container_id: str) -> int:
        with suppress(NotFound):
            return await self._context.ports.snapshots.usage(container_id)
        return 0
