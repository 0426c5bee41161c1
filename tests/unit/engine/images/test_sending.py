"""Blobs on their way to a registry."""

import gzip
import hashlib
from collections.abc import AsyncIterator

import pytest
from fakes.containerd import FakeContainerd
from support.image_engine import pieces

from pier.archive.images import Archives
from pier.domain.errors import NotFound
from pier.domain.image import Descriptor
from pier.engine.images.sending import PackedLayer, StoredBlob

DATA = b"".join(b"%d\n" % number for number in range(300_000))
GONE = Descriptor(media_type="", digest="sha256:" + "0" * 64, size=1)


@pytest.fixture
async def blob(containerd: FakeContainerd) -> AsyncIterator[Descriptor]:
    async with containerd.leases.hold("test"):
        yield await containerd.content.write("r", pieces(DATA))


async def test_stored_blob_is_known_before_and_tells_its_progress(containerd: FakeContainerd, blob: Descriptor) -> None:
    told = list[int]()
    source = StoredBlob(containerd.content, blob, told.append)
    assert (source.candidate, source.size, source.digest) == (blob, len(DATA), blob.digest)
    assert b"".join([chunk async for chunk in source.read(1_000)]) == DATA[1_000:]
    assert told[-1] == len(DATA)


async def test_packed_layer_is_known_at_its_end(containerd: FakeContainerd, blob: Descriptor) -> None:
    told = list[int]()
    source = PackedLayer(containerd.content, Archives(), blob, None, told.append)
    assert (source.candidate, source.size, source.digest) == (None, None, "")
    chunks = []
    async for chunk in source.read(0):
        assert source.size is None
        chunks.append(chunk)
    packed = b"".join(chunks)
    assert gzip.decompress(packed) == DATA
    assert source.size == len(packed)
    assert source.digest == f"sha256:{hashlib.sha256(packed).hexdigest()}"
    assert told[-1] == len(DATA)  # what is stored here, not what is sent


@pytest.mark.parametrize("offset", [1, 10, 100_000])
async def test_packed_layer_gives_the_same_bytes_from_anywhere(
    containerd: FakeContainerd, blob: Descriptor, offset: int
) -> None:
    source = PackedLayer(containerd.content, Archives(), blob, None, lambda _: None)
    whole = b"".join([chunk async for chunk in source.read(0)])
    assert b"".join([chunk async for chunk in source.read(offset)]) == whole[offset:]
    assert source.size == len(whole)


async def test_blob_that_is_gone_says_what_to_do(containerd: FakeContainerd) -> None:
    with pytest.raises(NotFound, match="pull the image again to push it"):
        await anext(StoredBlob(containerd.content, GONE, lambda _: None).read(0))
    with pytest.raises(NotFound, match="pull the image again to push it"):
        async for _ in PackedLayer(containerd.content, Archives(), GONE, None, lambda _: None).read(0):
            pass
