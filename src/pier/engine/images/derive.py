"""A new image on top of another: one layer more, and another configuration."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from pier.domain.container import Config
from pier.domain.image import (
    MEDIA_TYPE_DOCKER_LAYER_GZIP,
    MEDIA_TYPE_OCI_CONFIG,
    MEDIA_TYPE_OCI_LAYER,
    MEDIA_TYPE_OCI_LAYER_GZIP,
    MEDIA_TYPE_OCI_MANIFEST,
    Descriptor,
    HistoryEntry,
    Image,
)
from pier.domain.mount import FilesystemMount
from pier.domain.reference import Reference
from pier.engine.images.blobs import store_bytes
from pier.engine.images.labels import config_labels, manifest_labels, parent_labels
from pier.engine.images.publish import Publish, image_attributes
from pier.engine.images.store import ImageStore
from pier.engine.images.unpack import Unpacker
from pier.engine.ports import Content, Diffs, Leases, Snapshots
from pier.oci.image import ImageConfig, Manifest, chain_ids
from pier.oci.image_writing import encode_image_config, encode_manifest

# A tar of nothing but its two zero blocks: what a layer without any change comes to.
_EMPTY_LAYER = "sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef"
_DIFF_ID = "containerd.io/uncompressed"
# The same bytes under another name, so that the manifest is OCI's throughout.
_AS_OCI = {MEDIA_TYPE_DOCKER_LAYER_GZIP: MEDIA_TYPE_OCI_LAYER_GZIP}


@dataclass(frozen=True, slots=True, kw_only=True)
class Derivation:
    """What the new image is: a layer on top of those of `base`.

    It is the difference of the mounts `layers` to the snapshot with the key `below`.
    """

    base: Image
    below: str
    layers: tuple[FilesystemMount, ...]
    config: Config = field(default_factory=Config)
    created_by: str = ""
    author: str = ""
    comment: str = ""
    name: Reference | None = None


class Deriver:
    def __init__(
        self,
        *,
        content: Content,
        snapshots: Snapshots,
        diffs: Diffs,
        leases: Leases,
        store: ImageStore,
        unpacker: Unpacker,
        publish: Publish,
        now: Callable[[], int],
    ) -> None:
        self._content = content
        self._snapshots = snapshots
        self._diffs = diffs
        self._leases = leases
        self._store = store
        self._unpacker = unpacker
        self._publish = publish
        self._now = now

    async def derive(self, wanted: Derivation) -> Image:
        """Makes, unpacks and names it; without a name it lives on untagged.

        The layer is stored as it is, not compressed: a paused container waits for it, and pushing may compress it.
        """
        async with self._leases.hold(f"derive-{secrets.token_hex(8)}"):
            layer, diff_id = await self._make_layer(wanted)
            image = await self._store_image(wanted, layer, diff_id)
            await self._publish("image", "create", image.id, image_attributes(image))
            if wanted.name is None:
                await self._store.keep(image.manifest)
            else:
                await self._store.assign(wanted.name.canonical, image.manifest)
                await self._publish("image", "tag", image.id, image_attributes(image, wanted.name.familiar))
        return image

    async def _make_layer(self, wanted: Derivation) -> tuple[Descriptor, str]:
        """The layer and its diff id, against a view of what is below it that goes again."""
        view = f"view-{secrets.token_hex(8)}"
        lower = await self._snapshots.view(view, wanted.below)
        try:
            layer = await self._diffs.compare(
                lower, wanted.layers, media_type=MEDIA_TYPE_OCI_LAYER, ref=f"derive-{secrets.token_hex(8)}"
            )
        finally:
            await self._snapshots.remove(view)
        labels = await self._content.labels(layer.digest)
        return replace(layer, media_type=MEDIA_TYPE_OCI_LAYER), labels.get(_DIFF_ID, layer.digest)

    async def _store_image(self, wanted: Derivation, layer: Descriptor, diff_id: str) -> Image:
        base, is_empty = wanted.base, diff_id == _EMPTY_LAYER
        layers = [replace(item, media_type=_AS_OCI.get(item.media_type, item.media_type)) for item in base.layers]
        diff_ids = base.diff_ids
        if not is_empty:
            layers, diff_ids = [*layers, layer], (*diff_ids, diff_id)
        now = self._now()
        step = HistoryEntry(
            created_at=now,
            created_by=wanted.created_by,
            author=wanted.author,
            comment=wanted.comment,
            empty_layer=is_empty,
        )
        document = encode_image_config(
            ImageConfig(
                config=wanted.config,
                platform=base.platform,
                diff_ids=diff_ids,
                history=(*base.history, step),
                created_at=now,
                author=wanted.author,
                comment=wanted.comment,
            )
        )
        chain_id = chain_ids(diff_ids)[-1] if diff_ids else ""
        labels = config_labels(self._unpacker.snapshotter, chain_id) | parent_labels(base.id)
        stored = await store_bytes(self._content, document, labels)
        config = replace(stored, media_type=MEDIA_TYPE_OCI_CONFIG)
        manifest = await store_bytes(
            self._content,
            encode_manifest(Manifest(config=config, layers=tuple(layers))),
            manifest_labels(config, layers),
        )
        await self._unpacker.unpack(layers, diff_ids)
        return await self._store.read_target(replace(manifest, media_type=MEDIA_TYPE_OCI_MANIFEST))
