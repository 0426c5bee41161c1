"""What a blob is, by its media type; layers of kinds that are not known are refused, not guessed."""

from typing import Literal

from pier.domain import image as media
from pier.domain.errors import InvalidArgument

Compression = Literal["", "gzip", "zstd"]

_INDEXES = frozenset({media.MEDIA_TYPE_OCI_INDEX, media.MEDIA_TYPE_DOCKER_LIST})
_CONFIGS = frozenset({media.MEDIA_TYPE_OCI_CONFIG, media.MEDIA_TYPE_DOCKER_CONFIG})


def is_index(media_type: str) -> bool:
    """Several manifests, one a platform."""
    return media_type in _INDEXES


def is_config(media_type: str) -> bool:
    """What a container of the image runs, and its layers' diff ids."""
    return media_type in _CONFIGS


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
