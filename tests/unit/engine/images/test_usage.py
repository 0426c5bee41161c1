"""Disk usage."""

from fakes.containerd import FakeContainerd
from support.image_engine import ImageEngine
from support.images import Node, TestImage, docker_archive

from pier.engine.images.claims import ImageUser

ONE = TestImage([{"a": Node(b"s" * 100)}, {"b": Node(b"1" * 10)}])
TWO = TestImage([{"a": Node(b"s" * 100)}, {"c": Node(b"2" * 20)}], created="2024-06-01T00:00:00Z")


async def test_shared_layers_count_once(engine: ImageEngine, containerd: FakeContainerd) -> None:
    await engine.load(docker_archive({"x:1": ONE, "y:1": TWO, "z:1": TWO}))
    engine.users[ONE.id] = [ImageUser(id="c" * 64, name="web", running=True)]
    usage = await engine.images.disk_usage()
    blobs = sum(-(-len(blob.data) // 4096) * 4096 for blob in containerd.state.blobs.values())
    assert usage.layers_size == 130 + blobs
    assert [(one.image.id, one.image.size, one.shared, one.containers) for one in usage.images] == [
        (TWO.id, 120, 100, 0),
        (ONE.id, 110, 100, 1),
    ]
    block = 4096  # an empty file apart, every blob takes at least one; a layer's tar has 10 kB
    two, one = usage.images
    assert (one.disk_size, two.disk_size) == (110 + 8 * block, 120 + 8 * block)
    assert (one.disk_shared, two.disk_shared) == (100 + 3 * block, 100 + 3 * block)
