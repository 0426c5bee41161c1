"""Manifests that were made by a push: their layers are here only as those that they were compressed from."""

from dataclasses import replace

from pier.domain.errors import NotFound
from pier.domain.image import Descriptor
from pier.engine.images.blobs import read_if_here
from pier.engine.images.labels import plain_manifest_of
from pier.engine.ports import Content
from pier.oci.image import parse_manifest


async def plain_form(content: Content, manifest: Descriptor) -> Descriptor:
    """The manifest that a pushed one was made from, while all of it is here; else the one asked for."""
    try:
        digest = plain_manifest_of(await content.labels(manifest.digest))
    except NotFound:
        return manifest
    document = await read_if_here(content, digest) if digest else None
    if document is None:
        return manifest
    layers = parse_manifest(document).layers
    is_whole = all([await content.size(layer.digest) is not None for layer in layers])
    return replace(manifest, digest=digest, size=len(document)) if is_whole else manifest
