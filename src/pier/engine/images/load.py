"""`docker load`: image archives of every shape into the content store, unpacked and named."""

import secrets
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

from pier.domain.errors import InvalidArgument, NotFound
from pier.domain.ids import short
from pier.domain.image import (
    MEDIA_TYPE_OCI_CONFIG,
    MEDIA_TYPE_OCI_LAYER,
    MEDIA_TYPE_OCI_MANIFEST,
    Descriptor,
    Image,
    Platform,
)
from pier.domain.reference import parse
from pier.domain.registry import Progress
from pier.engine.images.archive_files import ArchiveFiles
from pier.engine.images.archive_layout import ArchivedImage, blob_path, read_layout
from pier.engine.images.blobs import store_bytes
from pier.engine.images.early import EarlyUnpacking, layer_type
from pier.engine.images.labels import config_labels, index_labels, manifest_labels
from pier.engine.images.progress import Reporter
from pier.engine.images.publish import image_attributes
from pier.engine.images.tools import Tools
from pier.oci.image import Manifest, parse_image_config, parse_index, parse_manifest
from pier.oci.image_writing import encode_manifest
from pier.oci.media_types import is_index
from pier.oci.platform import format_platform, rank

_HINT_SECONDS = 0.1  # between two counts of bytes
_HEX_LENGTH = 64
_MAX_DEPTH = 4  # of indexes within indexes


