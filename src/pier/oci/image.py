"""Images as documents: reads manifests, indexes and configs, of OCI and of Docker schema 2 alike.

Facts are of the OCI image-spec ("Image Manifest", "Image Index", "Image Configuration", "Image Layer Filesystem
Changeset"); the fields that only Docker writes (Healthcheck, Shell, OnBuild, comment) are read and kept too.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pier.domain import image as media
from pier.domain.container import Config
from pier.domain.errors import InvalidArgument
from pier.domain.image import Descriptor, HistoryEntry, Platform
from pier.oci.image_config import load_config
from pier.oci.reading import Reader
from pier.oci.timestamps import parse_timestamp


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """One image for one platform: its config and its layers, lowest first."""

    config: Descriptor
    layers: tuple[Descriptor, ...]
    media_type: str = media.MEDIA_TYPE_OCI_MANIFEST
    annotations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """Manifests (or further indexes), usually one a platform."""

    manifests: tuple[Descriptor, ...]
    media_type: str = media.MEDIA_TYPE_OCI_INDEX
    annotations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageConfig:
    """The document whose digest is the image's id. `diff_ids` are of uncompressed layers, lowest first."""

    config: Config = field(default_factory=Config)
    platform: Platform = field(default_factory=Platform)
    diff_ids: tuple[str, ...] = ()
    history: tuple[HistoryEntry, ...] = ()
    created_at: int = 0
    author: str = ""
    comment: str = ""
    docker_version: str = ""

    @property
    def chain_id(self) -> str:
        """The topmost layer's; empty without layers."""
        return chain_ids(self.diff_ids)[-1] if self.diff_ids else ""


def parse_manifest(data: bytes) -> Manifest:
    """Raises InvalidArgument for anything else, an index that poses as a manifest included."""
    document = Reader.parse(data, "manifest")
    if not document.has("config") or document.has("manifests"):
        raise InvalidArgument("the document is not an image manifest")
    return Manifest(
        media_type=document.text("mediaType") or media.MEDIA_TYPE_OCI_MANIFEST,
        config=_descriptor(document.section("config")),
        layers=tuple(_descriptor(layer) for layer in document.sections("layers")),
        annotations=document.texts("annotations"),
    )


def parse_index(data: bytes) -> Index:
    """Raises InvalidArgument for anything else, a manifest that poses as an index included."""
    document = Reader.parse(data, "image index")
    if not document.has("manifests") or document.has("layers"):
        raise InvalidArgument("the document is not an image index")
    return Index(
        media_type=document.text("mediaType") or media.MEDIA_TYPE_OCI_INDEX,
        manifests=tuple(_descriptor(manifest) for manifest in document.sections("manifests")),
        annotations=document.texts("annotations"),
    )


def parse_image_config(data: bytes) -> ImageConfig:
    """Raises InvalidArgument for what is no image configuration."""
    document = Reader.parse(data, "image config")
    return ImageConfig(
        config=load_config(document.section("config")),
        platform=_platform(document),
        diff_ids=document.section("rootfs").list_of_texts("diff_ids"),
        history=tuple(_history_entry(entry) for entry in document.sections("history")),
        created_at=parse_timestamp(document.text("created")),
        author=document.text("author"),
        comment=document.text("comment"),
        docker_version=document.text("docker_version"),
    )


def chain_ids(diff_ids: Sequence[str]) -> list[str]:
    """The name of each layer together with all below it (OCI image-spec, "Layer ChainID")."""
    chain: list[str] = []
    for diff_id in diff_ids:
        chain.append(chain_id_above(chain[-1] if chain else "", diff_id))
    return chain


def chain_id_above(parent: str, diff_id: str) -> str:
    """The chain id of a layer on the one with the chain id `parent`, "" for the lowest."""
    return _sha256(f"{parent} {diff_id}".encode()) if parent else diff_id


def _descriptor(document: Reader) -> Descriptor:
    return Descriptor(
        media_type=document.text("mediaType"),
        digest=document.digest("digest"),
        size=document.size("size"),
        annotations=document.texts("annotations"),
        platform=_platform(document.section("platform")) if document.has("platform") else None,
    )


def _platform(document: Reader) -> Platform:
    return Platform(
        os=document.text("os") or "linux",
        architecture=document.text("architecture") or "amd64",
        variant=document.text("variant"),
        os_version=document.text("os.version"),
    )


def _history_entry(document: Reader) -> HistoryEntry:
    return HistoryEntry(
        created_at=parse_timestamp(document.text("created")),
        created_by=document.text("created_by"),
        comment=document.text("comment"),
        author=document.text("author"),
        empty_layer=document.flag("empty_layer"),
    )


def _sha256(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"
