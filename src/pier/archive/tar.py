"""Tar as a stream: reading without a file system, writing without a file.

The format is POSIX.1-2017 pax ("pax Interchange Format", "ustar Interchange Format") and GNU's long names; header
offsets are from there.
"""

import posixpath
import tarfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Literal

from pier.domain.archive import ArchiveMember
from pier.domain.errors import InvalidArgument, PierError

EntryKind = Literal["file", "directory", "symlink", "hardlink"]

_BLOCK = 512
_MAX_EXTENSION = 1 << 20  # bytes of one pax or long-name header
_MAX_DIGITS = 20  # of a number in a pax header
_MAX_PATH = 4096
_SPARSE = "GNU.sparse"  # how the keys of a sparse file begin
_MAX_ENTRIES = 1 << 16  # no image has more layers than fit; a bound against archives that only cost time
_KINDS: dict[bytes, EntryKind] = {
    b"0": "file",
    b"\0": "file",
    b"7": "file",
    b"5": "directory",
    b"2": "symlink",
    b"1": "hardlink",
}


class _Source:
    """Exact reads from a stream of chunks."""

    def __init__(self, chunks: AsyncIterator[bytes]) -> None:
        self._chunks = chunks
        self._chunk = b""
        self._position = 0

    async def some(self, limit: int) -> bytes:
        """Between 1 and `limit` bytes; none at the end."""
        while self._position >= len(self._chunk):
            try:
                self._chunk, self._position = await anext(self._chunks), 0
            except StopAsyncIteration:
                return b""
        piece = self._chunk[self._position : self._position + limit]
        self._position += len(piece)
        return piece

    async def exactly(self, size: int) -> bytes:
        """`size` bytes, fewer only at the end."""
        pieces = []
        while size:
            piece = await self.some(size)
            if not piece:
                break
            pieces.append(piece)
            size -= len(piece)
        return b"".join(pieces)


@dataclass(slots=True)
class Entry:
    """A member of an archive being read.

    `path` is relative and free of `.` and `..`; `target` is a link's as written. `data()` may be read once, and only
    until the next entry is asked for.
    """

    path: str
    kind: EntryKind
    size: int
    target: str
    _source: _Source
    _left: int = 0
    _padding: int = 0

    async def data(self) -> AsyncIterator[bytes]:
        """The file's bytes. Raises InvalidArgument when the archive ends within them."""
        while self._left:
            piece = await self._source.some(self._left)
            if not piece:
                raise InvalidArgument(f"the archive ends within {self.path}: it is truncated")
            self._left -= len(piece)
            yield piece

    async def skip(self) -> None:
        """Passes over what was not read, and over the padding to the next header."""
        async for _ in self.data():
            pass
        await self._source.exactly(self._padding)
        self._padding = 0


async def read_entries(chunks: AsyncIterator[bytes]) -> AsyncIterator[Entry]:
    """The members of an uncompressed tar stream, in order.

    Raises InvalidArgument for damaged or truncated archives, for devices, FIFOs and sparse files, for absolute paths
    and such that climb out, and for a path that comes twice (except a directory).
    """
    source = _Source(chunks)
    seen: set[str] = set()
    count = 0
    while (header := await _next_header(source)) is not None:
        count += 1
        if count > _MAX_ENTRIES:
            raise InvalidArgument(f"the archive has more than {_MAX_ENTRIES} members")
        entry = _entry(header, source)
        if entry is None:
            continue
        if entry.path in seen and entry.kind != "directory":
            raise InvalidArgument(f"the archive holds {entry.path} twice")
        seen.add(entry.path)
        yield entry
        await entry.skip()


@dataclass(frozen=True, slots=True)
class _Header:
    path: str
    type: bytes
    size: int
    target: str


async def _next_header(source: _Source) -> _Header | None:
    """The next member's header with what extension headers said about it; None at the end."""
    extended: dict[str, str] = {}
    while True:
        block = await source.exactly(_BLOCK)
        if not block.strip(b"\0"):
            return None
        header = _parse_block(block)
        match header.type:
            case b"x":
                extended |= _parse_pax(await _extension(source, header.size))
            case b"g":
                await _extension(source, header.size)
            case b"L":
                extended["path"] = _text(await _extension(source, header.size))
            case b"K":
                extended["linkpath"] = _text(await _extension(source, header.size))
            case _:
                if _SPARSE in extended:
                    raise InvalidArgument(f"the archive holds the sparse file {header.path}, which cannot be read")
                return _Header(
                    extended.get("path", header.path),
                    header.type,
                    _decimal(extended["size"]) if "size" in extended else header.size,
                    extended.get("linkpath", header.target),
                )


