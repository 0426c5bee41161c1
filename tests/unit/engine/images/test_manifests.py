"""From targets to images."""

import pytest
from fakes.containerd import FakeContainerd
from fakes.registry import FakeRegistry
from support.image_engine import ImageEngine
from support.images import Node, TestImage, docker_archive, host_architecture, oci_image, oci_index

from pier.domain.errors import InvalidArgument, NotFound
from pier.domain.image import Descriptor, Platform
from pier.engine.images.manifests import ManifestReader

OWN = TestImage([{"a": Node(b"own" * 10)}, {"b": Node(b"b")}], {"Cmd": ["x"]})
FOREIGN = TestImage([{"a": Node(b"foreign")}], architecture="s390x")


async def test_size_is_that_of_the_unpacked_layers(engine: ImageEngine) -> None:
    await engine.load(docker_archive({"x:1": OWN}))
    assert (await engine.images.get("x:1")).size == 31


async def test_image_that_is_not_unpacked_has_the_size_of_its_blobs(
    engine: ImageEngine, containerd: FakeContainerd
) -> None:
    await engine.load(docker_archive({"x:1": OWN}))
    target = containerd.state.images["docker.io/library/x:1"].target
    containerd.state.snapshots.clear()
    image = await ManifestReader(containerd.content, containerd.snapshots, Platform()).read(target)
    assert image.size == sum(len(tar) for tar in OWN.layer_tars)


async def test_index_shows_what_is_here_and_what_suits_better_later(
    engine: ImageEngine, registry: FakeRegistry
) -> None:
    images = {"s390x": oci_image(FOREIGN), host_architecture(): oci_image(OWN)}
    registry.push_index("docker.io/library/x", "1", oci_index(images), images)
    await engine.pull("x", "1", Platform(architecture="s390x"))
    assert (await engine.images.get("x:1")).id == FOREIGN.id
    await engine.pull("x", "1")
    assert (await engine.images.get("x:1")).id == OWN.id


async def test_missing_content_and_what_is_no_image(containerd: FakeContainerd) -> None:
    containerd.state.collect_always = False
    reader = ManifestReader(containerd.content, containerd.snapshots, Platform())
    media_type = "application/vnd.oci.image.manifest.v1+json"
    with pytest.raises(NotFound):
        await reader.read(Descriptor(media_type=media_type, digest="sha256:" + "0" * 64, size=1))
    from fakes.containerd.storage import store

    with pytest.raises(InvalidArgument):
        await reader.read(Descriptor(media_type=media_type, digest=store(containerd.state, b"{}"), size=2))
