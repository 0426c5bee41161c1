"""Decompression of streams, by what their first bytes say they are.

Formats by their magic numbers: gzip (RFC 1952), bzip2, xz (its file format, section 2.1.1.1), zstd (RFC 8878).
"""

import asyncio
import bz2
import lzma
import zlib
from collections.abc import AsyncIterator
from typing import Protocol

from pier.domain.errors import InvalidArgument, Unsupported

GZIP_MAGIC = b"\x1f\x8b"
BZIP2_MAGIC = b"BZh"
XZ_MAGIC = b"\xfd7zXZ\x00"
ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
_LONGEST_MAGIC = 6
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


def _decoder(head: bytes) -> _Decoder | None:
    if head.startswith(GZIP_MAGIC):
        return _Gzip()
    if head.startswith(BZIP2_MAGIC):
        return _Buffered(bz2.BZ2Decompressor())
    if head.startswith(XZ_MAGIC):
        return _Buffered(lzma.LZMADecompressor(format=lzma.FORMAT_XZ))
    if head.startswith(ZSTD_MAGIC):
        raise Unsupported("an archive compressed with zstd cannot be read; decompress it first, or use gzip, bzip2, xz")
    return None


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

    Raises InvalidArgument for a damaged or truncated stream, Unsupported for zstd.
    """
    head = await peek(chunks, _LONGEST_MAGIC)
    decoder = _decoder(head)
    if decoder is None:
        async for chunk in chain(head, chunks):
            yield chunk
        return
    magic, ended, waiting = head[:2], False, b""
    async for chunk in chain(head, chunks):
        data, waiting = waiting + chunk, b""
        while data or (decoder.pending and not ended):
            if ended:
                if len(data) < len(magic):
                    waiting = data
                    break
                if not data.startswith(magic):
                    return  # padding behind the last member, as tape tools write it
                decoder = _decoder(head) or decoder
            out, data, ended = await _step(decoder, data)
            if out:
                yield out
    if not ended:
        raise InvalidArgument("cannot decompress the archive: it ends too early")


async def _step(decoder: _Decoder, data: bytes) -> tuple[bytes, bytes, bool]:
    try:
        return await asyncio.to_thread(decoder.step, data)
    except (zlib.error, OSError, lzma.LZMAError, EOFError, ValueError) as error:
        raise InvalidArgument(f"cannot decompress the archive: {error}") from error
