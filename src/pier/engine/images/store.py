"""The read model of images: containerd's records, put together by the config they lead to."""

import asyncio
from collections.abc import Container, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace

from pier.domain.errors import InvalidArgument, NotFound
from pier.domain.ids import match_prefix
from pier.domain.image import Descriptor, Image, ImageRecord, Platform
from pier.domain.reference import Reference, is_full_hex, is_hex_prefix, is_image_id, parse
from pier.engine.images.manifests import ManifestReader
from pier.engine.images.names import untagged_name, user_reference
from pier.engine.images.plain import plain_form
from pier.engine.images.variants import Variant, VariantReader, for_platform
from pier.engine.ports import Content, ImageRecords, Snapshots
from pier.oci.image import chain_ids
from pier.oci.media_types import is_index

_BLOCK = 4096  # bytes in which file systems give space to files
Grouped = dict[str, tuple[Image, list[ImageRecord]]]


class ImageStore:
    """Lists and finds images, and moves their names.

    The records are asked for each time, as others may have changed them; while they are the same, so is what was put
    together from them. What they point to is read once, as it is named by its digest.
    """

    def __init__(self, content: Content, records: ImageRecords, snapshots: Snapshots, platform: Platform) -> None:
        self._content = content
        self._records = records
        self._snapshots = snapshots
        self._reader = ManifestReader(content, snapshots, platform)
        self._variants = VariantReader(content, self._reader)
        self._naming = asyncio.Lock()  # moving a name is several calls
        self._last: tuple[Sequence[ImageRecord], Grouped] = ((), {})

    async def images(self) -> list[Image]:
        """Every image of which this host has the content, newest first."""
        images = [_put_together(image, records) for image, records in (await self._grouped()).values()]
        return sorted(images, key=lambda image: (-image.created_at, image.id))

    async def get(self, ref: str) -> Image:
        """By exact name, id, unique prefix of an id, or `name@digest`. Raises NotFound in Docker's words."""
        grouped = await self._grouped()
        image, records = grouped[_find_id(grouped, ref)]
        return _put_together(image, records)

    async def get_for(self, ref: str, platform: Platform | None) -> Image:
        """The same for another platform than this host's; names are those of the whole. Raises NotFound."""
        if platform is None:
            return await self.get(ref)
        grouped = await self._grouped()
        image_id = _find_id(grouped, ref)
        image = for_platform(await self._variants_of(grouped, image_id), platform, ref)
        return _put_together(image, grouped[image_id][1])

    async def variants(self, image_id: str) -> list[Variant]:
        """Every manifest that the image's names lead to, each once."""
        return await self._variants_of(await self._grouped(), image_id)

    async def _variants_of(self, grouped: Grouped, image_id: str) -> list[Variant]:
        named = [await plain_form(self._content, record.target) for record in _records(grouped, image_id)]
        targets = {target.digest: target for target in named}
        indexes_first = sorted(targets.values(), key=lambda target: not is_index(target.media_type))
        found: dict[str, Variant] = {}
        for target in indexes_first:
            for variant in await self._variants.read(target):
                found.setdefault(variant.descriptor.digest, variant)
        return list(found.values())

    async def records_of(self, image_id: str) -> list[ImageRecord]:
        """The names that lead to this image, Pier's own for untagged ones among them."""
        return _records(await self._grouped(), image_id)

    async def parents(self) -> set[str]:
        """The ids of those that others were made from by a commit; they stay, untagged, as long as these."""
        return {image.parent for image, _ in (await self._grouped()).values()}

    async def named(self, repository: str) -> list[ImageRecord]:
        """The records of a repository's tags, in order."""
        found = []
        for record in await self._records.list():
            reference = user_reference(record.name)
            if reference and reference.tag and not reference.digest and reference.repository == repository:
                found.append(record)
        return sorted(found, key=lambda record: record.name)

    async def read_target(self, target: Descriptor) -> Image:
        """The image behind a manifest or index, without names. Raises NotFound, InvalidArgument."""
        return await self._reader.read(target)

    async def target_of(self, name: str) -> str:
        """The digest that a record points to now; "" without such a record."""
        try:
            return (await self._records.get(name)).target.digest
        except NotFound:
            return ""

    async def layer_sizes(self, image: Image) -> dict[str, int]:
        """Bytes that each unpacked layer takes on disk, by chain id, from the bottom."""
        sizes = await self._reader.layer_sizes(image)
        return dict(zip(chain_ids(image.diff_ids), sizes, strict=True)) if sizes is not None else {}

    async def bytes_on_disk(self) -> int:
        """What all layers and blobs in our namespace take, each once: also those that no image names (any more)."""
        layers = [await self._reader.layer_size(chain_id) for chain_id in await self._snapshots.list_layers()]
        return sum(size or 0 for size in layers) + sum(map(on_disk, (await self.blob_sizes()).values()))

    async def blob_sizes(self) -> dict[str, int]:
        """Bytes of every stored blob, by digest."""
        return await self._content.sizes()

    def forget(self, target: Descriptor) -> None:
        """Reads a target anew: its index may have got the content of a platform that suits better."""
        self._reader.forget(target.digest)
        self._last = ((), {})

    async def assign(self, name: str, target: Descriptor) -> str:
        """Points a record at a manifest; the id of the image that lost its last name by it, or "".

        That image lives on untagged, until it is removed.
        """
        async with self._naming:
            grouped = await self._grouped()
            image = await self._reader.read(target)
            orphan = ""
            for image_id, (_, records) in grouped.items():
                if image_id != image.id and any(record.name == name for record in records):
                    orphan = await self._keep_untagged(image_id, records, losing={name})
            await self._records.put(ImageRecord(name=name, target=target))
            spare = untagged_name(image.id)
            if spare != name and any(record.name == spare for record in _records(grouped, image.id)):
                await self._records.delete(spare)
            return orphan

    async def keep(self, target: Descriptor) -> Image:
        """Makes sure that some record holds the image, if only the untagged one."""
        image = await self._reader.read(target)
        if not await self.records_of(image.id):
            await self.assign(untagged_name(image.id), target)
        return image

    async def release(self, image_id: str, names: Iterable[str]) -> None:
        """Deletes these names; an image that loses its last one lives on untagged."""
        async with self._naming:
            losing = set(names)
            await self._keep_untagged(image_id, await self.records_of(image_id), losing=losing)
            for name in sorted(losing):
                with suppress(NotFound):  # somebody else was faster
                    await self._records.delete(name)

    async def delete(self, image_id: str) -> bool:
        """Deletes an image that has no name any more and waits until its content and snapshots are off the disk.

        False, and nothing done, when it has got one meanwhile.
        """
        async with self._naming:
            records = await self.records_of(image_id)
            if any(user_reference(record.name) for record in records):
                return False
            for number, record in enumerate(records, start=1):
                self.forget(record.target)
                with suppress(NotFound):  # somebody else was faster
                    await self._records.delete(record.name, collect=number == len(records))
        return True

    async def _keep_untagged(self, image_id: str, records: Iterable[ImageRecord], *, losing: set[str]) -> str:
        records = list(records)
        if not records or any(record.name not in losing for record in records):
            return ""
        await self._records.put(ImageRecord(name=untagged_name(image_id), target=records[0].target))
        return image_id

    async def _grouped(self) -> Grouped:
        """Images by id with their records; a record whose content is not here (or is no image) is left out."""
        grouped: Grouped = {}
        records = await self._records.list()
        if records is self._last[0]:
            return self._last[1]
        is_whole = True
        for record in records:
            try:
                image = await self._reader.read(record.target)
            except (NotFound, InvalidArgument):
                is_whole = False  # its content may come without a change of the record
                continue
            grouped.setdefault(image.id, (image, []))[1].append(record)
        if is_whole:
            self._last = (records, grouped)
        return grouped


