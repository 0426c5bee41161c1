"""Some platforms of an image."""

import json

import pytest
from fakes.containerd import FakeContainerd
from fakes.registry import FakeRegistry
from support.image_engine import ImageEngine
from support.images import Node, TestImage, digest_of, docker_archive, encode, host_architecture, oci_image, oci_index

from pier.domain.errors import Conflict, NotFound
from pier.domain.ids import short
from pier.domain.image import MEDIA_TYPE_OCI_INDEX, Platform
from pier.engine.images.claims import ImageUser

OWN = TestImage([{"a": Node(b"own")}])
FOREIGN = TestImage([{"f": Node(b"foreign")}], architecture="s390x")
THIRD = TestImage([{"t": Node(b"third")}], architecture="riscv64")
S390X, HERE = Platform(architecture="s390x"), Platform(architecture=host_architecture())
RISCV64 = Platform(architecture="riscv64")


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


def _nested(registry: FakeRegistry, repository: str, own: TestImage, *others: TestImage) -> str:
    """Pushes an index that has this host's manifest and an index of the others; the inner one's digest."""
    images = {image.architecture: oci_image(image) for image in others}
    inner = oci_index(images)
    registry.push_index(repository, "", inner, images)
    mine = {host_architecture(): oci_image(own)}
    outer = json.loads(oci_index(mine))
    outer["manifests"].append({"mediaType": MEDIA_TYPE_OCI_INDEX, "digest": digest_of(inner), "size": len(inner)})
    registry.push_index(repository, "1", encode(outer), mine)
    return digest_of(inner)


async def _pull_all(engine: ImageEngine, name: str, *platforms: Platform) -> None:
    for platform in platforms:
        await engine.pull(name, "1", platform)


async def test_platform_of_an_index_within_an_index(
    engine: ImageEngine, registry: FakeRegistry, containerd: FakeContainerd
) -> None:
    await engine.images.remove("x:1", force=True)
    inner = _nested(registry, "docker.io/library/n", OWN, FOREIGN, THIRD)
    await _pull_all(engine, "n", S390X, RISCV64, HERE)
    foreign = await engine.images.get_for("n:1", S390X)
    assert await engine.images.remove("n:1", platforms=[S390X]) == [("Deleted", foreign.manifest.digest)]
    assert not {foreign.id, foreign.manifest.digest, foreign.layers[0].digest} & set(containerd.state.blobs)
    assert (await engine.images.get_for("n:1", RISCV64)).id == THIRD.id
    await engine.images.remove("n:1", platforms=[RISCV64])
    assert inner not in containerd.state.blobs  # nothing below it is left
    assert (await engine.images.get("n:1")).id == OWN.id


async def test_part_of_an_index_that_another_image_has_too_stays(engine: ImageEngine, registry: FakeRegistry) -> None:
    other = TestImage([{"o": Node(b"other")}])
    for name, own in (("n", OWN), ("m", other)):
        _nested(registry, f"docker.io/library/{name}", own, FOREIGN, THIRD)
        await _pull_all(engine, name, S390X, RISCV64, HERE)
    await engine.images.remove("x:1", force=True)
    with pytest.raises(Conflict, match=f"which image {short(other.id)} has, too"):
        await engine.images.remove("n:1", platforms=[S390X])
    for name in ("n:1", "m:1"):
        assert (await engine.images.get_for(name, S390X)).id == FOREIGN.id
    await engine.images.remove("n:1", platforms=[S390X, RISCV64])  # the inner index as a whole
    assert (await engine.images.get_for("m:1", RISCV64)).id == THIRD.id


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
