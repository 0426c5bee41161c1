"""The content of volumes as a whole: out and in as a tar, and copied into another volume."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from pier.domain import ids
from pier.domain.archive import Root
from pier.domain.errors import Conflict, InvalidArgument
from pier.domain.volume import ANONYMOUS_LABEL, LOCAL, Volume
from pier.engine.containers.mounting import mounted
from pier.engine.context import Context
from pier.engine.volumes import Volumes

SNAPSHOT_LABEL = "pier.snapshot-of"


class VolumeCopies:
    def __init__(self, context: Context, volumes: Volumes) -> None:
        self._context = context
        self._volumes = volumes

    async def export(self, name: str) -> AsyncIterator[bytes]:
        """A tar of everything in the volume, as it is while it is read. Raises NotFound before the first byte."""
        volume = self._volumes.get(name)
        return self._export(volume)

    async def _export(self, volume: Volume) -> AsyncIterator[bytes]:
        with self._volumes.claimed([volume.name]):
            async with self._root(volume) as root:
                async for chunk in self._context.ports.copies.pack_all(root):
                    yield chunk

    async def import_(self, name: str, chunks: AsyncIterator[bytes]) -> Volume:
        """Unpacks a tar, compressed or not, over what is in the volume, which is made if it is not there.

        Raises what creating it raises, and PierError for a bad archive: what was unpacked until then stays.
        """
        if not name:
            raise InvalidArgument("an import needs the name of a volume")
        volume = await self._volumes.create(name)
        with self._volumes.claimed([volume.name]):
            async with self._root(volume) as root:
                await self._context.ports.copies.unpack(root, "/", chunks)
        return volume

    async def clone(self, name: str, target: str = "", *, snapshot: bool = False) -> Volume:
        """A new local volume with the same content; blocks are shared where the file system can.

        A snapshot bears the label of what it was taken of, and without a name is called by the time. What is written
        meanwhile may be in it or not. Raises NotFound, Conflict when the name is taken.
        """
        source = self._volumes.get(name)
        target = target or (f"{name}-{datetime.now(UTC):%Y%m%dT%H%M%S%f}" if snapshot else ids.new_id())
        if target in self._context.memory.volumes:
            raise Conflict(f"create {target}: a volume of this name exists: choose another name for the copy")
        labels = {key: value for key, value in source.labels.items() if key != ANONYMOUS_LABEL}
        if snapshot:
            labels[SNAPSHOT_LABEL] = name
        with self._volumes.claimed([name, target]):
            made = await self._volumes.create(target, driver=LOCAL, labels=labels)
            try:
                async with mounted(self._context, [source], _user()) as paths:
                    await self._context.ports.host.copy_directory(paths[name], made.mountpoint)
            except BaseException:
                await self._volumes.drop(made, claims=1)
                raise
        return made

    @asynccontextmanager
    async def _root(self, volume: Volume) -> AsyncIterator[Root]:
        async with (
            mounted(self._context, [volume], _user()) as paths,
            self._context.ports.host.directory_root(paths[volume.name]) as root,
        ):
            yield root


def _user() -> str:
    """Who mounts it: a name of the operation's own."""
    return f"copy-{ids.new_id()[:16]}"
