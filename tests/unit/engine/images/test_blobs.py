"""Small blobs."""

import pytest
from fakes.containerd import FakeContainerd
from support.images import digest_of

from pier.domain.errors import InvalidArgument
from pier.engine.images.blobs import read_if_here, store_bytes


async def test_bytes_are_stored_with_their_labels(containerd: FakeContainerd) -> None:
    async with containerd.leases.hold("test"):
        stored = await store_bytes(containerd.content, b"text", {"key": "value"})
        assert (stored.digest, stored.size) == (digest_of(b"text"), 4)
        assert await containerd.content.labels(stored.digest) == {"key": "value"}


async def test_bytes_are_read_where_they_are(containerd: FakeContainerd) -> None:
    async with containerd.leases.hold("test"):
        stored = await store_bytes(containerd.content, b"text")
        assert await read_if_here(containerd.content, stored.digest) == b"text"
        with pytest.raises(InvalidArgument, match="more than the 3"):
            await read_if_here(containerd.content, stored.digest, limit=3)
    assert await read_if_here(containerd.content, digest_of(b"other")) is None
