"""What a push sends: a manifest, or an index with all its manifests, and the blobs below them."""

from collections.abc import Mapping, Sequence
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
from pier.engine.images.labels import packed_manifest_labels
from pier.engine.images.plain import plain_form
from pier.engine.images.platforms import by_preference
from pier.engine.ports import Content
from pier.oci.image import Manifest, parse_image_config, parse_index, parse_manifest
from pier.oci.image_writing import encode_manifest
from pier.oci.media_types import is_config, is_distributable, is_index, layer_compression
from pier.oci.platform import format_platform, rank

_MAX_DEPTH = 4


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
        return bool(self.diff_ids) and any(is_plain_layer(layer) for layer in self.layers)

    @property
    def layer_type(self) -> str:
        """The media type of compressed layers that goes with its manifest's."""
        is_docker = self.manifest.media_type == MEDIA_TYPE_DOCKER_MANIFEST
        return MEDIA_TYPE_DOCKER_LAYER_GZIP if is_docker else MEDIA_TYPE_OCI_LAYER_GZIP


@dataclass(frozen=True, slots=True)
class Shipment:
    """`indexes` are documents above the parcels, innermost first; the last one, or else the parcel, is the target.

    `packs`: the plain layers of its one parcel are to be compressed, and the manifest to be made anew.
    """

    parcels: tuple[Parcel, ...]
    indexes: tuple[tuple[Descriptor, bytes], ...] = ()
    packs: bool = False

    @property
    def target(self) -> Descriptor:
        return self.indexes[-1][0] if self.indexes else self.parcels[0].descriptor


class Packer:
    def __init__(self, content: Content) -> None:
        self._content = content

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
        """Whether everything below is here; what is named again is not looked at again."""
        if depth > _MAX_DEPTH:
            raise InvalidArgument(f"the index {target.digest} is nested too deeply")
        if target.digest in parcels or target.digest in indexes:
            return True
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
        found = await self._choose(target, platform, set(), 0)
        if found is None:
            raise NotFound(
                f"image with reference {name} was found but does not provide the specified platform "
                f"({format_platform(platform)})"
            )
        return found

    async def _choose(self, target: Descriptor, platform: Platform, seen: set[str], depth: int) -> Descriptor | None:
        """`seen` are manifests and indexes that are not it."""
        if depth > _MAX_DEPTH or target.digest in seen or await self._content.size(target.digest) is None:
            return None
        if not is_index(target.media_type):
            parcel = await self.parcel(target)
            config = parse_image_config(await self._content.read(parcel.manifest.config.digest))
            return target if rank(config.platform, platform) is not None else None
        children = parse_index(await self._content.read(target.digest)).manifests
        for child in by_preference(children, platform):
            if child.platform is None or rank(child.platform, platform) is not None:
                found = await self._choose(child, platform, seen, depth + 1)
                if found is not None:
                    return found
        seen.add(target.digest)
        return None

    async def parcel(self, descriptor: Descriptor) -> Parcel:
        """One manifest, plain where it was pushed from here. Raises NotFound, InvalidArgument."""
        descriptor = await plain_form(self._content, descriptor)
        document = await self._content.read(descriptor.digest)
        manifest = parse_manifest(document)
        diff_ids: tuple[str, ...] = ()
        if is_config(manifest.config.media_type) and await self._content.size(manifest.config.digest) is not None:
            diff_ids = parse_image_config(await self._content.read(manifest.config.digest)).diff_ids
        bare = Descriptor(media_type=descriptor.media_type, digest=descriptor.digest, size=descriptor.size)
        return Parcel(bare, document, manifest, diff_ids if len(diff_ids) == len(manifest.layers) else ())

    async def packed(self, parcel: Parcel, layers: Mapping[str, Descriptor]) -> Parcel:
        """The same image with other layers, by the digests of those that they take the place of. Its manifest is stored
        under the caller's lease, and holds the one it was made from.
        """
        manifest = replace(
            parcel.manifest, layers=tuple(layers.get(layer.digest, layer) for layer in parcel.manifest.layers)
        )
        document = encode_manifest(manifest)
        labels = packed_manifest_labels(manifest.config, parcel.descriptor)
        stored = await store_bytes(self._content, document, labels)
        return replace(
            parcel,
            descriptor=replace(stored, media_type=parcel.descriptor.media_type),
            document=document,
            manifest=manifest,
        )


def is_plain_layer(layer: Descriptor) -> bool:
    """Whether it is not compressed."""
    return not layer_compression(layer.media_type)


def layer_names(parcels: Sequence[Parcel]) -> dict[str, tuple[Descriptor, str]]:
    """Every layer by digest, topmost first, with the digest that names it to the user: its diff id, where known."""
    named: dict[str, tuple[Descriptor, str]] = {}
    for parcel in parcels:
        diff_ids = parcel.diff_ids or tuple(layer.digest for layer in parcel.manifest.layers)
        names = {layer.digest: name for layer, name in zip(parcel.manifest.layers, diff_ids, strict=True)}
        for layer in reversed(parcel.layers):
            named.setdefault(layer.digest, (layer, names[layer.digest]))
    return named
