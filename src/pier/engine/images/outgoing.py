"""What a push sends: a manifest, or an index with all its manifests, and the blobs below them."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace

from pier.domain.errors import InvalidArgument, NotFound
from pier.domain.image import (
    MEDIA_TYPE_DOCKER_LAYER_GZIP,
    MEDIA_TYPE_DOCKER_MANIFEST,
    MEDIA_TYPE_OCI_LAYER_GZIP,
    Descriptor,
    Platform,
)
from pier.engine.images.blobs import store_bytes
from pier.engine.images.labels import manifest_labels
from pier.engine.images.platforms import by_preference
from pier.engine.ports import Archives, Content
from pier.oci.image import Manifest, parse_image_config, parse_index, parse_manifest
from pier.oci.image_writing import encode_manifest
from pier.oci.media_types import is_config, is_distributable, is_index, layer_compression
from pier.oci.platform import format_platform, rank

_MAX_DEPTH = 4
_COMPRESSIONS = 2  # at once: each takes a processor
_DIFF_ID = "containerd.io/uncompressed"


@dataclass(frozen=True, slots=True)
class Parcel:
    """One manifest with what it names. `diff_ids` are those of its layers; none where it is no image."""

    descriptor: Descriptor
    document: bytes
    manifest: Manifest
    diff_ids: tuple[str, ...]

    @property
    def layers(self) -> list[Descriptor]:
        """Those that a registry is given, each once."""
        sent = {layer.digest: layer for layer in self.manifest.layers if is_distributable(layer.media_type)}
        return list(sent.values())

    @property
    def is_plain(self) -> bool:
        """Whether a layer of it is not compressed."""
        return bool(self.diff_ids) and any(not layer_compression(layer.media_type) for layer in self.layers)


@dataclass(frozen=True, slots=True)
class Shipment:
    """`indexes` are documents above the parcels, innermost first; the last one, or else the parcel, is the target."""

    parcels: tuple[Parcel, ...]
    indexes: tuple[tuple[Descriptor, bytes], ...] = ()

    @property
    def target(self) -> Descriptor:
        return self.indexes[-1][0] if self.indexes else self.parcels[0].descriptor


class Packer:
    def __init__(self, content: Content, archives: Archives) -> None:
        self._content = content
        self._archives = archives
        self._slots = asyncio.Semaphore(_COMPRESSIONS)

    async def pack(self, target: Descriptor) -> Shipment | None:
        """All that a target leads to; None where some of an index is not here. Raises NotFound, InvalidArgument."""
        if not is_index(target.media_type):
            return Shipment((await self.parcel(target),))
        parcels: dict[str, Parcel] = {}
        indexes: dict[str, tuple[Descriptor, bytes]] = {}
        if not await self._collect(target, parcels, indexes, 0):
            return None
        return Shipment(tuple(parcels.values()), tuple(indexes.values()))

    async def _collect(
        self,
        target: Descriptor,
        parcels: dict[str, Parcel],
        indexes: dict[str, tuple[Descriptor, bytes]],
        depth: int,
    ) -> bool:
        """Whether everything below is here."""
        if depth > _MAX_DEPTH:
            raise InvalidArgument(f"the index {target.digest} is nested too deeply")
        if await self._content.size(target.digest) is None:
            return False
        if not is_index(target.media_type):
            parcel = await self.parcel(target)
            blobs = [parcel.manifest.config, *parcel.layers]
            parcels[target.digest] = parcel
            return all([await self._content.size(blob.digest) is not None for blob in blobs])
        document = await self._content.read(target.digest)
        for child in parse_index(document).manifests:
            if not await self._collect(child, parcels, indexes, depth + 1):
                return False
        indexes[target.digest] = target, document
        return True

    async def choose(self, target: Descriptor, platform: Platform, name: str) -> Descriptor:
        """The manifest for this platform, of an index or of a lone image. Raises NotFound."""
        found = await self._choose(target, platform, 0)
        if found is None:
            raise NotFound(
                f"image with reference {name} was found but does not provide the specified platform "
                f"({format_platform(platform)})"
            )
        return found

    async def _choose(self, target: Descriptor, platform: Platform, depth: int) -> Descriptor | None:
        if depth > _MAX_DEPTH or await self._content.size(target.digest) is None:
            return None
        if not is_index(target.media_type):
            parcel = await self.parcel(target)
            config = parse_image_config(await self._content.read(parcel.manifest.config.digest))
            return target if rank(config.platform, platform) is not None else None
        children = parse_index(await self._content.read(target.digest)).manifests
        for child in by_preference(children, platform):
            if child.platform is None or rank(child.platform, platform) is not None:
                found = await self._choose(child, platform, depth + 1)
                if found is not None:
                    return found
        return None

    async def parcel(self, descriptor: Descriptor) -> Parcel:
        """One manifest. Raises NotFound, InvalidArgument."""
        document = await self._content.read(descriptor.digest)
        manifest = parse_manifest(document)
        diff_ids: tuple[str, ...] = ()
        if is_config(manifest.config.media_type) and await self._content.size(manifest.config.digest) is not None:
            diff_ids = parse_image_config(await self._content.read(manifest.config.digest)).diff_ids
        bare = Descriptor(media_type=descriptor.media_type, digest=descriptor.digest, size=descriptor.size)
        return Parcel(bare, document, manifest, diff_ids if len(diff_ids) == len(manifest.layers) else ())

    async def compress(self, parcel: Parcel) -> Parcel:
        """The same image with every layer compressed, in the content store under the caller's lease."""
        layers = await self._compressed(parcel)
        manifest = replace(parcel.manifest, layers=tuple(layers))
        document = encode_manifest(manifest)
        stored = await store_bytes(self._content, document, manifest_labels(manifest.config, layers))
        descriptor = replace(stored, media_type=parcel.descriptor.media_type)
        return Parcel(descriptor, document, manifest, parcel.diff_ids)

    async def _compressed(self, parcel: Parcel) -> list[Descriptor]:
        jobs = {}
        media_type = MEDIA_TYPE_OCI_LAYER_GZIP
        if parcel.manifest.media_type == MEDIA_TYPE_DOCKER_MANIFEST:
            media_type = MEDIA_TYPE_DOCKER_LAYER_GZIP
        async with asyncio.TaskGroup() as group:
            for layer, diff_id in zip(parcel.manifest.layers, parcel.diff_ids, strict=True):
                if layer.digest not in jobs and not layer_compression(layer.media_type):
                    job = self._compress(layer, diff_id, media_type)
                    jobs[layer.digest] = group.create_task(job, name=f"compress {layer.digest}")
        return [jobs[layer.digest].result() if layer.digest in jobs else layer for layer in parcel.manifest.layers]

    async def _compress(self, layer: Descriptor, diff_id: str, media_type: str) -> Descriptor:
        async with self._slots:
            packed = self._archives.compress(self._content.stream(layer.digest))
            ref = f"compress-{secrets.token_hex(8)}"
            stored = await self._content.write(ref, packed, labels={_DIFF_ID: diff_id})
        return replace(layer, media_type=media_type, digest=stored.digest, size=stored.size)


async def read_blob(content: Content, blob: Descriptor, offset: int) -> AsyncIterator[bytes]:
    """Its bytes from an offset on. Raises NotFound that says what can be done about a layer that is gone."""
    if await content.size(blob.digest) is None:
        raise NotFound(
            f"layer {blob.digest} is not in the content store, only its files are: pull the image again to push it"
        )
    async for chunk in content.stream(blob.digest, offset=offset):
        yield chunk


def layer_names(parcels: Sequence[Parcel]) -> dict[str, tuple[Descriptor, str]]:
    """Every layer by digest, topmost first, with the digest that names it to the user: its diff id, where known."""
    named: dict[str, tuple[Descriptor, str]] = {}
    for parcel in parcels:
        diff_ids = parcel.diff_ids or tuple(layer.digest for layer in parcel.manifest.layers)
        names = {layer.digest: name for layer, name in zip(parcel.manifest.layers, diff_ids, strict=True)}
        for layer in reversed(parcel.layers):
            named.setdefault(layer.digest, (layer, names[layer.digest]))
    return named