class Loader:
    def __init__(self, tools: Tools) -> None:
        self._archives = tools.archives
        self._content = tools.content
        self._leases = tools.leases
        self._store = tools.store
        self._unpacker = tools.unpacker
        self._publish = tools.publish
        self._platform = tools.platform

    async def load(
        self,
        chunks: AsyncIterator[bytes],
        reporter: Reporter,
        platform: Platform | None = None,
        *,
        quiet: bool = True,
    ) -> None:
        """Reads the archive once, to its end, then makes its images. Raises InvalidArgument for a bad archive."""
        async with self._leases.hold(f"load-{secrets.token_hex(8)}"):
            early = EarlyUnpacking(self._unpacker, self._content)
            files = ArchiveFiles(self._content, early.arrived, _Counter(reporter, quiet=quiet))
            async with early.running():
                await files.take(self._archives.read(chunks))
                images = await read_layout(files, platform or self._platform)
                await early.settle([files.digests(image.layer_paths) for image in images])
            for archived in images:
                target, image = await self._import(files, archived, platform)
                await self._name(target, image, archived.names, reporter)
                await self._publish("image", "load", image.id, image_attributes(image))

    async def _import(
        self, files: ArchiveFiles, archived: ArchivedImage, platform: Platform | None
    ) -> tuple[Descriptor, Image]:
        """Stores and unpacks one image; its target and what it is, still without names."""
        config = parse_image_config(await files.read(archived.config_path))
        if platform is not None and rank(config.platform, platform) is None:
            name = parse(archived.names[0]).familiar if archived.names else archived.config_path
            raise NotFound(
                f"cannot load {name} for {format_platform(platform)}: the archive has it for "
                f"{format_platform(config.platform)} only"
            )
        layers = await self._store_layers(files, archived, config.diff_ids)
        stored = await files.store(archived.config_path, config_labels(self._unpacker.snapshotter, config.chain_id))
        target = await self._store_manifest(files, archived, replace(stored, media_type=MEDIA_TYPE_OCI_CONFIG), layers)
        for index in reversed(archived.indexes):  # from the manifest outwards
            others = [] if platform else await self._store_others(files, index, target)
            await files.store(blob_path(index.digest), index_labels([target, *others]))
            target = index
        await self._unpacker.unpack(layers, config.diff_ids)
        return target, await self._store.read_target(target)

    async def _store_others(self, files: ArchiveFiles, index: Descriptor, besides: Descriptor) -> list[Descriptor]:
        """The other manifests of an index that the archive has whole: kept, so that they can be pushed and saved, but
        not unpacked.
        """
        children = parse_index(await files.read(blob_path(index.digest))).manifests
        others = [child for child in children if child.digest != besides.digest]
        done: dict[str, bool] = {}
        return [child for child in others if await self._store_whole(files, child, done, 0)]

    async def _store_whole(self, files: ArchiveFiles, target: Descriptor, done: dict[str, bool], depth: int) -> bool:
        """A manifest with all its blobs, or an index with those of its manifests of which the archive has all.

        `done` says what came of those before: a few small indexes could name each other millions of times.
        """
        if target.digest not in done:
            done[target.digest] = await self._store_once(files, target, done, depth)
        return done[target.digest]

    async def _store_once(self, files: ArchiveFiles, target: Descriptor, done: dict[str, bool], depth: int) -> bool:
        path = blob_path(target.digest)
        if path not in files or depth > _MAX_DEPTH:
            return False
        if is_index(target.media_type):
            children = parse_index(await files.read(path)).manifests
            kept = [child for child in children if await self._store_whole(files, child, done, depth + 1)]
            if kept:
                await files.store(path, index_labels(kept))
            return bool(kept)
        manifest = parse_manifest(await files.read(path))
        blobs = [manifest.config, *manifest.layers]
        if not all(blob_path(blob.digest) in files for blob in blobs):
            return False
        for blob in blobs:
            await files.store(blob_path(blob.digest))
        await files.store(path, manifest_labels(manifest.config, manifest.layers))
        return True

    async def _store_layers(
        self, files: ArchiveFiles, archived: ArchivedImage, diff_ids: Sequence[str]
    ) -> list[Descriptor]:
        if len(archived.layer_paths) != len(diff_ids):
            raise InvalidArgument(
                f"the image {archived.config_path} has {len(archived.layer_paths)} layers in the archive, but its "
                f"config lists {len(diff_ids)}"
            )
        layers = []
        for path, diff_id in zip(archived.layer_paths, diff_ids, strict=True):
            media_type = layer_type(await files.head(path))
            layer = replace(await files.store(path), media_type=media_type)
            if media_type == MEDIA_TYPE_OCI_LAYER and layer.digest != diff_id:
                raise InvalidArgument(
                    f"the layer {path} in the archive has the digest {layer.digest}, but its image says {diff_id}"
                )
            layers.append(layer)
        return layers

    async def _store_manifest(
        self, files: ArchiveFiles, archived: ArchivedImage, config: Descriptor, layers: Sequence[Descriptor]
    ) -> Descriptor:
        """The archive's own manifest, or one made for an archive that knows none."""
        labels = manifest_labels(config, layers)
        if archived.manifest is not None:
            await files.store(blob_path(archived.manifest.digest), labels)
            return archived.manifest
        stored = await store_bytes(
            self._content, encode_manifest(Manifest(config=config, layers=tuple(layers))), labels
        )
        return replace(stored, media_type=MEDIA_TYPE_OCI_MANIFEST)

    async def _name(self, target: Descriptor, image: Image, names: Sequence[str], reporter: Reporter) -> None:
        for name in names:
            familiar = parse(name).familiar
            orphan = await self._store.assign(name, target)
            if orphan:
                text = f"The image {familiar} already exists, renaming the old one with ID {orphan} to empty string\n"
                await reporter.report(Progress(stream=text))
            await reporter.report(Progress(stream=f"Loaded image: {familiar}\n"))
        if not names:
            await self._store.keep(target)
            await reporter.report(Progress(stream=f"Loaded image ID: {image.id}\n"))


class _Counter:
    """Tells how much of each layer has been read."""

    def __init__(self, reporter: Reporter, *, quiet: bool) -> None:
        self._reporter = reporter
        self._quiet = quiet
        self._told = 0.0

    def __call__(self, path: str, done: int, total: int) -> None:
        if self._quiet or (done < total and time.monotonic() - self._told < _HINT_SECONDS):
            return
        self._told = time.monotonic()
        self._reporter.hint(Progress(status="Loading layer", id=_short_name(path), current=done, total=total))


def _short_name(path: str) -> str:
    """`blobs/sha256/<digest>` and `<id>/layer.tar` by their first twelve digits, any other path as it is."""
    found = next((part for part in reversed(path.split("/")) if len(part) == _HEX_LENGTH), "")
    return short(f"sha256:{found}") if found else path
