"""Reads a tar stream member by member, in a thread: headers by tarfile, data straight from the chunks.

tarfile knows every dialect (pax, GNU long names, base 256, four kinds of sparse files). It is kept from what would cost
memory: headers are bounded, and no list of members grows.
"""

import os
import tarfile
from collections import deque
from collections.abc import Callable, Sequence
from typing import cast

from pier.domain.errors import PierError

_BLOCK = 512
_GATHERED = 256  # chunks of one writev(2); the kernel takes 1024
_MAX_HEADER = 1 << 20  # bytes of one extension header, or of a sparse file's map
# tarfile looks for numbers in a header with a pattern that takes the square of their length, and holds the interpreter
# meanwhile (CVE-2024-6232, in Python before 3.11.10). Names end after 255 bytes.
_MANY_DIGITS = b"1" * 256
_DIGITS = bytes(b"0"[0] + (byte in b"0123456789") for byte in range(256))
_DAMAGED = (tarfile.TarError, ValueError, IndexError, KeyError, OverflowError, RecursionError)


class TarSource:
    """`read` gives the next chunks of the stream, none at its end."""

    def __init__(self, read: Callable[[], Sequence[bytes]]) -> None:
        self._bytes = _Bytes(read)
        self._tar = _HeaderReader(self._bytes)

    def next(self) -> tarfile.TarInfo | None:
        """The next member; its data must be read before the one after it, or is passed over. None at the end.

        Raises PierError for a damaged or truncated archive.
        """
        self._bytes.skip_to(self._tar.offset)
        block = self._bytes.peek(_BLOCK)
        if not block.strip(b"\0"):
            return None
        self._bytes.limit = _MAX_HEADER
        try:
            return tarfile.TarInfo.fromtarfile(self._tar)
        except _DAMAGED as error:
            if self._bytes.at_end:
                raise PierError("unexpected EOF: the archive is truncated") from error
            raise PierError(f"invalid tar header: {error}") from error
        finally:
            self._bytes.limit = None

    def copy_data(self, member: tarfile.TarInfo, file: int) -> None:
        """Writes a regular file's data; the holes of a sparse one stay holes."""
        if member.sparse is None:
            self._bytes.copy(member.size, file)
            return
        os.ftruncate(file, member.size)
        for offset, size in cast("list[tuple[int, int]]", member.sparse):
            if offset < 0 or size < 0 or offset + size > member.size:
                raise PierError(f"invalid tar header: the map of the sparse file {member.name} is damaged")
            os.lseek(file, offset, os.SEEK_SET)
            self._bytes.copy(size, file)


class _HeaderReader(tarfile.TarFile):
    """What TarInfo.fromtarfile needs of a TarFile, without its own way of reading members."""

    def __init__(self, source: "_Bytes") -> None:
        super().__init__(fileobj=source, mode="r", encoding="utf-8", errors="surrogateescape")  # type: ignore[arg-type]  # reads, seeks forward, tells

    def next(self) -> tarfile.TarInfo | None:
        """None: asked once, by the constructor."""
        return None


class _Bytes:
    """A file for tarfile over chunks: it goes forward only."""

    def __init__(self, read: Callable[[], Sequence[bytes]]) -> None:
        self._read = read
        self._chunks: deque[memoryview] = deque()
        self._position = 0
        self.limit: int | None = None  # of one read, while a header is read
        self.at_end = False
        self.name = ""
        self.mode = "rb"

    def read(self, size: int) -> bytes:
        """`size` bytes, fewer only at the end."""
        if self.limit is not None and size > self.limit:
            raise ValueError(f"a header of {size} bytes is larger than any archive needs")
        pieces = []
        while size and self._fill():
            pieces.append(self._take(size).tobytes())
            size -= len(pieces[-1])
        data = b"".join(pieces)
        if self.limit is not None and _MANY_DIGITS in data.translate(_DIGITS):
            raise ValueError("a number that is longer than any name")
        return data

    def peek(self, size: int) -> bytes:
        """The same, left to be read again."""
        start = self._position
        data = self.read(size)
        if data:
            self._chunks.appendleft(memoryview(data))
        self._position = start
        return data

    def tell(self) -> int:
        return self._position

    def seek(self, position: int) -> None:
        """Forward only."""
        self.skip_to(position)

    def skip_to(self, position: int) -> None:
        """Raises PierError when the stream ends before."""
        while self._position < position:
            if not self._fill():
                raise PierError("unexpected EOF: the archive is truncated")
            self._take(position - self._position)

    def copy(self, size: int, file: int) -> None:
        """Writes the next `size` bytes to a descriptor. Raises PierError when the stream ends before."""
        while size:
            if not self._fill():
                raise PierError("unexpected EOF: the archive is truncated")
            pieces: list[memoryview] = []
            while size and self._chunks and len(pieces) < _GATHERED:
                pieces.append(self._take(size))
                size -= len(pieces[-1])
            _write_all(file, pieces)

    def _fill(self) -> bool:
        while not self._chunks and not self.at_end:
            data = self._read()
            self.at_end = not data
            self._chunks.extend(memoryview(chunk) for chunk in data if chunk)
        return bool(self._chunks)

    def _take(self, size: int) -> memoryview:
        """Up to `size` bytes of the first chunk."""
        chunk = self._chunks.popleft()
        if len(chunk) > size:
            self._chunks.appendleft(chunk[size:])
            chunk = chunk[:size]
        self._position += len(chunk)
        return chunk


def _write_all(file: int, pieces: list[memoryview]) -> None:
    """As few system calls as the kernel allows."""
    while pieces:
        written = os.writev(file, pieces)
        while pieces and written >= len(pieces[0]):
            written -= len(pieces.pop(0))
        if written:
            pieces[0] = pieces[0][written:]
