"""Compression of streams: gzip (RFC 1952) of deflate blocks (RFC 1951), made for layers on their way to a registry.

A layer is cut into segments, each compressed by itself: a thread takes one while the one before is sent. What cannot be
made smaller (media, archives in the layer) goes in stored blocks, as zlib and Go write it too: ISA-L would write it in
Huffman codes, which save nothing and which every puller decodes at a tenth of the speed.
"""

import asyncio
import hashlib
import zlib
from asyncio import Future
from collections.abc import AsyncIterator, Callable
from typing import Protocol

_SEGMENT = 512 << 10  # bytes; smaller ones cost density, at this size it is 0.3 %
_LEVEL = 2  # of ISA-L's 0 to 3; 3 is slower and no denser
_ZLIB_LEVEL = 4
_RAW = -zlib.MAX_WBITS  # deflate without a header
_STORED = 0xFFFF  # bytes in one stored block
_SAMPLE = 16 << 10  # a quarter and three quarters into a segment: what these say counts for the whole
_WORTHWHILE = 0.97  # of the size before
_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"  # no name and no time: the same stream gives the same bytes
_LAST_BLOCK = b"\x03\x00"  # an empty one, by the fixed codes


class _Compressor(Protocol):
    def compress(self, data: bytes, /) -> bytes: ...
    def flush(self, mode: int, /) -> bytes: ...


class Packing:
    """The gzip form of a stream, the same for the same stream on one host; read it once, from the loop.

    `digest` and `size` are those of what has come out, and true of the whole once the end has been read; `taken` counts
    the bytes that have gone in.
    """

    def __init__(self, chunks: AsyncIterator[bytes]) -> None:
        self._chunks = chunks
        self._hash = hashlib.sha256()
        self._new_compressor, self._crc32 = _library()
        self._crc = 0
        self.taken = 0
        self.size = 0

    @property
    def digest(self) -> str:
        return f"sha256:{self._hash.hexdigest()}"

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """One segment is read and one compressed while the caller uses the one before."""
        loop = asyncio.get_running_loop()
        yield self._note(_HEADER)
        job: Future[bytes] | None = None
        async for segment in _segments(self._chunks):
            packed = await job if job is not None else b""
            job = loop.run_in_executor(None, self._pack, segment)
            self.taken += len(segment)
            if packed:
                yield packed
        if job is not None:
            yield await job
        yield self._note(
            _LAST_BLOCK + self._crc.to_bytes(4, "little") + (self.taken & 0xFFFFFFFF).to_bytes(4, "little")
        )

    def _pack(self, segment: bytes) -> bytes:
        """Its blocks, ending at a byte. In a thread, one at a time."""
        self._crc = self._crc32(segment, self._crc)
        packed = b""
        if self._shrinks(_samples(segment)):
            packed = self._deflate(segment)
        if not packed or len(packed) > len(segment):
            packed = _store(segment)
        return self._note(packed)

    def _shrinks(self, data: bytes) -> bool:
        return len(self._deflate(data)) < _WORTHWHILE * len(data)

    def _deflate(self, data: bytes) -> bytes:
        compressor = self._new_compressor()
        return compressor.compress(data) + compressor.flush(zlib.Z_SYNC_FLUSH)

    def _note(self, data: bytes) -> bytes:
        self._hash.update(data)
        self.size += len(data)
        return data


async def _segments(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The stream in pieces of one size, whatever the sizes in which it comes."""
    rest = b""
    async for chunk in chunks:
        data = rest + chunk if rest else chunk
        whole = len(data) - len(data) % _SEGMENT
        for start in range(0, whole, _SEGMENT):
            yield data[start : start + _SEGMENT]
        rest = data[whole:]
    if rest:
        yield rest


def _samples(segment: bytes) -> bytes:
    """All of a small one."""
    if len(segment) <= 4 * _SAMPLE:
        return segment
    quarter = len(segment) // 4
    return segment[quarter : quarter + _SAMPLE] + segment[3 * quarter : 3 * quarter + _SAMPLE]


def _store(segment: bytes) -> bytes:
    """RFC 1951, 3.2.4: three bits and padding, the length, its complement, the bytes."""
    parts: list[bytes | memoryview] = []
    for start in range(0, len(segment), _STORED):
        piece = memoryview(segment)[start : start + _STORED]
        parts += [b"\x00", len(piece).to_bytes(2, "little"), (len(piece) ^ 0xFFFF).to_bytes(2, "little"), piece]
    return b"".join(parts)


def _library() -> tuple[Callable[[], _Compressor], Callable[[bytes, int], int]]:
    """ISA-L's, at about ten times zlib's speed and a little less densely: a push waits for it. It knows the processors
    that containers mostly run on; on others zlib does it.
    """
    try:
        from isal import isal_zlib
    except ImportError:
        return lambda: zlib.compressobj(_ZLIB_LEVEL, zlib.DEFLATED, _RAW), zlib.crc32
    return lambda: isal_zlib.compressobj(_LEVEL, isal_zlib.DEFLATED, _RAW), isal_zlib.crc32
