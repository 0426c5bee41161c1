"""The platforms of an image: what an index lists, and how much of it is here."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from pier.domain.errors import InvalidArgument, NotFound
from pier.domain.image import Descriptor, Image, Platform
from pier.engine.images.blobs import read_if_here
from pier.engine.images.manifests import ManifestReader
from pier.engine.ports import Content
from pier.oci.image import parse_index, parse_manifest
from pier.oci.media_types import is_index
from pier.oci.platform import format_platform, rank

_MAX_DEPTH = 4
# BuildKit's marks of a manifest that attests another one.
_REFERENCE_TYPE = "vnd.docker.reference.type"
_REFERENCE_DIGEST = "vnd.docker.reference.digest"
_ATTESTATION = "attestation-manifest"


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One manifest of an image.

    `is_available`: all of its content is here; `content_size` is the bytes of what is here, `unpacked_size` what its
    layers take unpacked (0: they are not). `attests` is the digest of the manifest that an attestation is about.
    """

    descriptor: Descriptor
    kind: Literal["image", "attestation", "unknown"]
    is_available: bool
    content_size: int
    unpacked_size: int = 0
    platform: Platform | None = None
    image: Image | None = None
    attests: str = ""


class VariantReader:
    def __init__(self, content: Content, reader: ManifestReader) -> None:
        self._content = content
        self._reader = reader

    async def read(self, target: Descriptor) -> list[Variant]:
        """In the index's order; a lone manifest is the one. Raises InvalidArgument for an index nested too deeply."""
        return await self._read(target, set(), 0)

    async def _read(self, target: Descriptor, seen: set[str], depth: int) -> list[Variant]:
        """An index counts once, wherever it is named: a few small ones could name each other millions of times."""
        if depth > _MAX_DEPTH:
            raise InvalidArgument(f"the index {target.digest} is nested too deeply")
        if not is_index(target.media_type):
            return [await self._variant(target)]
        if target.digest in seen:
            return []
        seen.add(target.digest)
        document = await read_if_here(self._content, target.digest)
        found: list[Variant] = []
        for child in parse_index(document).manifests if document is not None else ():
            found += await self._read(child, seen, depth + 1)
        return found

    async def _variant(self, manifest: Descriptor) -> Variant:
        attests = manifest.annotations.get(_REFERENCE_DIGEST, "")
        is_attestation = manifest.annotations.get(_REFERENCE_TYPE) == _ATTESTATION
        complete, size = await self._content_of(manifest)
        image = None
        if not is_attestation and size:  # what is gone may still be remembered
            try:
                image = await self._reader.read(manifest)
            except (NotFound, InvalidArgument):
                image = None  # of its config, too, nothing is here
        layers = await self._reader.layer_sizes(image) if image else None
        return Variant(
            descriptor=manifest,
            kind="attestation" if is_attestation else "image" if image or manifest.platform else "unknown",
            is_available=complete,
            content_size=size,
            unpacked_size=sum(layers or ()),
            platform=image.platform if image else manifest.platform,
            image=image,
            attests=attests if is_attestation else "",
        )

    async def _content_of(self, manifest: Descriptor) -> tuple[bool, int]:
        """Whether all of it is here, and the bytes that are, each blob counted once."""
        own = await read_if_here(self._content, manifest.digest)
        if own is None:
            return False, 0
        document = parse_manifest(own)
        blobs = {blob.digest for blob in (document.config, *document.layers)}
        sizes = [await self._content.size(digest) for digest in blobs]
        return None not in sizes, len(own) + sum(size or 0 for size in sizes)


def for_platform(variants: Sequence[Variant], platform: Platform, name: str) -> Image:
    """The image that runs best there. Raises NotFound in Docker's words, as `name`."""
    images = [variant.image for variant in variants if variant.image is not None]
    ranked = [
        (position, number)
        for number, image in enumerate(images)
        if (position := rank(image.platform, platform)) is not None
    ]
    if ranked:
        return images[min(ranked)[1]]
    wanted = format_platform(platform)
    if len(images) == 1 and len(variants) == 1:
        raise NotFound(
            f"image with reference {name} was found but its platform ({format_platform(images[0].platform)}) does not "
            f"match the specified platform ({wanted})"
        )
    raise NotFound(f"image with reference {name} was found but does not provide the specified platform ({wanted})")
