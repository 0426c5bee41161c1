"""`docker save`: images as one tar, which is an OCI layout and a docker archive at once."""

import json
import secrets
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from dataclasses import dataclass, field, replace

from pier.domain.archive import ArchiveMember
from pier.domain.errors import InvalidArgument, NotFound
from pier.domain.image import (
    MEDIA_TYPE_OCI_CONFIG,
    MEDIA_TYPE_OCI_LAYER,
    MEDIA_TYPE_OCI_MANIFEST,
    Descriptor,
    Image,
    Platform,
)
from pier.domain.reference import Reference, parse
from pier.engine.images.archive_layout import blob_path
from pier.engine.images.archive_tree import ArchiveTree
from pier.engine.images.publish import image_attributes
from pier.engine.images.tools import Tools
from pier.oci.image import Index, Manifest
from pier.oci.image_writing import describe, descriptor_document, encode_index, encode_manifest
from pier.oci.media_types import is_index


@dataclass(slots=True)
class _Saved:
    """An image and the names under which it goes into the archive; with the index that it goes with as a whole."""

    image: Image
    index: Descriptor | None = None
    tree: ArchiveTree | None = None
    names: list[Reference] = field(default_factory=list)

    @property
    def needed(self) -> set[str]:
        """The digests of all that the archive is made of."""
        own = {self.image.id, *(layer.digest for layer in self.image.layers)}
        return own | (self.tree.digests if self.tree is not None else set())


class Saver:
    def __init__(self, tools: Tools) -> None:
        self._archives = tools.archives
        self._content = tools.content
        self._leases = tools.leases
        self._store = tools.store
        self._publish = tools.publish

    async def save(self, names: Sequence[str], platform: Platform | None = None) -> AsyncGenerator[bytes, None]:
        """The archive's bytes, of each image the one for `platform`. Raises NotFound before the first.

        Without a platform an image of which several are here goes out with its index and all of them, each blob as it
        is stored (as dockerd's containerd image store does it); the docker archive's table names this host's.

        Else layers go out as plain tars. A tar tells a file's size before its bytes, so a compressed layer is
        decompressed twice, once to count: that takes time but no disk. The documents, which name all sizes, come last.
        """
        chosen = await self._choose(names, platform)
        needed = {digest for saved in chosen for digest in saved.needed}
        async with self._leases.keep(f"save-{secrets.token_hex(8)}", sorted(needed)):
            for saved in chosen:
                await self._require_here(saved)
            async for chunk in self._archives.write(self._members(chosen)):
                yield chunk
        for saved in chosen:
            await self._publish("image", "save", saved.image.id, image_attributes(saved.image))

    async def _require_here(self, saved: _Saved) -> None:
        if await self._content.size(saved.image.id) is None:
            raise NotFound(f"No such image: {saved.image.id}")  # it has just been removed
        for layer in saved.image.layers:
            if await self._content.size(layer.digest) is None:
                raise NotFound(
                    f"layer {layer.digest} of {saved.image.id} is not in the content store, only its files are: "
                    "pull the image again to save it"
                )

    async def _choose(self, names: Sequence[str], platform: Platform | None) -> list[_Saved]:
        """Each image once; a bare repository stands for all its tags, an id for the image without names."""
        if not names:
            raise InvalidArgument("no image to save: name at least one")
        chosen: dict[str, _Saved] = {}
        for name in names:
            references = await self._references(name)
            for ref in [reference.canonical for reference in references] or [name]:
                image = await self._store.get_for(ref, platform)
                saved = _Saved(image) if platform is not None else await self._whole(image, ref)
                saved = chosen.setdefault(saved.index.digest if saved.index else image.id, saved)
                saved.names += [reference for reference in references if reference.canonical == ref]
        for saved in chosen.values():
            saved.names = list(dict.fromkeys(saved.names))
        return list(chosen.values())

    async def _whole(self, image: Image, ref: str) -> _Saved:
        """With its index where more than one of the index's images is here."""
        records = await self._store.records_of(image.id)
        named = [record.target for record in records if record.name == ref]
        for target in named or [record.target for record in records]:
            if is_index(target.media_type):
                tree = await ArchiveTree.below(self._content, target)
                if tree.images > 1:
                    bare = Descriptor(media_type=target.media_type, digest=target.digest, size=target.size)
                    return _Saved(image, bare, tree)
        return _Saved(image)

    async def _references(self, name: str) -> list[Reference]:
        """The tags that a name stands for; none for an id or a digest."""
        try:
            reference = parse(name, default_tag="")
        except InvalidArgument:
            return []
        if not reference.tag and not reference.digest:
            tags = [parse(record.name) for record in await self._store.named(reference.repository)]
            if tags:
                return tags
        image = await self._store.get(name)
        tagged = reference if reference.tag else replace(reference, tag="latest")
        return [tagged] if not reference.digest and tagged.familiar in image.repo_tags else []

    async def _members(self, chosen: Sequence[_Saved]) -> AsyncIterator[ArchiveMember]:
        written: set[str] = set()
        manifests: list[Descriptor] = []
        entries: list[dict[str, object]] = []
        for directory in ("blobs", "blobs/sha256"):
            yield ArchiveMember(path=directory)
        for saved in chosen:
            if saved.tree is not None and saved.index is not None:
                async for member in saved.tree.members(written):
                    yield member
                manifests += _index_entries(saved.index, saved.names)
                entries.append(_docker_entry(saved, saved.image.layers))
                continue
            layers = []
            for layer, diff_id in zip(saved.image.layers, saved.image.diff_ids, strict=True):
                plain = Descriptor(
                    media_type=MEDIA_TYPE_OCI_LAYER, digest=diff_id, size=await self._plain_size(layer, diff_id)
                )
                layers.append(plain)
                if diff_id not in written:
                    written.add(diff_id)
                    yield ArchiveMember(path=blob_path(diff_id), size=plain.size, data=self._plain(layer, diff_id))
            config = await self._content.read(saved.image.id)
            manifest = encode_manifest(Manifest(config=describe(config, MEDIA_TYPE_OCI_CONFIG), layers=tuple(layers)))
            for document in (config, manifest):
                descriptor = describe(document, MEDIA_TYPE_OCI_MANIFEST)
                if descriptor.digest not in written:
                    written.add(descriptor.digest)
                    yield _document(blob_path(descriptor.digest), document)
            manifests += _index_entries(describe(manifest, MEDIA_TYPE_OCI_MANIFEST), saved.names)
            entries.append(_docker_entry(saved, layers))
        for path, document in (
            ("index.json", encode_index(Index(manifests=tuple(manifests)))),
            ("manifest.json", _json(entries)),
            ("oci-layout", _json({"imageLayoutVersion": "1.0.0"})),
            ("repositories", _json(_repositories(chosen))),
        ):
            yield _document(path, document)

    def _plain(self, layer: Descriptor, diff_id: str) -> AsyncIterator[bytes]:
        """The uncompressed layer: as it is stored, where it is stored so."""
        stream = self._content.stream(layer.digest)
        return stream if layer.digest == diff_id else self._archives.decompress(stream)

    async def _plain_size(self, layer: Descriptor, diff_id: str) -> int:
        if layer.digest == diff_id:
            return layer.size
        size = 0
        async for chunk in self._plain(layer, diff_id):
            size += len(chunk)
        return size