def _parse_block(block: bytes) -> _Header:
    if len(block) < _BLOCK:
        raise InvalidArgument("not a tar archive, or a truncated one: it ends within a header")
    unsigned = sum(block[:148]) + 8 * 0x20 + sum(block[156:])
    signed = unsigned - 256 * sum(1 for byte in (*block[:148], *block[156:]) if byte >= 0x80)  # old tars sum so
    if _number(block[148:156]) not in (unsigned, signed):
        raise InvalidArgument("not a tar archive: the checksum of a header is wrong")
    name = _text(block[:100])
    if block[257:263] == b"ustar\0" and (prefix := _text(block[345:500])):
        name = f"{prefix}/{name}"
    return _Header(name, block[156:157], _number(block[124:136]), _text(block[157:257]))


async def _extension(source: _Source, size: int) -> bytes:
    if size > _MAX_EXTENSION:
        raise InvalidArgument(f"a header extension of {size} bytes is larger than any archive needs")
    data = await source.exactly(size + -size % _BLOCK)
    if len(data) < size:
        raise InvalidArgument("the archive ends within a header extension: it is truncated")
    return data[:size]


def _parse_pax(data: bytes) -> dict[str, str]:
    """Records `<length> <key>=<value>\\n`, where length counts the whole record; those that matter here.

    Goes by position and copies no rest: a header may hold a record for each few of its bytes.
    """
    found: dict[str, str] = {}
    data = data.rstrip(b"\0")
    start = 0
    while start < len(data):
        space = data.find(b" ", start, start + _MAX_DIGITS + 1)
        end = start + _decimal(_text(data[start : max(space, start)]))
        key, equals, value = data[space + 1 : end].removesuffix(b"\n").partition(b"=")
        if not equals or end > len(data) or end <= space:
            raise InvalidArgument("not a tar archive: a pax header is damaged")
        if key in (b"path", b"linkpath", b"size"):
            found[_text(key)] = value.decode("utf-8", "surrogateescape")
        elif key.startswith(_SPARSE.encode()):
            found[_SPARSE] = ""
        start = end
    return found


def _entry(header: _Header, source: _Source) -> Entry | None:
    """None for the root directory itself, which some tools write as `./`."""
    kind = _KINDS.get(header.type)
    if kind is None:
        raise InvalidArgument(f"the archive holds {header.path}, which is neither file, directory nor link")
    if kind == "file" and header.path.endswith("/"):
        kind = "directory"  # tars older than POSIX mark them so
    if len(header.path) > _MAX_PATH:
        raise InvalidArgument(f"the archive holds a path of {len(header.path)} characters")
    path = safe_path(header.path)
    size = header.size if kind == "file" else 0
    if not path:
        if kind != "directory":
            raise InvalidArgument("the archive holds a member without a name")
        return None
    return Entry(path, kind, size, header.target, source, size, -size % _BLOCK)


def safe_path(path: str) -> str:
    """The path without `.` and doubled slashes; "" for the root. Raises InvalidArgument if it leads outside."""
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if path.startswith("/") or ".." in parts or "\0" in path:
        raise InvalidArgument(f"the path {path!r} in the archive leads out of it")
    return posixpath.join(*parts) if parts else ""


def _number(field: bytes) -> int:
    """Octal digits, or GNU's base 256 for sizes beyond 8 GiB."""
    if field[:1] == b"\x80":
        return int.from_bytes(field[1:], "big")
    text = field.strip(b"\0 ")
    try:
        return int(text, 8) if text else 0
    except ValueError:
        raise InvalidArgument("not a tar archive: a number in a header is damaged") from None


def _decimal(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS):
        raise InvalidArgument("not a tar archive: a number in a pax header is damaged")
    return int(text)


def _text(field: bytes) -> str:
    return field.partition(b"\0")[0].decode("utf-8", "surrogateescape")


async def write_archive(members: AsyncIterator[ArchiveMember]) -> AsyncIterator[bytes]:
    """A pax tar of the members, deterministic: owned by root, dated at the epoch.

    Raises PierError when a member's data is not as long as it said, since its header is already out.
    """
    async for member in members:
        yield _header(member)
        written = 0
        if member.data is not None:
            async for chunk in member.data:
                written += len(chunk)
                if written > member.size:
                    break
                yield chunk
        if written != member.size:
            raise PierError(f"{member.path} has not the {member.size} bytes announced for the archive")
        if member.size % _BLOCK:
            yield bytes(-member.size % _BLOCK)
    yield bytes(2 * _BLOCK)


def _header(member: ArchiveMember) -> bytes:
    info = tarfile.TarInfo(member.path)
    info.size = member.size
    info.mode = 0o644
    if member.data is None:
        info.type, info.mode = tarfile.DIRTYPE, 0o755
    return info.tobuf(tarfile.PAX_FORMAT)
