"""Compression of streams."""

import gzip
import hashlib
import random
import sys
import zlib
from collections.abc import AsyncIterator

import pytest

from pier.archive.packing import Packing

NOISE = random.Random(1).randbytes(3_000_000)
TEXT = b"".join(b"line %d of a text that can be made much smaller\n" % number for number in range(60_000))
SEGMENT = 512 << 10


async def _chunks(data: bytes, size: int) -> AsyncIterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


async def _packed(data: bytes, size: int = SEGMENT) -> bytes:
    packing = Packing(_chunks(data, size))
    out = b"".join([piece async for piece in packing])
    assert packing.digest == f"sha256:{hashlib.sha256(out).hexdigest()}"
    assert (packing.size, packing.taken) == (len(out), len(data))
    return out


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"x",
        NOISE,
        TEXT,
        TEXT[:SEGMENT],
        NOISE + TEXT + NOISE[:1],
        bytes(5_000_000),
        NOISE[:65_535],
        NOISE[:65_536],
    ],
)
async def test_stream_comes_back_whole(data: bytes) -> None:
    packed = await _packed(data)
    assert gzip.decompress(packed) == data  # its checksum and length, too
    inflate = zlib.decompressobj(16 + zlib.MAX_WBITS)
    inflate.decompress(packed)
    assert inflate.eof
    assert inflate.unused_data == b""


async def test_gzip_is_the_same_however_the_stream_is_cut_and_holds_no_time() -> None:
    data = NOISE[:700_000] + TEXT
    packed = {await _packed(data, size) for size in (1_000, 65_537, SEGMENT, 5_000_000)}
    assert len(packed) == 1
    assert packed.pop()[4:8] == bytes(4)


async def test_what_cannot_be_made_smaller_is_stored() -> None:
    packed = await _packed(NOISE)
    assert len(packed) < len(NOISE) * 1.0002
    assert NOISE[:65_535] in packed


async def test_what_can_be_made_smaller_is_made_so_beside_what_cannot() -> None:
    small = len(await _packed(TEXT))
    assert small < len(TEXT) / 4
    noise = NOISE[: 2 * SEGMENT]
    assert len(await _packed(noise + TEXT + noise)) < 2 * len(noise) * 1.001 + small * 1.1


async def test_samples_that_mislead_make_nothing_larger() -> None:
    quarter = SEGMENT // 4
    inviting = bytearray(NOISE[:SEGMENT])
    for start in (quarter, 3 * quarter):
        inviting[start : start + 10_000] = bytes(10_000)
    assert len(await _packed(bytes(inviting))) < SEGMENT * 1.001


async def test_zlib_stands_in_for_the_fast_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "isal", None)
    for data in (TEXT, NOISE[:100_000]):
        assert gzip.decompress(await _packed(data)) == data


async def test_source_that_fails_fails_the_packing() -> None:
    async def failing() -> AsyncIterator[bytes]:
        yield TEXT
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        async for _ in Packing(failing()):
            pass
