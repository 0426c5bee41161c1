"""Decompression of streams, by what their first bytes say they are.

Formats by their magic numbers: gzip (RFC 1952), bzip2, xz (its file format, section 2.1.1.1), zstd (RFC 8878).
"""

import asyncio
import bz2
import lzma
import zlib
from collections.abc import AsyncIterator
from typing import Protocol

from pier.domain.errors import InvalidArgument

GZIP_MAGIC = b"\x1f\x8b"
BZIP2_MAGIC = b"BZh"
XZ_MAGIC = b"\xfd7zXZ\x00"
ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
_ZSTD_SKIPPABLE = b"\x2a\x4d\x18"  # behind a byte 0x50 to 0x5f: frames without content, which tools put anywhere
_LONGEST_MAGIC = 6
# What an archive may expand to: anything up to the first, beyond it so many times what it takes packed. Files that are
# mostly zeros come to a ratio of 1000 in gzip; a whole root file system never came near the limit.
FREELY = 1 << 30  # bytes
RATIO = 200
_XZ_MEMORY = 128 << 20  # bytes; `xz -9` needs 65 MiB to unpack, and a stream may ask for 4 GiB
_STEP = 1 << 20  # at most this much comes out of one step, however far a hostile stream expands


class _Decoder(Protocol):
    """One compressed member."""

    def step(self, data: bytes) -> tuple[bytes, bytes, bool]:
        """Output, input not yet used, and whether the member has ended."""
        ...

    @property
    def pending(self) -> bool:
        """More output is due without further input."""
        ...


class _Gzip:
    pending = False  # zlib gives unused input back instead of keeping it

    def __init__(self) -> None:
        self._inflate = zlib.decompressobj(16 + zlib.MAX_WBITS)

    def step(self, data: bytes) -> tuple[bytes, bytes, bool]:
        out = self._inflate.decompress(data, _STEP)
        if self._inflate.eof:
            return out, self._inflate.unused_data, True
        return out, self._inflate.unconsumed_tail, False


class _Buffered:
    """bz2 and lzma, which keep unused input to themselves while more output is due."""

    def __init__(self, decompressor: bz2.BZ2Decompressor | lzma.LZMADecompressor) -> None:
        self._decompressor = decompressor

    def step(self, data: bytes) -> tuple[bytes, bytes, bool]:
        out = self._decompressor.decompress(data, _STEP)
        return out, self._decompressor.unused_data, self._decompressor.eof

    @property
    def pending(self) -> bool:
        return not self._decompressor.eof and not self._decompressor.needs_input


class _Zstd:
    """Fed in slices: the library gives all output of what it is fed, and a block of 4 bytes may become 128 KiB.

    So a slice comes to 32 MiB at the very most; behind one that has grown much the next are smaller.
    """

    pending = False  # what a step has no room for is not fed to the library
    _SLICE, _SMALL_SLICE = 1 << 10, 1 << 5

    def __init__(self) -> None:
        import zstandard  # here, as few archives need it and it takes memory

        self._error = zstandard.ZstdError
        self._frame = zstandard.ZstdDecompressor().decompressobj()

    def step(self, data: bytes) -> tuple[bytes, bytes, bool]:
        parts: list[bytes] = []
        size = position = grown = 0
        while position < len(data) and size < _STEP and not self._frame.eof:
            piece = data[position : position + (self._SMALL_SLICE if grown > _STEP // 2 else self._SLICE)]
            try:
                parts.append(self._frame.decompress(piece))
            except self._error as error:
                raise ValueError(str(error)) from error
            grown = len(parts[-1])
            size += grown
            position += len(piece)
        rest = data[position:]
        return b"".join(parts), self._frame.unused_data + rest if self._frame.eof else rest, bool(self._frame.eof)


def _format_of(head: bytes) -> str:
    """By the first bytes; "" for none that is known."""
    if head.startswith(GZIP_MAGIC):
        return "gzip"
    if head.startswith(BZIP2_MAGIC):
        return "bzip2"
    if head.startswith(XZ_MAGIC):
        return "xz"
    if head.startswith(ZSTD_MAGIC) or (head[1:4] == _ZSTD_SKIPPABLE and head[0] & 0xF0 == 0x50):
        return "zstd"
    return ""


def _decoder(name: str) -> _Decoder:
    if name == "gzip":
        return _Gzip()
    if name == "bzip2":
        return _Buffered(bz2.BZ2Decompressor())
    if name == "xz":
        return _Buffered(lzma.LZMADecompressor(format=lzma.FORMAT_XZ, memlimit=_XZ_MEMORY))
    return _Zstd()


async def peek(chunks: AsyncIterator[bytes], size: int) -> bytes:
    """The first chunks of a stream put together, at least `size` bytes unless it ends before."""
    head = b""
    async for chunk in chunks:
        head += chunk
        if len(head) >= size:
            break
    return head


async def chain(head: bytes, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """A stream with what was peeked at put back in front."""
    if head:
        yield head
    async for chunk in chunks:
        yield chunk


async def decompress(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The stream without its compression, if it has one; several members in a row count as one stream.

    Raises InvalidArgument for a damaged or truncated stream, and for one that expands beyond FREELY and RATIO.
    """
    head = await peek(chunks, _LONGEST_MAGIC)
    name = _format_of(head)
    if not name:
        async for chunk in chain(head, chunks):
            yield chunk
        return
    decoder, ended, waiting = _decoder(name), False, b""
    taken = given = 0
    async for chunk in chain(head, chunks):
        taken += len(chunk)
        data, waiting = waiting + chunk, b""
        while data or (decoder.pending and not ended):
            if ended:
                if len(data) < _LONGEST_MAGIC:
                    waiting = data
                    break
                if _format_of(data) != name:
                    return  # padding behind the last member, as tape tools write it
                decoder = _decoder(name)
            out, data, ended = await _step(decoder, data)
            given += len(out)
            if given > max(FREELY, RATIO * taken):
                raise InvalidArgument(
                    f"the archive expands to more than {RATIO} times its size, and more than {FREELY >> 20} MiB: "
                    "decompress it first if that is meant"
                )
            if out:
                yield out
    if not ended:
        raise InvalidArgument("cannot decompress the archive: it ends too early")


async def _step(decoder: _Decoder, data: bytes) -> tuple[bytes, bytes, bool]:
    try:
        return await asyncio.to_thread(decoder.step, data)
    except (zlib.error, OSError, lzma.LZMAError, EOFError, ValueError) as error:
        raise InvalidArgument(f"cannot decompress the archive: {error}") from error
