"""Some platforms of an image."""

import pytest
from fakes.containerd import FakeContainerd
from fakes.registry import FakeRegistry
from support.image_engine import ImageEngine
from support.images import Node, TestImage, docker_archive, host_architecture, oci_image, oci_index

from pier.domain.errors import Conflict, NotFound
from pier.domain.image import Platform
from pier.engine.images.remove import ImageUser

OWN = TestImage([{"a": Node(b"own")}])
FOREIGN = TestImage([{"f": Node(b"foreign")}], architecture="s390x")
S390X, HERE = Platform(architecture="s390x"), Platform(architecture=host_architecture())


@pytest.fixture(autouse=True)
async def _pulled(engine: ImageEngine, registry: FakeRegistry) -> None:
    images = {"s390x": oci_image(FOREIGN), host_architecture(): oci_image(OWN)}
    registry.push_index("docker.io/library/x", "1", oci_index(images), images)
    await engine.pull("x", "1", S390X)
    await engine.pull("x", "1")


async def test_other_platform_goes_with_its_content(engine: ImageEngine, containerd: FakeContainerd) -> None:
    foreign = await engine.images.get_for("x:1", S390X)
    removed = await engine.images.remove("x:1", platforms=[S390X])
    assert removed == [("Deleted", foreign.manifest.digest)]
    gone = {foreign.id, foreign.manifest.digest, *(layer.digest for layer in foreign.layers)}
    assert not gone & set(containerd.state.blobs)
    assert foreign.chain_id not in containerd.state.snapshots
    assert (await engine.images.get("x:1")).id == OWN.id
    with pytest.raises(NotFound, match="does not provide the specified platform"):
        await engine.images.remove("x:1", platforms=[S390X])


async def test_image_is_that_of_the_platform_that_stays(engine: ImageEngine) -> None:
    await engine.images.remove("x:1", platforms=[HERE])
    assert (await engine.images.get("x:1")).id == FOREIGN.id


async def test_last_platform_takes_the_image_with_it(engine: ImageEngine, containerd: FakeContainerd) -> None:
    removed = await engine.images.remove("x:1", platforms=[HERE, S390X])
    assert ("Untagged", "x:1") in removed
    assert not containerd.state.images


async def test_lone_image(engine: ImageEngine) -> None:
    await engine.load(docker_archive({"y:1": TestImage([{"z": Node(b"z")}])}))
    assert ("Untagged", "y:1") in await engine.images.remove("y:1", platforms=[HERE])


async def test_platform_in_use_stays(engine: ImageEngine) -> None:
    user = ImageUser(id="c" * 64, name="web", running=False)
    engine.users[FOREIGN.id] = [user]
    with pytest.raises(Conflict, match=r"\(must be forced\) - container cccccccccccc is using this platform"):
        await engine.images.remove("x:1", platforms=[S390X])
    engine.users[FOREIGN.id] = [ImageUser(id="c" * 64, name="web", running=True)]
    with pytest.raises(Conflict, match="cannot be forced"):
        await engine.images.remove("x:1", platforms=[S390X], force=True)
    engine.users[FOREIGN.id] = [user]
    assert await engine.images.remove("x:1", platforms=[S390X], force=True)