def _index_entries(manifest: Descriptor, names: Sequence[Reference]) -> list[Descriptor]:
    """One for each name (OCI image-spec, "Pre-Defined Annotation Keys"), or one without a name."""
    return [
        replace(
            manifest,
            annotations={"io.containerd.image.name": name.canonical, "org.opencontainers.image.ref.name": name.tag},
        )
        for name in names
    ] or [manifest]


def _docker_entry(saved: _Saved, layers: Sequence[Descriptor]) -> dict[str, object]:
    return {
        "Config": blob_path(saved.image.id),
        "RepoTags": [name.familiar for name in saved.names] or None,
        "Layers": [blob_path(layer.digest) for layer in layers],
        "LayerSources": {layer.digest: descriptor_document(layer) for layer in layers},
    }


def _repositories(chosen: Sequence[_Saved]) -> dict[str, dict[str, str]]:
    """Names by repository and tag, with the topmost layer, as docker wrote it before there was a manifest.json."""
    found: dict[str, dict[str, str]] = {}
    for saved in chosen:
        for name in saved.names:
            top = saved.image.diff_ids[-1].partition(":")[2] if saved.image.diff_ids else ""
            found.setdefault(name.familiar_repository, {})[name.tag] = top
    return found


def _document(path: str, data: bytes) -> ArchiveMember:
    async def once() -> AsyncIterator[bytes]:
        yield data

    return ArchiveMember(path=path, size=len(data), data=once())


def _json(document: object) -> bytes:
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()
