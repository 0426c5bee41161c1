"""What of an index an archive gets."""

import pytest
from fakes.containerd import FakeContainerd
from fakes.registry import FakeRegistry
from support.image_engine import ImageEngine
from support.images import Node, TestImage, host_architecture, oci_image, oci_index

from pier.domain.errors import NotFound
from pier.domain.image import MEDIA_TYPE_OCI_INDEX, Descriptor, Platform
from pier.engine.images.archive_layout import blob_path
from pier.engine.images.archive_tree import ArchiveTree

OWN = TestImage([{"a": Node(b"own")}])
FOREIGN = TestImage([{"f": Node(b"foreign")}], architecture="s390x")


@pytest.fixture
async def index(engine: ImageEngine, registry: FakeRegistry) -> Descriptor:
    """Of two platforms that are both here."""
    images = {"s390x": oci_image(FOREIGN), host_architecture(): oci_image(OWN)}
    registry.push_index("docker.io/library/x", "1", oci_index(images), images)
    await engine.pull("x", "1", Platform(architecture="s390x"))
    await engine.pull("x", "1")
    return (await engine.image_records.get("docker.io/library/x:1")).target


async def test_every_blob_once_and_none_that_the_archive_has(containerd: FakeContainerd, index: Descriptor) -> None:
    tree = await ArchiveTree.below(containerd.content, index)
    assert tree.images == 2
    assert index.digest in tree
    written = {FOREIGN.id}
    members = [member async for member in tree.members(written)]
    assert {member.path for member in members} == {
        blob_path(digest) for digest in containerd.state.blobs if digest != FOREIGN.id
    }
    assert len(members) == len({member.path for member in members})
    assert written == set(containerd.state.blobs)
    for member in members:
        assert member.data is not None
        assert sum([len(chunk) async for chunk in member.data]) == member.size


async def test_manifest_that_is_not_whole_is_left_out(containerd: FakeContainerd, index: Descriptor) -> None:
    manifest = oci_image(FOREIGN).descriptor
    del containerd.state.blobs[FOREIGN.id]
    tree = await ArchiveTree.below(containerd.content, index)
    assert tree.images == 1
    assert str(manifest["digest"]) not in tree


async def test_index_that_is_gone(containerd: FakeContainerd) -> None:
    gone = Descriptor(media_type=MEDIA_TYPE_OCI_INDEX, digest="sha256:" + "0" * 64, size=1)
    with pytest.raises(NotFound):
        await ArchiveTree.below(containerd.content, gone)
