"""What of an index goes into an archive: all that is here, as it is stored, so that every digest stays what it is."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from pier.domain.archive import ArchiveMember
from pier.domain.errors import InvalidArgument
from pier.domain.image import Descriptor
from pier.engine.images.archive_layout import blob_path
from pier.engine.ports import Content
from pier.oci.image import parse_index, parse_manifest
from pier.oci.media_types import is_config, is_index

_MAX_DEPTH = 4


@dataclass(slots=True)
class ArchiveTree:
    """An index with the manifests below it of which everything is here; `images` counts those that are images'."""

    content: Content
    images: int = 0
    _blobs: dict[str, Descriptor] = field(default_factory=dict)

    @classmethod
    async def below(cls, content: Content, index: Descriptor) -> "ArchiveTree":
        """Raises NotFound where the index itself is gone, InvalidArgument for one that is nested too deeply."""
        tree = cls(content)
        await tree._collect(index, 0)
        return tree

    @property
    def digests(self) -> set[str]:
        """Of all that goes into the archive."""
        return set(self._blobs)

    def __contains__(self, digest: str) -> bool:
        return digest in self._blobs

    async def _collect(self, target: Descriptor, depth: int) -> None:
        if depth > _MAX_DEPTH:
            raise InvalidArgument(f"the index {target.digest} is nested too deeply")
        if target.digest in self._blobs:
            return
        document = await self.content.read(target.digest)
        if is_index(target.media_type):
            for child in parse_index(document).manifests:
                if await self.content.size(child.digest) is not None:
                    await self._collect(child, depth + 1)
        else:
            manifest = parse_manifest(document)
            blobs = [manifest.config, *manifest.layers]
            if not all([await self.content.size(blob.digest) is not None for blob in blobs]):
                return
            self._blobs |= {blob.digest: blob for blob in blobs}
            self.images += is_config(manifest.config.media_type)
        self._blobs[target.digest] = target

    async def members(self, written: set[str]) -> AsyncIterator[ArchiveMember]:
        """Each blob once; `written` are the digests that the archive has already, and gets those of these."""
        for blob in self._blobs.values():
            if blob.digest not in written:
                written.add(blob.digest)
                yield ArchiveMember(path=blob_path(blob.digest), size=blob.size, data=self.content.stream(blob.digest))
