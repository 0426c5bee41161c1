"""`docker import`: an image of one layer, made from an archive of a root file system."""

import secrets
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace

from pier.dockerfile.change import apply_changes
from pier.domain.container import Config
from pier.domain.errors import InvalidArgument
from pier.domain.image import (
    MEDIA_TYPE_OCI_CONFIG,
    MEDIA_TYPE_OCI_LAYER,
    MEDIA_TYPE_OCI_MANIFEST,
    Descriptor,
    HistoryEntry,
    Platform,
)
from pier.domain.reference import Reference
from pier.domain.registry import Progress
from pier.engine.images.blobs import store_bytes
from pier.engine.images.labels import config_labels, manifest_labels
from pier.engine.images.progress import Reporter
from pier.engine.images.publish import image_attributes
from pier.engine.images.tools import Tools
from pier.oci.image import ImageConfig, Manifest
from pier.oci.image_writing import encode_image_config, encode_manifest


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportRequest:
    """`source` is an address to fetch the archive from; empty: the request's body. `changes` are instructions of a
    Dockerfile.
    """

    source: str = ""
    name: Reference | None = None
    message: str = ""
    changes: tuple[str, ...] = ()
    platform: Platform | None = None


class Importer:
    def __init__(self, tools: Tools, now: Callable[[], int]) -> None:
        self._tools = tools
        self._now = now

    async def run(self, request: ImportRequest, body: AsyncIterator[bytes], reporter: Reporter) -> None:
        """Reports the new image's id once it has its name.

        Raises InvalidArgument for a bad change or archive, PierError for a bad source.
        """
        config = apply_changes(Config(), request.changes)
        platform = request.platform or self._tools.platform
        if platform.os != "linux":
            raise InvalidArgument(f"operating system is not supported: {platform.os}; Pier imports images for linux")
        chunks = self._tools.registry.download(request.source) if request.source else body
        async with self._tools.leases.hold(f"import-{secrets.token_hex(8)}"):
            layer = await self._store_layer(chunks)
            target = await self._store_image(request, config, platform, layer)
            image = await self._tools.store.read_target(target)
            await self._tools.publish("image", "import", image.id, image_attributes(image))
            if request.name is None:
                await self._tools.store.keep(target)
            else:
                await self._tools.store.assign(request.name.canonical, target)
                await self._tools.publish("image", "tag", image.id, image_attributes(image, request.name.familiar))
        await reporter.report(Progress(status=image.id))  # last: who reads it may use the name at once

    async def _store_layer(self, chunks: AsyncIterator[bytes]) -> Descriptor:
        """The archive without its compression: its digest is the layer's diff id."""
        ref = f"import-{secrets.token_hex(8)}"
        stored = await self._tools.content.write(ref, self._tools.archives.decompress(chunks))
        if not stored.size:
            raise InvalidArgument("the archive to import is empty")
        return replace(stored, media_type=MEDIA_TYPE_OCI_LAYER)

    async def _store_image(
        self, request: ImportRequest, config: Config, platform: Platform, layer: Descriptor
    ) -> Descriptor:
        now = self._now()
        message = request.message or f"Imported from {request.source or '-'}"
        document = encode_image_config(
            ImageConfig(
                config=config,
                platform=platform,
                diff_ids=(layer.digest,),
                history=(HistoryEntry(created_at=now, comment=message),),
                created_at=now,
                comment=message,
            )
        )
        labels = config_labels(self._tools.unpacker.snapshotter, layer.digest)
        described = replace(await store_bytes(self._tools.content, document, labels), media_type=MEDIA_TYPE_OCI_CONFIG)
        manifest = encode_manifest(Manifest(config=described, layers=(layer,)))
        stored = await store_bytes(self._tools.content, manifest, manifest_labels(described, [layer]))
        await self._tools.unpacker.unpack([layer], [layer.digest])
        return replace(stored, media_type=MEDIA_TYPE_OCI_MANIFEST)