def on_disk(size: int) -> int:
    """What a file of this size takes."""
    return size + -size % _BLOCK


def _find_id(grouped: Grouped, ref: str) -> str:
    if is_full_hex(ref) or is_image_id(ref):
        digest = ref if is_image_id(ref) else f"sha256:{ref}"
        found = _by_digest(grouped, digest, repository="")
        if found is None:
            raise NotFound(f"No such image: {ref}")
        return found
    reference = _parse_or_none(ref)
    found = _by_name(grouped, reference) if reference else None
    if found is None and (prefix := ref.removeprefix("sha256:")) and is_hex_prefix(prefix):
        found = match_prefix(f"sha256:{prefix}", grouped)
    if found is not None:
        return found
    # A name outside the grammar is the caller's mistake (400), any other just is not there (404).
    raise NotFound(f"No such image: {(reference or parse(ref)).familiar}")


def _records(grouped: Grouped, image_id: str) -> list[ImageRecord]:
    return list(grouped[image_id][1]) if image_id in grouped else []


def _parse_or_none(ref: str) -> Reference | None:
    try:
        return parse(ref)
    except InvalidArgument:
        return None


def _by_name(grouped: Grouped, reference: Reference) -> str | None:
    if reference.digest:
        return _by_digest(grouped, reference.digest, repository=reference.repository)
    for image_id, (_, records) in grouped.items():
        if any(record.name == reference.canonical for record in records):
            return image_id
    return None


def _by_digest(grouped: Grouped, digest: str, *, repository: str) -> str | None:
    """By the digest of config, manifest or index; with a repository only where one of its names leads there."""
    for image_id, (image, records) in grouped.items():
        names = [user_reference(record.name) for record in records]
        if repository and not any(name is not None and name.repository == repository for name in names):
            continue
        if digest in (image_id, image.manifest.digest, *(record.target.digest for record in records)):
            return image_id
    return None


def _put_together(image: Image, records: Iterable[ImageRecord]) -> Image:
    tags, digests, tagged_at = [], [], 0
    for record in sorted(records, key=lambda record: record.name):
        reference = user_reference(record.name)
        if reference is None:
            continue
        if reference.digest:
            digests.append(reference.familiar)
        else:
            tags.append(reference.familiar)
            tagged_at = max(tagged_at, record.updated_at)
    return replace(image, repo_tags=tuple(tags), repo_digests=tuple(digests), last_tagged_at=tagged_at)


def is_intermediate(image: Image, parents: Container[str]) -> bool:
    """Without any name, and there only for those that were made from it."""
    return image.id in parents and not image.repo_tags and not image.repo_digests


def is_dangling(image: Image) -> bool:
    """Without a tag; it may still have digests."""
    return not image.repo_tags
