"""At create: the volumes and image mounts of a new container are made, and empty volumes get what the image has."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace

from pier.domain import ids
from pier.domain.errors import InvalidArgument, NotFound
from pier.domain.mount import FilesystemMount, MountPoint
from pier.domain.volume import ANONYMOUS_LABEL, Volume
from pier.engine.containers.mounting import image_key, mounted
from pier.engine.context import Context
from pier.engine.images.images import Images
from pier.engine.volumes import Volumes


class Filling:
    """For one new container, whose writable layer is `rootfs`; what it makes is undone by `undo`."""

    def __init__(
        self, context: Context, images: Images, volumes: Volumes, *, labels: dict[str, str], container_id: str
    ) -> None:
        self._context = context
        self._images = images
        self._volumes = volumes
        self._labels = labels  # of snapshots, so that containerd keeps them
        self._container_id = container_id

    async def fill(
        self, points: Sequence[MountPoint], rootfs: Sequence[FilesystemMount], undo: AsyncExitStack
    ) -> tuple[MountPoint, ...]:
        """The mount points, complete. Raises NotFound for an image or driver, InvalidArgument for options."""
        done = []
        for number, point in enumerate(points):
            if point.type == "volume":
                point = await self._volume(point, rootfs, undo)
            elif point.type == "image":
                point = await self._image(number, point, undo)
            done.append(point)
        return tuple(done)

    async def _volume(self, point: MountPoint, rootfs: Sequence[FilesystemMount], undo: AsyncExitStack) -> MountPoint:
        labels = dict(point.request.volume_labels) if point.request else {}
        options = dict(point.request.volume_driver_options) if point.request else {}
        if point.anonymous:
            labels[ANONYMOUS_LABEL] = ""
        volume, made = await self._volumes.ensure(point.name, driver=point.driver, labels=labels, options=options)
        if made:
            undo.push_async_callback(self._volumes.give_back, volume)
        if point.copy_up:
            await self._copy_up(volume, point.subpath, point.destination, rootfs)
        return replace(point, source=volume.mountpoint, driver=volume.driver)

    async def _copy_up(self, volume: Volume, subpath: str, path: str, rootfs: Sequence[FilesystemMount]) -> None:
        ports = self._context.ports
        # What cannot be mounted is a failure of the start, unless it is needed now.
        if volume.is_elsewhere and not await ports.host.has_directory(rootfs, path):
            return
        user = f"{self._container_id}-{ids.new_id()[:8]}"
        async with (
            mounted(self._context, [volume], user) as paths,
            self._part(user, paths[volume.name], subpath) as target,
        ):
            if target and await ports.volumes.is_empty(target):
                await ports.host.copy_up(rootfs, path, target)

    @asynccontextmanager
    async def _part(self, user: str, path: str, subpath: str) -> AsyncIterator[str]:
        """A directory in a volume, reached safely; empty where there is none, which is for the start to judge."""
        if not subpath:
            yield path
            return
        host = self._context.ports.host
        try:
            try:
                found = await host.stage_directory(user, "0", path, subpath)
                async with host.directory_root(found):
                    pass
            except (NotFound, InvalidArgument):
                found = ""
            yield found
        finally:
            await host.unstage(user)

    async def _image(self, number: int, point: MountPoint, undo: AsyncExitStack) -> MountPoint:
        """A layer on the image keeps it, also when its name goes; nothing is ever written to it."""
        image = await self._images.get(point.name)
        key = image_key(self._container_id, number)
        await self._context.ports.snapshots.prepare(key, image.chain_id, self._labels)
        undo.push_async_callback(self._context.ports.snapshots.remove, key)
        return replace(point, source=image.id)
