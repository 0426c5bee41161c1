"""The layer between an image and the containers made of it, with what every container finds in its root.

dockerd makes one for each container; here all containers of an image stand on the same one, made with the first of
them. A label on the image's config keeps it, so that it goes with the image (containerd, "Garbage Collection": what
follows a slash in `containerd.io/gc.ref.snapshot.<snapshotter>/...` only tells references apart).
"""

import secrets
from collections.abc import Mapping
from contextlib import suppress

from pier.domain.errors import Conflict, NotFound, PierError
from pier.domain.image import Image
from pier.domain.mount import FilesystemMount
from pier.engine.context import Context
from pier.engine.images.labels import init_layer_labels
from pier.engine.images.locks import KeyedLocks


class InitLayers:
    def __init__(self, context: Context) -> None:
        self._context = context
        self._locks = KeyedLocks()

    async def prepare(self, key: str, image: Image, labels: Mapping[str, str]) -> list[FilesystemMount]:
        """A writable snapshot `key` for a container of the image. Raises NotFound when the image is not unpacked."""
        snapshots = self._context.ports.snapshots
        try:
            return await snapshots.prepare(key, key_of(image), labels)
        except NotFound:  # the first container of this image
            async with self._context.ports.leases.hold("init-layer"):  # keeps the new layer until it is stood on
                async with self._locks.hold(key_of(image)):
                    if not await snapshots.exists(key_of(image)):
                        await self._make(image)
                return await snapshots.prepare(key, key_of(image), labels)

    async def _make(self, image: Image) -> None:
        """A second engine on the same store may be making it too: the first one counts."""
        ports = self._context.ports
        key = f"extract-{secrets.token_hex(8)}-init"
        mounts = await ports.snapshots.prepare(key, image.chain_id)
        try:
            await ports.host.fill_init_layer(mounts)
            await ports.content.set_labels(image.id, init_layer_labels(ports.snapshots.snapshotter, key_of(image)))
            await ports.snapshots.commit(key_of(image), key)
        except BaseException as error:
            with suppress(PierError):  # the lease removes it later if this fails
                await ports.snapshots.remove(key)
            if not isinstance(error, Conflict):
                raise


def key_of(image: Image) -> str:
    """The snapshot's key: by layers, as images with the same ones can share it."""
    return f"{image.chain_id or 'scratch'}-init"
