"""Image archives as the engine asks for them: the port's methods over tar and the compressions."""

from collections.abc import AsyncIterator

from pier.archive.compression import decompress
from pier.archive.packing import Packing
from pier.archive.tar import Entry, read_entries, write_archive
from pier.domain.archive import ArchiveMember


class Archives:
    """Reads and writes tar streams; holds no state."""

    def read(self, chunks: AsyncIterator[bytes]) -> AsyncIterator[Entry]:
        """The members of a tar, compressed or not. See `pier.archive.tar.read_entries` for what is refused."""
        return read_entries(decompress(chunks))

    def write(self, members: AsyncIterator[ArchiveMember]) -> AsyncIterator[bytes]:
        """A tar of these members, made while it is read."""
        return write_archive(members)

    def decompress(self, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """A stream without the compression its first bytes announce."""
        return decompress(chunks)

    def compress(self, chunks: AsyncIterator[bytes]) -> Packing:
        """A stream as gzip."""
        return Packing(chunks)
