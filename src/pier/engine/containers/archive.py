"""`docker cp` and `docker export`: files of a container in and out as tar streams."""

from collections.abc import AsyncIterator

from pier.domain.archive import PathStat
from pier.domain.container import Container
from pier.domain.errors import NotFound
from pier.engine.containers.roots import Roots
from pier.engine.containers.telling import tell
from pier.engine.context import Context


class Archiving:
    def __init__(self, context: Context, roots: Roots) -> None:
        self._context = context
        self._roots = roots

    async def stat(self, ref: str, path: str) -> PathStat:
        """What lies at a path. Raises NotFound, InvalidArgument."""
        container = self._context.memory.container(ref)
        async with self._roots.open(container.id) as root:
            try:
                return await self._context.ports.copies.stat(root, path)
            except NotFound as error:
                raise _absent(path, ref) from error

    async def fetch(self, ref: str, path: str) -> tuple[PathStat, AsyncIterator[bytes]]:
        """What lies at a path, and a tar of it. Raises NotFound, InvalidArgument."""
        container = self._context.memory.container(ref)
        async with self._roots.open(container.id) as root:
            try:
                found = await self._context.ports.copies.pack(root, path)
            except NotFound as error:
                raise _absent(path, ref) from error
        await tell(self._context, container, "archive-path")
        return found

    async def extract(
        self,
        ref: str,
        path: str,
        chunks: AsyncIterator[bytes],
        *,
        no_overwrite: bool = False,
        as_user: bool = False,
    ) -> None:
        """Unpacks a tar into the directory at `path`; with `as_user` everything becomes the container's user's.

        Raises NotFound, InvalidArgument for no directory or a read-only one, PierError for a bad archive.
        """
        container = self._context.memory.container(ref)
        async with self._roots.open(container.id, writable=True) as root:
            owner = await self._owner(container) if as_user else None
            try:
                await self._context.ports.copies.unpack(root, path, chunks, no_overwrite=no_overwrite, owner=owner)
            except NotFound as error:
                raise _absent(path, ref) from error
        await tell(self._context, container, "extract-to-dir")

    async def export(self, ref: str) -> AsyncIterator[bytes]:
        """A tar of the whole root without what is mounted in it."""
        container = self._context.memory.container(ref)
        async with self._roots.open(container.id, mounts=False) as root:
            chunks = self._context.ports.copies.pack_all(root)
        await tell(self._context, container, "export")
        return chunks

    async def _owner(self, container: Container) -> tuple[int, int] | None:
        """None where nobody is named: then the archive's owners stay, as with dockerd."""
        if not container.config.user:
            return None
        layers = await self._context.ports.snapshots.mounts(container.id)
        user = await self._context.ports.host.look_up_user(container.config.user, (), rootfs=layers)
        return user.uid, user.gid


def _absent(path: str, ref: str) -> NotFound:
    """Docker's words."""
    return NotFound(f"Could not find the file {path} in container {ref}")
