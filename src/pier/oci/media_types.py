"""What a blob is, by its media type; layers of kinds that are not known are refused, not guessed."""

from typing import Literal

from pier.domain import image as media
from pier.domain.errors import InvalidArgument
from pier.oci.reading import Reader

Compression = Literal["", "gzip", "zstd"]

_INDEXES = frozenset({media.MEDIA_TYPE_OCI_INDEX, media.MEDIA_TYPE_DOCKER_LIST})
_MANIFESTS = frozenset({media.MEDIA_TYPE_OCI_MANIFEST, media.MEDIA_TYPE_DOCKER_MANIFEST})
_CONFIGS = frozenset({media.MEDIA_TYPE_OCI_CONFIG, media.MEDIA_TYPE_DOCKER_CONFIG})


def is_index(media_type: str) -> bool:
    """Several manifests, one a platform."""
    return media_type in _INDEXES


def is_manifest(media_type: str) -> bool:
    """One image for one platform."""
    return media_type in _MANIFESTS


def is_config(media_type: str) -> bool:
    """What a container of the image runs, and its layers' diff ids."""
    return media_type in _CONFIGS


def is_layer(media_type: str) -> bool:
    """Also layers that are not to be distributed and those of kinds to come, by the common part of their names."""
    return ".layer." in media_type or ".rootfs." in media_type


def is_distributable(media_type: str) -> bool:
    """Whether registries may be given it: some layers are fetched from their maker only."""
    return ".nondistributable." not in media_type and ".foreign." not in media_type


def layer_compression(media_type: str) -> Compression:
    """How a layer is packed, "" for not at all. Raises InvalidArgument where that is not known."""
    packing = media_type.rpartition("+")[2] if "+" in media_type else media_type.rpartition(".")[2]
    if packing in ("tar", "foreign"):
        return ""
    if packing == "gzip":
        return "gzip"
    if packing == "zstd":
        return "zstd"
    raise InvalidArgument(f"layers of type {media_type} are not supported")


def detect_media_type(data: bytes) -> str:
    """What a manifest or index says it is, or, when it says nothing, what its fields show. Raises InvalidArgument."""
    document = Reader.parse(data, "manifest")
    stated = document.text("mediaType")
    if stated:
        return stated
    if document.has("manifests"):
        return media.MEDIA_TYPE_OCI_INDEX
    if document.has("config") and document.has("layers"):
        return media.MEDIA_TYPE_OCI_MANIFEST
    raise InvalidArgument("the document is neither a manifest nor an index of schema 2 (schema 1 is not supported)")
