"""Decompression of streams."""

import bz2
import gzip
import lzma
import random
import zlib
from collections.abc import AsyncIterator, Callable

import pytest
import zstandard

from pier.archive import compression
from pier.archive.compression import decompress
from pier.domain.errors import InvalidArgument

Pack = Callable[[bytes], bytes]
PACKS: list[Pack] = [gzip.compress, bz2.compress, lzma.compress, zstandard.ZstdCompressor(write_checksum=True).compress]
DATA = random.Random(1).randbytes(3_000_000)


async def _chunks(data: bytes, size: int) -> AsyncIterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


async def _all(data: bytes, size: int = 1000) -> bytes:
    return b"".join([piece async for piece in decompress(_chunks(data, size))])


@pytest.mark.parametrize("size", [1, 7, 1 << 20])
async def test_plain_stream_passes_unchanged(size: int) -> None:
    assert await _all(b"plain bytes", size) == b"plain bytes"


async def test_empty_stream_is_empty() -> None:
    assert await _all(b"") == b""


@pytest.mark.parametrize("pack", PACKS)
@pytest.mark.parametrize("size", [1000, 1 << 20])
async def test_packed_stream_comes_out_whole(pack: Pack, size: int) -> None:
    assert await _all(pack(DATA), size) == DATA


@pytest.mark.parametrize("pack", PACKS)
async def test_members_in_a_row_are_one_stream(pack: Pack) -> None:
    assert await _all(pack(b"one") + pack(b"two"), 3) == b"onetwo"


@pytest.mark.parametrize("pack", PACKS)
async def test_padding_behind_is_passed_over(pack: Pack) -> None:
    assert await _all(pack(b"one") + bytes(4096), 10) == b"one"


@pytest.mark.parametrize("pack", PACKS)
async def test_truncated_stream_is_refused(pack: Pack) -> None:
    with pytest.raises(InvalidArgument, match="ends too early"):
        await _all(pack(DATA)[:-20])


@pytest.mark.parametrize("pack", PACKS)
async def test_damaged_stream_is_refused(pack: Pack) -> None:
    packed = bytearray(pack(DATA))
    packed[len(packed) // 2 : len(packed) // 2 + 8] = b"\xff" * 8
    with pytest.raises(InvalidArgument, match="cannot decompress"):
        await _all(bytes(packed))


async def test_bomb_comes_out_in_bounded_pieces() -> None:
    pieces = [len(piece) async for piece in decompress(_chunks(gzip.compress(bytes(50 << 20)), 1 << 20))]
    assert sum(pieces) == 50 << 20
    assert max(pieces) <= 1 << 20


@pytest.mark.parametrize("pack", PACKS)
async def test_bomb_is_refused_at_the_limit(pack: Pack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compression, "FREELY", 1 << 20)
    with pytest.raises(InvalidArgument, match="expands to more than 200 times its size"):
        await _all(pack(bytes(8 << 20)), 1 << 16)
    assert len(await _all(pack(bytes(1 << 20)), 1 << 16)) == 1 << 20


async def test_zstd_bomb_comes_out_in_bounded_pieces() -> None:
    bomb = zstandard.compress(bytes(200 << 20))
    pieces = [len(piece) async for piece in decompress(_chunks(bomb, 1 << 20))]
    assert sum(pieces) == 200 << 20
    assert max(pieces) <= 33 << 20


async def test_skippable_frames_of_zstd_are_passed_over() -> None:
    skipped = b"\x50\x2a\x4d\x18\x04\x00\x00\x00note"
    assert await _all(skipped + zstandard.compress(b"one") + skipped + zstandard.compress(b"two"), 3) == b"onetwo"


async def test_xz_that_asks_for_gigabytes_of_memory_is_refused() -> None:
    packed = bytearray(lzma.compress(b"one"))
    end = 12 + packed[12] * 4  # of the block's header, before its checksum (the xz file format, 3.1)
    filters = packed.index(b"\x21\x01", 12, end)
    packed[filters + 2] = 40  # a dictionary of 4 GiB
    packed[end : end + 4] = zlib.crc32(packed[12:end]).to_bytes(4, "little")
    with pytest.raises(InvalidArgument, match=r"cannot decompress.*[Mm]emory"):
        await _all(bytes(packed))
