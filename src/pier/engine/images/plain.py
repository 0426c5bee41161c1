"""Manifests that were made by a push: their layers are here only as those that they were compressed from."""

from dataclasses import replace

from pier.domain.image import Descriptor
from pier.engine.images.labels import plain_manifest_of
from pier.engine.ports import Content
from pier.oci.image import parse_manifest


async def plain_form(content: Content, manifest: Descriptor) -> Descriptor:
    """The manifest that a pushed one was made from, while all of it is here; else the one asked for."""
    if await content.size(manifest.digest) is None:
        return manifest
    digest = plain_manifest_of(await content.labels(manifest.digest))
    size = await content.size(digest) if digest else None
    if size is None:
        return manifest
    layers = parse_manifest(await content.read(digest)).layers
    is_whole = all([await content.size(layer.digest) is not None for layer in layers])
    return replace(manifest, digest=digest, size=size) if is_whole else manifest
