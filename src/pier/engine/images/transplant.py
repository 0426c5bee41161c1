"""An image from one namespace's content to another's. containerd shares blobs between namespaces, so that no byte of a
layer is copied: the other namespace only comes to know of it.
"""

import secrets

from pier.domain.errors import InvalidArgument, NotFound
from pier.domain.image import Descriptor
from pier.engine.images.blobs import store_bytes
from pier.engine.images.labels import config_labels, index_labels, manifest_labels
from pier.engine.ports import Content
from pier.oci.image import parse_image_config, parse_index, parse_manifest
from pier.oci.media_types import is_index

_MAX_DEPTH = 4


async def transplant(source: Content, target: Content, root: Descriptor, snapshotter: str) -> None:
    """Everything below a manifest or index that the source has whole, under the caller's lease in the target.

    Raises NotFound where that is nothing, InvalidArgument for damaged documents.
    """
    await _transplant(source, target, root, snapshotter, {}, 0)


async def _transplant(
    source: Content, target: Content, root: Descriptor, snapshotter: str, done: dict[str, bool], depth: int
) -> None:
    """`done` says of what was named before whether it is there."""
    if depth > _MAX_DEPTH:
        raise InvalidArgument(f"the index {root.digest} is nested too deeply")
    document = await source.read(root.digest)
    if not is_index(root.media_type):
        await _manifest(source, target, document, snapshotter)
        return
    kept = []
    for child in parse_index(document).manifests:
        if child.digest not in done:
            try:
                await _transplant(source, target, child, snapshotter, done, depth + 1)
                done[child.digest] = True
            except NotFound:
                done[child.digest] = False
        if done[child.digest]:
            kept.append(child)
    if not kept:
        raise NotFound(f"no manifest of the index {root.digest} is there")
    await store_bytes(target, document, index_labels(kept))


async def _manifest(source: Content, target: Content, document: bytes, snapshotter: str) -> None:
    manifest = parse_manifest(document)
    for blob in (manifest.config, *manifest.layers):
        if await source.size(blob.digest) is None:
            raise NotFound(f"blob {blob.digest} of an image is not there, only its files are")
    for layer in manifest.layers:
        ref = f"transplant-{secrets.token_hex(8)}"
        await target.write(ref, source.stream(layer.digest), expected=layer.digest, size=layer.size)
    config = await source.read(manifest.config.digest)
    await store_bytes(target, config, config_labels(snapshotter, parse_image_config(config).chain_id))
    await store_bytes(target, document, manifest_labels(manifest.config, manifest.layers))
