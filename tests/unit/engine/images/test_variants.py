"""The platforms of an image."""

import asyncio
import contextlib
import json

import pytest
from fakes.containerd import FakeContainerd
from fakes.registry import FakeRegistry
from support.image_engine import ImageEngine
from support.images import (
    Node,
    OciImage,
    TestImage,
    archive,
    digest_of,
    docker_archive,
    encode,
    host_architecture,
    oci_image,
    oci_index,
)

from pier.domain.errors import NotFound
from pier.domain.image import Platform
from pier.engine.images.outgoing import Packer
from pier.engine.images.transplant import transplant

OWN = TestImage([{"a": Node(b"own")}], {"Cmd": ["own"]})
FOREIGN = TestImage([{"f": Node(b"foreign")}], {"Cmd": ["foreign"]}, architecture="s390x")
S390X = Platform(architecture="s390x")


def _images() -> dict[str, OciImage]:
    return {"s390x": oci_image(FOREIGN), host_architecture(): oci_image(OWN)}


def _archive(images: dict[str, OciImage]) -> bytes:
    """An OCI layout with one index of all these platforms."""
    index = oci_index(images)
    blobs = {digest: blob for image in images.values() for digest, blob in image.blobs.items()}
    entry = {
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "digest": digest_of(index),
        "size": len(index),
        "annotations": {"io.containerd.image.name": "docker.io/library/x:1"},
    }
    files = {f"blobs/sha256/{digest[7:]}": blob for digest, blob in {**blobs, digest_of(index): index}.items()}
    return archive(
        {
            "oci-layout": encode({"imageLayoutVersion": "1.0.0"}),
            "index.json": encode({"schemaVersion": 2, "manifests": [entry]}),
            **files,
        }
    )


def _archive_of_indexes_that_name_each_other_often(image: OciImage) -> bytes:
    """Four levels, each naming the one below a hundred times: a hundred million ways to one manifest."""
    blobs = dict(image.blobs)
    document = json.loads(oci_index({host_architecture(): image}))
    for _ in range(4):
        data = encode(document)
        blobs[digest_of(data)] = data
        entry = {
            "mediaType": "application/vnd.oci.image.index.v1+json",
            "digest": digest_of(data),
            "size": len(data),
            "annotations": {"io.containerd.image.name": "docker.io/library/x:1"},
        }
        document = {"schemaVersion": 2, "manifests": [entry] * 100}
    return archive(
        {
            "oci-layout": encode({"imageLayoutVersion": "1.0.0"}),
            "index.json": encode({"schemaVersion": 2, "manifests": [entry]}),
            **{f"blobs/sha256/{digest[7:]}": blob for digest, blob in blobs.items()},
        }
    )


@pytest.mark.parametrize("whole", [True, False])
async def test_indexes_that_name_each_other_often_are_read_once(
    engine: ImageEngine, containerd: FakeContainerd, whole: bool
) -> None:
    image = oci_image(OWN)
    data = _archive_of_indexes_that_name_each_other_often(image)
    async with asyncio.timeout(10):
        await engine.load(data)
        target = containerd.state.images["docker.io/library/x:1"].target
        if not whole:
            for digest in image.blobs:
                del containerd.state.blobs[digest]
        (variant,) = await engine.images.variants("x:1")
        assert variant.is_available == whole
        packer = Packer(containerd.content)
        assert (await packer.pack(target) is not None) == whole
        with contextlib.nullcontext() if whole else pytest.raises(NotFound):
            assert (await packer.choose(target, Platform(architecture=host_architecture()), "x")).digest
        with contextlib.nullcontext() if whole else pytest.raises(NotFound):
            await transplant(containerd.content, containerd.content, target, "overlayfs")


async def test_what_is_here_of_an_index(engine: ImageEngine, registry: FakeRegistry) -> None:
    images = _images()
    registry.push_index("docker.io/library/x", "1", oci_index(images), images)
    await engine.pull("x", "1")
    foreign, own = await engine.images.variants("x:1")
    assert (foreign.is_available, foreign.kind, foreign.content_size, foreign.image) == (False, "image", 0, None)
    assert foreign.platform == S390X
    assert (own.is_available, own.image and own.image.id) == (True, OWN.id)
    assert own.content_size == sum(len(blob) for blob in images[host_architecture()].blobs.values())
    assert own.unpacked_size == 3


async def test_attestation(engine: ImageEngine, registry: FakeRegistry) -> None:
    images = {host_architecture(): oci_image(OWN)}
    index = json.loads(oci_index(images))
    about = index["manifests"][0]["digest"]
    index["manifests"].append(
        {
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "digest": "sha256:" + "e" * 64,
            "size": 5,
            "platform": {"os": "unknown", "architecture": "unknown"},
            "annotations": {
                "vnd.docker.reference.type": "attestation-manifest",
                "vnd.docker.reference.digest": about,
            },
        }
    )
    registry.push_index("docker.io/library/x", "1", encode(index), images)
    await engine.pull("x", "1")
    _, attestation = await engine.images.variants("x:1")
    assert (attestation.kind, attestation.attests, attestation.is_available) == ("attestation", about, False)


async def test_lone_manifest_is_one(engine: ImageEngine) -> None:
    await engine.load(docker_archive({"x:1": OWN}))
    [variant] = await engine.images.variants("x:1")
    assert variant.image is not None
    assert variant.image.id == OWN.id
    with pytest.raises(
        NotFound, match=r"its platform \(linux/\w+\) does not match the specified platform \(linux/s390x"
    ):
        await engine.images.get_for("x:1", S390X)


async def test_load_keeps_all_platforms_of_an_archive(engine: ImageEngine, containerd: FakeContainerd) -> None:
    await engine.load(_archive(_images()))
    assert [variant.is_available for variant in await engine.images.variants("x:1")] == [True, True]
    image = await engine.images.get("x:1")
    assert image.id == OWN.id
    foreign = await engine.images.get_for("x:1", S390X)
    assert (foreign.id, foreign.repo_tags, foreign.config.cmd) == (FOREIGN.id, ("x:1",), ("foreign",))
    assert foreign.chain_id not in containerd.state.snapshots  # not unpacked: it does not run here
    assert len(await engine.images.history("x:1", platform=S390X)) == 1
    with pytest.raises(NotFound, match="does not provide the specified platform"):
        await engine.images.get_for("x:1", Platform(architecture="riscv64"))


async def test_load_and_save_of_one_platform(engine: ImageEngine) -> None:
    await engine.load(_archive(_images()), S390X)
    foreign, own = await engine.images.variants("x:1")
    assert (foreign.is_available, own.is_available) == (True, False)
    saved = await engine.save("x:1", platform=S390X)
    await engine.images.remove("x:1", force=True)
    await engine.load(saved)
    assert (await engine.images.get("x:1")).id == FOREIGN.id
    with pytest.raises(NotFound, match=r"cannot load x:1 for linux/riscv64: the archive has it for linux/s390x only"):
        await engine.load(saved, Platform(architecture="riscv64"))


async def test_nothing_is_listed_of_what_is_collected_before_it_is_read(
    engine: ImageEngine, registry: FakeRegistry, containerd: FakeContainerd
) -> None:
    images = _images()
    registry.push_index("docker.io/library/x", "1", oci_index(images), images)
    await engine.pull("x", "1")
    assert len(await engine.images.variants("x:1")) == 2
    containerd.state.failures["content.read"] = NotFound("collected")
    assert await engine.images.variants("x:1") == []
