"""What comes and goes: registries, archives of images, files of containers."""

from collections.abc import AsyncIterator, Sequence
from typing import Literal, Protocol

from pier.domain.archive import ArchiveMember, PathStat, Root
from pier.domain.image import Descriptor
from pier.domain.registry import BlobPush, BlobSource, RegistryAuth, SearchResult


class RegistrySession(Protocol):
    """One user's conversation with remote registries (OCI distribution-spec); its tokens die with it.

    `repository` has its domain: `127.0.0.1:5000/inv/big`.
    """

    async def head(self, repository: str, reference: str) -> Descriptor | None:
        """What a tag or digest names, without fetching it; None where the registry does not say, or has no such."""
        ...

    async def resolve(self, repository: str, reference: str) -> tuple[Descriptor, bytes]:
        """The manifest or index that a tag or digest names, verified. NotFound, Unauthenticated, Unavailable."""
        ...

    def blob(self, repository: str, descriptor: Descriptor, *, offset: int = 0) -> AsyncIterator[bytes]:
        """The blob's bytes. The caller verifies them (content is ingested with an expected digest)."""
        ...

    async def tags(self, repository: str) -> list[str]: ...
    async def search(self, domain: str, term: str, limit: int) -> list[SearchResult]: ...
    async def push_blob(self, repository: str, blob: BlobSource, *, sources: Sequence[str] = ()) -> BlobPush:
        """Gives the repository a blob unless it has it, or can take it from one of the `sources` (paths on the same
        host). Raises Unauthenticated, PermissionDenied.
        """
        ...

    async def push_manifest(self, repository: str, reference: str, manifest: Descriptor, document: bytes) -> None:
        """Puts a manifest or index under a tag or its digest; what it names must be there."""
        ...


class Registry(Protocol):
    def session(self, auth: RegistryAuth) -> RegistrySession: ...
    async def login(self, domain: str, auth: RegistryAuth) -> str:
        """Whether a registry takes these credentials; a token that replaces the password, or "". Unauthenticated."""
        ...

    def download(self, url: str) -> AsyncIterator[bytes]:
        """What lies at an http(s) address. Raises InvalidArgument for another, PierError."""
        ...

    async def close(self) -> None: ...


class ArchiveEntry(Protocol):
    """A member of an archive being read; `path` is relative and climbs nowhere, `target` is a link's as written."""

    path: str
    kind: Literal["file", "directory", "symlink", "hardlink"]
    size: int
    target: str

    def data(self) -> AsyncIterator[bytes]:
        """The file's bytes; may be read once, and only until the next entry is asked for."""
        ...


class Packing(Protocol):
    """A stream on its way through a compression; it is read once.

    `digest` and `size` tell of what comes out, once its end has been read; `taken` counts what has gone in.
    """

    @property
    def digest(self) -> str: ...
    @property
    def size(self) -> int: ...
    @property
    def taken(self) -> int: ...
    def __aiter__(self) -> AsyncIterator[bytes]: ...


class Archives(Protocol):
    """Tar streams. Damaged, truncated and hostile ones raise InvalidArgument while they are read."""

    def read(self, chunks: AsyncIterator[bytes]) -> AsyncIterator[ArchiveEntry]:
        """The members of a tar, compressed or not; devices, doubled and escaping paths are refused."""
        ...

    def write(self, members: AsyncIterator[ArchiveMember]) -> AsyncIterator[bytes]: ...
    def decompress(self, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """The stream without its compression, if it has one."""
        ...

    def compress(self, chunks: AsyncIterator[bytes]) -> Packing:
        """The stream as gzip; the same bytes for the same stream."""
        ...


class Copies(Protocol):
    """Files of a container in and out as tar streams. No link, of the container or of an archive, leads out."""

    async def stat(self, root: Root, path: str) -> PathStat:
        """What lies at a path, a link at its end not followed. Raises NotFound, InvalidArgument."""
        ...

    async def pack(self, root: Root, path: str) -> tuple[PathStat, AsyncIterator[bytes]]:
        """What lies at a path, and a tar of it, made while it is read; the root may be closed at once.

        Raises NotFound, InvalidArgument.
        """
        ...

    def pack_all(self, root: Root) -> AsyncIterator[bytes]:
        """A tar of everything in the root, which may be closed at once."""
        ...

    async def unpack(
        self,
        root: Root,
        path: str,
        chunks: AsyncIterator[bytes],
        *,
        no_overwrite: bool = False,
        owner: tuple[int, int] | None = None,
    ) -> None:
        """Unpacks a tar, compressed or not, into the directory at `path`, and reads the stream to its end.

        `no_overwrite`: a directory takes no file's place and no file a directory's. `owner` (uid, gid) instead of
        what the archive says. Raises NotFound, InvalidArgument (no directory, read-only), PierError for a bad archive.
        """
        ...
