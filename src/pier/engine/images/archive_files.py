"""The files of an image archive, taken from one pass over the stream.

Big files go into the content store as they arrive; small ones (manifests, configs, the many little files of old
archives) wait in memory until somebody asks for them, so that a look at the archive leaves nothing behind.
"""

import hashlib
import itertools
import posixpath
import secrets
from collections.abc import AsyncIterator, Callable, Iterable, Mapping

from pier.domain.errors import InvalidArgument
from pier.domain.image import Descriptor
from pier.engine.images.blobs import store_bytes
from pier.engine.images.early import ArrivedFile
from pier.engine.images.pour import Pours, pouring
from pier.engine.ports import ArchiveEntry, Content

_SMALL = 1 << 20  # bytes of a file kept in memory
_SMALL_IN_ALL = 32 << 20
_MAX_DOCUMENT = 8 << 20  # bytes of a manifest or config
_MAX_LINKS = 32
_HEAD = 8  # bytes that tell how a layer is compressed


def _ignore(_: ArrivedFile) -> None:
    """Nobody wants to hear of files."""


def _uncounted(_: str, _done: int, _total: int) -> None:
    """Nobody wants to hear of bytes."""


class ArchiveFiles:
    """Filled by `take`, then read by path. The caller holds a lease meanwhile."""

    def __init__(
        self,
        content: Content,
        arrived: Callable[[ArrivedFile], None] = _ignore,
        count: Callable[[str, int, int], None] = _uncounted,
    ) -> None:
        """`arrived` hears of each file, in the order in which they are complete; `count` of the bytes of each big one
        (path, done, in all) as they come.
        """
        self._content = content
        self._count = count
        self._arrived = arrived
        self._files: dict[str, ArrivedFile] = {}
        self._links: dict[str, str] = {}
        self._kept = 0
        self._ingest = f"load-{secrets.token_hex(8)}"
        self._numbers = itertools.count()

    async def take(self, entries: AsyncIterator[ArchiveEntry]) -> None:
        """Reads the archive to its end. Raises InvalidArgument for links that lead outside and for false digests."""
        async with pouring(self._content) as pours:
            async for entry in entries:
                if entry.kind == "file" and self._fits_in_memory(entry):
                    await self._keep(entry)
                elif entry.kind == "file":
                    await self._pour(entry, pours)
                elif entry.kind == "symlink":
                    target = posixpath.join(posixpath.dirname(entry.path), entry.target)
                    self._links[entry.path] = _inside(target, entry)
                elif entry.kind == "hardlink":
                    self._links[entry.path] = _inside(entry.target, entry)

    def _fits_in_memory(self, entry: ArchiveEntry) -> bool:
        return entry.size <= _SMALL and self._kept + entry.size <= _SMALL_IN_ALL

    async def _keep(self, entry: ArchiveEntry) -> None:
        data = b"".join([chunk async for chunk in entry.data()])
        digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
        if (_expected_digest(entry.path) or digest) != digest:
            raise InvalidArgument(f"{entry.path} in the archive is not what its name says: its digest is {digest}")
        self._kept += len(data)
        self._add(ArrivedFile(entry.path, digest, len(data), data[:_HEAD], data))

    async def _pour(self, entry: ArchiveEntry, pours: Pours) -> None:
        head = bytearray()
        path = entry.path

        def stored(blob: Descriptor) -> None:
            self._add(ArrivedFile(path, blob.digest, blob.size, bytes(head)))

        await pours.pour(
            f"{self._ingest}-{next(self._numbers)}",
            self._counted(entry, _remember(entry.data(), head)),
            stored,
            expected=_expected_digest(path),
            size=entry.size,
        )

    async def _counted(self, entry: ArchiveEntry, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        done = 0
        async for chunk in chunks:
            done += len(chunk)
            self._count(entry.path, done, entry.size)
            yield chunk

    def _add(self, file: ArrivedFile) -> None:
        self._files[file.path] = file
        self._arrived(file)

    def __contains__(self, path: str) -> bool:
        return self._resolve(path) is not None

    def digests(self, paths: Iterable[str]) -> list[str]:
        """Of these files. Raises InvalidArgument where one is not there."""
        return [self._get(path).digest for path in paths]

    async def read(self, path: str) -> bytes:
        """A whole document. Raises InvalidArgument when it is not there or too large for one."""
        file = self._get(path)
        if file.data is not None:
            return file.data
        if file.size > _MAX_DOCUMENT:
            raise InvalidArgument(f"{path} in the archive is larger than the {_MAX_DOCUMENT} bytes a document may have")
        return await self._content.read(file.digest, limit=_MAX_DOCUMENT)

    async def store(self, path: str, labels: Mapping[str, str] | None = None) -> Descriptor:
        """Makes sure that the file is in the content store; its digest and size. Raises InvalidArgument."""
        file = self._get(path)
        if file.data is None:
            if labels:
                await self._content.set_labels(file.digest, labels)
        else:
            await store_bytes(self._content, file.data, labels)
        return Descriptor(media_type="", digest=file.digest, size=file.size)

    async def head(self, path: str) -> bytes:
        """The first bytes, by which a compression is known."""
        file = self._get(path)
        if file.head or not file.size:
            return file.head
        async for chunk in self._content.stream(file.digest):  # it was there already, and nobody read the archive's
            return chunk[:_HEAD]
        return b""

    def _get(self, path: str) -> ArrivedFile:
        found = self._resolve(path)
        if found is None:
            raise InvalidArgument(f"the archive lacks {path}, which it mentions")
        return self._files[found]

    def _resolve(self, path: str) -> str | None:
        """Follows links to files and to directories; None where nothing is."""
        path = posixpath.normpath(path)
        for _ in range(_MAX_LINKS):
            if path in self._files:
                return path
            link = next((part for part in _prefixes(path) if part in self._links), None)
            if link is None:
                return None
            path = posixpath.normpath(self._links[link] + path[len(link) :])
        raise InvalidArgument(f"the links at {path} in the archive lead nowhere")


def _prefixes(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:count]) for count in range(len(parts), 0, -1)]


def _inside(target: str, entry: ArchiveEntry) -> str:
    path = posixpath.normpath(target)
    if path == ".." or path.startswith(("/", "../")):
        raise InvalidArgument(f"the link {entry.path} in the archive leads out of it, to {entry.target}")
    return path


def _expected_digest(path: str) -> str:
    """What the name of an OCI layout's blob promises (OCI image-spec, "Image Layout")."""
    parts = path.split("/")
    is_blob = len(parts) == 3 and parts[0] == "blobs" and parts[1] == "sha256" and len(parts[2]) == 64
    return f"sha256:{parts[2]}" if is_blob else ""


async def _remember(chunks: AsyncIterator[bytes], head: bytearray) -> AsyncIterator[bytes]:
    async for chunk in chunks:
        if len(head) < _HEAD:
            head += chunk[: _HEAD - len(head)]
        yield chunk
