"""Opens the files of a container, running or not, for whoever copies, exports or compares them.

Of a running container its own mounts are taken. Of a stopped one the snapshot is mounted anew, for writing only while
nobody can start it: two mounts must not write to one layer. A start waits for writers (see Launcher).
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager

from pier.domain import ids
from pier.domain.archive import Root, RootMount
from pier.domain.container import Container, Status
from pier.domain.errors import Conflict, NotFound, Unavailable
from pier.engine.containers.mounting import mounted, volumes_of
from pier.engine.containers.namespaces import network_owner
from pier.engine.context import Context

ENGINE_FILES = {"hostname": "/etc/hostname", "hosts": "/etc/hosts", "resolv.conf": "/etc/resolv.conf"}
_ATTEMPTS = 3  # a container may start or end between the look at its state and the mount
_EXIT_PATIENCE = 5.0  # seconds until the exit of a process that is gone is recorded


class Roots:
    def __init__(self, context: Context) -> None:
        self._context = context

    @asynccontextmanager
    async def open(self, container_id: str, *, mounts: bool = True, writable: bool = False) -> AsyncIterator[Root]:
        """The container's root with its volumes and binds (`mounts`). tmpfs, /proc, /sys and /dev are not in it.

        Raises NotFound when the container is gone, Conflict while it is removed.
        """
        async with AsyncExitStack() as stack:
            yield await self._enter(stack, container_id, mounts, writable)

    async def _enter(self, stack: AsyncExitStack, container_id: str, mounts: bool, writable: bool) -> Root:
        for _ in range(_ATTEMPTS):
            container = self._container(container_id)
            if container.state.has_task:
                root = await self._enter_running(stack, container, mounts, writable)
            elif writable:
                root = await self._enter_stopped(stack, container_id, mounts, writable=True)
            else:
                root = await self._enter_readable(stack, container_id, mounts)
            if root is not None:
                return root
        raise Unavailable(f"container {container_id} starts and ends all the time: stop it, then copy")

    def _container(self, container_id: str) -> Container:
        container = self._context.memory.container(container_id)
        if container.state.status in (Status.REMOVING, Status.DEAD):
            raise Conflict(f"container {container_id} is marked for removal: its files cannot be reached")
        return container

    async def _enter_running(
        self, stack: AsyncExitStack, container: Container, mounts: bool, writable: bool
    ) -> Root | None:
        """None when it has just ended."""
        guard = stack.enter_context(ExitStack())
        if writable:
            guard.enter_context(self._context.live.writing(container.id))
        exited = self._context.live.expect_exit(container.id)
        points = self._mounts(container, {}) if mounts else ()
        opening = self._context.ports.host.running_root(container.state.pid, container.cgroup_path, points)
        try:
            return await stack.enter_async_context(opening)
        except NotFound:
            guard.close()
            await asyncio.wait({exited}, timeout=_EXIT_PATIENCE)
            return None
        finally:
            exited.cancel()

    async def _enter_readable(self, stack: AsyncExitStack, container_id: str, mounts: bool) -> Root | None:
        """None when it has been started meanwhile. Mount points that are missing are made first, as a start would."""
        async with AsyncExitStack() as opened:
            root = await self._enter_stopped(opened, container_id, mounts, writable=False)
            if root is None or not root.lacking:
                stack.push_async_exit(opened.pop_all())
                return root
        async with AsyncExitStack() as making:
            await self._enter_stopped(making, container_id, mounts, writable=True)
        return await self._enter_stopped(stack, container_id, mounts, writable=False)

    async def _enter_stopped(
        self, stack: AsyncExitStack, container_id: str, mounts: bool, *, writable: bool
    ) -> Root | None:
        """None when it has been started meanwhile. Until it is mounted nobody starts it or removes its layer."""
        async with self._context.live.lock(container_id):
            container = self._container(container_id)
            if container.state.has_task:
                return None
            if writable:
                stack.enter_context(self._context.live.writing(container_id))
            points = self._mounts(container, await self._mount(stack, container)) if mounts else ()
            return await stack.enter_async_context(
                self._context.ports.host.stopped_root(
                    await self._context.ports.snapshots.mounts(container_id),
                    points,
                    writable=writable,
                    read_only_root=writable and container.host_config.readonly_rootfs,
                )
            )

    async def _mount(self, stack: AsyncExitStack, container: Container) -> dict[str, str]:
        """The paths of its volumes by name, for as long as the root is open."""
        user = f"{container.id}-{ids.new_id()[:8]}"
        return await stack.enter_async_context(mounted(self._context, volumes_of(self._context, container), user))

    def _mounts(self, container: Container, paths: Mapping[str, str]) -> tuple[RootMount, ...]:
        """Parents first, as they were mounted. Images can be read in containers that run."""
        own = [
            RootMount(
                destination=point.destination,
                source=paths.get(point.name, point.source),
                subpath=point.subpath,
                writable=point.writable,
                recursive=not point.non_recursive,
            )
            for point in container.mount_points
            if point.type in ("bind", "volume") or (point.type == "image" and container.state.has_task)
        ]
        taken = {mount.destination for mount in own}
        return (*own, *(mount for mount in self._engine_files(container) if mount.destination not in taken))

    def _engine_files(self, container: Container) -> list[RootMount]:
        directory = self._context.config.data_root / "containers" / network_owner(self._context, container)
        return [
            RootMount(destination=destination, source=str(directory / name))
            for name, destination in ENGINE_FILES.items()
        ]
