"""From one namespace's content to another's."""

import pytest
from fakes.containerd import FakeContainerd
from fakes.registry import FakeRegistry
from support.image_engine import ImageEngine
from support.images import Node, TestImage, host_architecture, oci_image, oci_index

from pier.domain.errors import NotFound
from pier.engine.images.transplant import transplant

OWN = TestImage([{"a": Node(b"own")}])
FOREIGN = TestImage([{"f": Node(b"foreign")}], architecture="s390x")


async def test_what_an_index_has_whole_comes_with_it(
    engine: ImageEngine, registry: FakeRegistry, containerd: FakeContainerd
) -> None:
    images = {"s390x": oci_image(FOREIGN), host_architecture(): oci_image(OWN)}
    registry.push_index("docker.io/library/x", "1", oci_index(images), images)
    await engine.pull("x", "1")
    target = containerd.state.images["docker.io/library/x:1"].target
    other = FakeContainerd()
    async with other.leases.hold("test"):
        await transplant(containerd.content, other.content, target, "overlayfs")
        assert set(other.state.blobs) == set(containerd.state.blobs)
        for digest, blob in containerd.state.blobs.items():
            assert other.state.blobs[digest].data == blob.data


async def test_nothing_comes_of_what_is_not_whole(
    engine: ImageEngine, registry: FakeRegistry, containerd: FakeContainerd
) -> None:
    registry.push("docker.io/library/x", "1", oci_image(OWN))
    await engine.pull("x", "1")
    image = await engine.images.get("x:1")
    del containerd.state.blobs[image.layers[0].digest]
    other = FakeContainerd()
    with pytest.raises(NotFound, match="only its files are"):
        await transplant(containerd.content, other.content, image.manifest, "overlayfs")
    assert not other.state.blobs
