"""Blobs on their way to a registry: as they are stored, or compressed on the way."""

from collections.abc import AsyncIterator, Callable

from pier.domain.errors import NotFound
from pier.domain.image import Descriptor
from pier.engine.ports import Archives, Content, Packing

Told = Callable[[int], None]
"""Hears how many bytes of what is stored here have gone."""


class StoredBlob:
    def __init__(self, content: Content, blob: Descriptor, told: Told) -> None:
        self._content = content
        self._told = told
        self.candidate: Descriptor | None = blob
        self.size: int | None = blob.size
        self.digest = blob.digest

    async def read(self, offset: int) -> AsyncIterator[bytes]:
        """Raises NotFound that says what can be done about a layer that is gone."""
        async for chunk in read_blob(self._content, self.digest, offset):
            offset += len(chunk)
            self._told(offset)
            yield chunk


class PackedLayer:
    """A plain layer that is compressed while it is sent, and stored nowhere: that would take longer than sending it,
    and disk for what can be made again.
    """

    def __init__(
        self, content: Content, archives: Archives, layer: Descriptor, candidate: Descriptor | None, told: Told
    ) -> None:
        """`candidate` is what it came to when it was sent last."""
        self._content = content
        self._archives = archives
        self._layer = layer
        self._told = told
        self._packing: Packing | None = None
        self._is_read = False
        self.candidate = candidate

    @property
    def size(self) -> int | None:
        return self._packing.size if self._packing is not None and self._is_read else None

    @property
    def digest(self) -> str:
        return self._packing.digest if self._packing is not None and self._is_read else ""

    async def read(self, offset: int) -> AsyncIterator[bytes]:
        """Compresses from the start, as there is no way in; the same bytes come again. Raises NotFound."""
        self._is_read = False
        packing = self._packing = self._archives.compress(read_blob(self._content, self._layer.digest, 0))
        async for chunk in packing:
            self._told(packing.taken)
            if offset >= len(chunk):
                offset -= len(chunk)
                continue
            yield chunk[offset:]
            offset = 0
        self._is_read = True


async def read_blob(content: Content, digest: str, offset: int) -> AsyncIterator[bytes]:
    """Its bytes from an offset on. Raises NotFound that says what can be done about a layer that is gone."""
    if await content.size(digest) is None:
        raise NotFound(
            f"layer {digest} is not in the content store, only its files are: pull the image again to push it"
        )
    async for chunk in content.stream(digest, offset=offset):
        yield chunk
