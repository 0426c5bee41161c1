"""Writes manifests, indexes and image configs. Equal values give equal bytes, and so equal digests."""

import hashlib
import json

from pier.domain.image import Descriptor, HistoryEntry, Platform
from pier.oci.image import ImageConfig, Index, Manifest
from pier.oci.image_config import dump_config
from pier.oci.inputs import Document
from pier.oci.timestamps import format_timestamp


def describe(data: bytes, media_type: str, *, platform: Platform | None = None) -> Descriptor:
    """The descriptor of a document of ours."""
    return Descriptor(media_type=media_type, digest=_sha256(data), size=len(data), platform=platform)


def encode_manifest(manifest: Manifest) -> bytes:
    """OCI image-spec, "Image Manifest"."""
    return _encode(
        {
            "schemaVersion": 2,
            "mediaType": manifest.media_type,
            "config": descriptor_document(manifest.config),
            "layers": [descriptor_document(layer) for layer in manifest.layers],
            **_optional("annotations", dict(manifest.annotations)),
        }
    )


def encode_index(index: Index) -> bytes:
    """OCI image-spec, "Image Index"."""
    return _encode(
        {
            "schemaVersion": 2,
            "mediaType": index.media_type,
            "manifests": [descriptor_document(manifest) for manifest in index.manifests],
            **_optional("annotations", dict(index.annotations)),
        }
    )


def encode_image_config(image: ImageConfig) -> bytes:
    """OCI image-spec, "Image Configuration"; the digest of these bytes is the image's id."""
    return _encode(
        {
            "architecture": image.platform.architecture,
            **_optional("variant", image.platform.variant),
            **_optional("os.version", image.platform.os_version),
            **_optional("author", image.author),
            **_optional("comment", image.comment),
            "config": dump_config(image.config),
            **({"created": format_timestamp(image.created_at)} if image.created_at else {}),
            **_optional("docker_version", image.docker_version),
            "history": [_history_document(entry) for entry in image.history],
            "os": image.platform.os,
            "rootfs": {"type": "layers", "diff_ids": list(image.diff_ids)},
        }
    )


def descriptor_document(descriptor: Descriptor) -> Document:
    """OCI image-spec, "Content Descriptors"."""
    document: Document = {
        "mediaType": descriptor.media_type,
        "digest": descriptor.digest,
        "size": descriptor.size,
        **_optional("annotations", dict(descriptor.annotations)),
    }
    platform = descriptor.platform
    if platform is not None:
        document["platform"] = {
            "architecture": platform.architecture,
            "os": platform.os,
            **_optional("os.version", platform.os_version),
            **_optional("variant", platform.variant),
        }
    return document


def _history_document(entry: HistoryEntry) -> Document:
    return {
        **({"created": format_timestamp(entry.created_at)} if entry.created_at else {}),
        **_optional("created_by", entry.created_by),
        **_optional("comment", entry.comment),
        **_optional("author", entry.author),
        **_optional("empty_layer", entry.empty_layer),
    }


def _optional(key: str, value: object) -> Document:
    return {key: value} if value else {}


def _encode(document: Document) -> bytes:
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()


def _sha256(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"
