"""Small blobs."""

from fakes.containerd import FakeContainerd
from support.images import digest_of

from pier.engine.images.blobs import store_bytes


async def test_bytes_are_stored_with_their_labels(containerd: FakeContainerd) -> None:
    async with containerd.leases.hold("test"):
        stored = await store_bytes(containerd.content, b"text", {"key": "value"})
        assert (stored.digest, stored.size) == (digest_of(b"text"), 4)
        assert await containerd.content.labels(stored.digest) == {"key": "value"}
