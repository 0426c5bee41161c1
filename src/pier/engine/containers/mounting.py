"""What is mounted on the host before a container's runtime can bind it: volumes, images, parts of either."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import replace

from pier.domain.container import Container
from pier.domain.errors import NotFound, PierError
from pier.domain.mount import MountPoint
from pier.domain.volume import Volume
from pier.engine.context import Context


def image_key(container_id: str, number: int) -> str:
    """The snapshot behind the image mount at this place in a container's mount points."""
    return f"{container_id}-image-{number}"


def owner_of_key(key: str) -> str:
    """The container that a snapshot belongs to: its own layer, or an image mount of its."""
    return key.partition("-image-")[0]


def image_keys(container: Container) -> list[str]:
    return [
        image_key(container.id, number) for number, point in enumerate(container.mount_points) if point.type == "image"
    ]


def volumes_of(context: Context, container: Container) -> list[Volume]:
    """The volumes that a container mounts and that are there, each once."""
    names = dict.fromkeys(point.name for point in container.mount_points if point.type == "volume")
    return [context.memory.volumes[name] for name in names if name in context.memory.volumes]


async def mount_all(
    context: Context, container: Container, undo: AsyncExitStack
) -> tuple[tuple[MountPoint, ...], tuple[MountPoint, ...]]:
    """Mounts a container's volumes and what is to be staged for its runtime.

    (mount points as the record shows them, as the runtime shall bind them). Undone by `undo`; else `unstage` is due
    once the runtime has bound them, and `give_back` when the container has ended.
    """
    paths: dict[str, str] = {}
    for volume in volumes_of(context, container):
        paths[volume.name] = await context.ports.volumes.mount(volume, container.id)
        undo.push_async_callback(context.ports.volumes.unmount, volume, container.id)
    if has_staged(container):
        undo.push_async_callback(context.ports.host.unstage, container.id)
    shown, bound = list[MountPoint](), list[MountPoint]()
    for number, point in enumerate(container.mount_points):
        if point.type == "volume":
            if point.name not in paths:
                raise NotFound(f"get {point.name}: no such volume")
            point = replace(point, source=paths[point.name])
        shown.append(point)
        bound.append(await _stage(context, container.id, number, point) if _is_staged(point) else point)
    return tuple(shown), tuple(bound)


async def give_back(context: Context, container: Container) -> None:
    """A container that has ended needs its volumes no more."""
    for volume in volumes_of(context, container):
        await context.ports.volumes.unmount(volume, container.id)


@asynccontextmanager
async def mounted(context: Context, volumes: Sequence[Volume], user: str) -> AsyncIterator[dict[str, str]]:
    """The paths of volumes by name, which are there within the body. `user` is of the caller alone."""
    async with AsyncExitStack() as stack:
        paths = {}
        for volume in volumes:
            try:
                paths[volume.name] = await context.ports.volumes.mount(volume, user)
            except asyncio.CancelledError:  # it may be mounted by now
                with suppress(PierError):
                    await context.ports.volumes.unmount(volume, user)
                raise
            stack.push_async_callback(context.ports.volumes.unmount, volume, user)
        yield paths


def has_staged(container: Container) -> bool:
    """Whether something is mounted for its runtime to bind, that `unstage` takes away."""
    return any(_is_staged(point) for point in container.mount_points)


def _is_staged(point: MountPoint) -> bool:
    return point.type == "image" or bool(point.type == "volume" and point.subpath)


async def _stage(context: Context, container_id: str, number: int, point: MountPoint) -> MountPoint:
    host = context.ports.host
    if point.type == "image":
        layers = await context.ports.snapshots.mounts(image_key(container_id, number))
        path = await host.stage_image(container_id, str(number), layers, point.subpath)
    else:
        path = await host.stage_directory(container_id, str(number), point.source, point.subpath)
    return replace(point, source=path, subpath="")
