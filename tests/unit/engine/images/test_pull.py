"""Pulling images."""

import asyncio
from dataclasses import replace

import pytest
from fakes.containerd import FakeContainerd
from fakes.registry import FakeRegistry
from support.image_engine import ImageEngine
from support.images import Node, TestImage, host_architecture, oci_image, oci_index

from pier.domain.errors import InvalidArgument, NotFound, PierError
from pier.domain.image import Platform

REPOSITORY = "docker.io/library/x"
ONE = TestImage([{"a": Node(b"lower")}, {"b": Node(b"upper")}])
TWO = TestImage([{"a": Node(b"lower")}, {"c": Node(b"2")}])
FOREIGN = TestImage([{"f": Node(b"foreign")}], architecture="s390x")


async def test_lines_of_a_first_pull(engine: ImageEngine, registry: FakeRegistry) -> None:
    digest = registry.push(REPOSITORY, "1", oci_image(ONE))
    lines = await engine.pull("x", "1")
    assert (lines[0].status, lines[0].id) == ("Pulling from library/x", "1")
    lower, upper = [layer.digest[7:19] for layer in (await engine.images.get("x:1")).layers]
    assert [(line.id, line.status) for line in lines[1:3]] == [(lower, "Pulling fs layer"), (upper, "Pulling fs layer")]
    assert [line.status for line in lines if line.id == upper] == [
        "Pulling fs layer",
        "Downloading",
        "Verifying Checksum",
        "Download complete",
        "Extracting",
        "Pull complete",
    ]
    assert [line.status for line in lines[-2:]] == [f"Digest: {digest}", "Status: Downloaded newer image for x:1"]
    assert engine.events == [("pull", "x:1", "x")]


async def test_names_of_a_pulled_image(engine: ImageEngine, registry: FakeRegistry) -> None:
    digest = registry.push(REPOSITORY, "1", oci_image(ONE))
    await engine.pull("x", "1")
    image = await engine.images.get("x:1")
    assert (image.id, image.repo_tags, image.repo_digests) == (ONE.id, ("x:1",), (f"x@{digest}",))


async def test_more_layers_than_downloads_wait(engine: ImageEngine, registry: FakeRegistry) -> None:
    registry.push(REPOSITORY, "1", oci_image(TestImage([{str(n): Node(str(n).encode())} for n in range(5)])))
    lines = await engine.pull("x", "1")
    assert [line.status for line in lines].count("Waiting") == 2


async def test_second_pull_asks_but_fetches_nothing(engine: ImageEngine, registry: FakeRegistry) -> None:
    registry.push(REPOSITORY, "1", oci_image(ONE))
    await engine.pull("x", "1")
    registry.fetched.clear()
    lines = await engine.pull("x", "1")
    assert registry.fetched == []
    assert [line.status for line in lines] == [
        "Pulling from library/x",
        f"Digest: {(await engine.images.get('x:1')).manifest.digest}",
        "Status: Image is up to date for x:1",
    ]


async def test_another_name_of_what_is_here_says_nothing_of_its_layers(
    engine: ImageEngine, registry: FakeRegistry
) -> None:
    registry.push(REPOSITORY, "1", oci_image(ONE))
    registry.push(REPOSITORY, "2", oci_image(ONE))
    await engine.pull("x", "1")
    lines = await engine.pull("x", "2")
    assert not [line for line in lines if line.id not in ("", "2")]
    assert lines[-1].status == "Status: Downloaded newer image for x:2"


async def test_another_image_of_the_same_layers_names_them(engine: ImageEngine, registry: FakeRegistry) -> None:
    registry.push(REPOSITORY, "1", oci_image(ONE))
    registry.push(REPOSITORY, "2", oci_image(replace(ONE, config={"Env": ["A=b"]})))
    await engine.pull("x", "1")
    lines = await engine.pull("x", "2")
    assert [line.status for line in lines].count("Already exists") == 2


async def test_only_what_is_missing_is_fetched(engine: ImageEngine, registry: FakeRegistry) -> None:
    registry.push(REPOSITORY, "1", oci_image(ONE))
    await engine.pull("x", "1")
    registry.fetched.clear()
    registry.push(REPOSITORY, "1", oci_image(TWO))
    lines = await engine.pull("x", "1")
    assert len(registry.fetched) == 3  # manifest, config, the upper layer
    assert [line.status for line in lines].count("Already exists") == 1
    assert (await engine.images.get("x:1")).id == TWO.id
    assert (await engine.images.get(ONE.id)).repo_tags == ()


async def test_layer_lost_from_the_content_store_is_fetched_again(
    engine: ImageEngine, registry: FakeRegistry, containerd: FakeContainerd
) -> None:
    registry.push(REPOSITORY, "1", oci_image(ONE))
    await engine.pull("x", "1")
    layer = (await engine.images.get("x:1")).layers[0].digest
    del containerd.state.blobs[layer]
    lines = await engine.pull("x", "1")
    assert layer in containerd.state.blobs
    assert [line.status for line in lines if line.id == layer[7:19]][-2:] == ["Download complete", "Pull complete"]


async def test_documents_that_are_collected_before_they_are_read_are_fetched(
    engine: ImageEngine, registry: FakeRegistry, containerd: FakeContainerd, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when the image was removed just before: it lies about until containerd's next collection."""
    registry.push(REPOSITORY, "1", oci_image(ONE))
    await engine.pull("x", "1")
    registry.fetched.clear()
    read, collected = containerd.content.read, set[str]()

    async def read_late(digest: str, *, limit: int = 8 << 20) -> bytes:
        if digest not in collected:
            collected.add(digest)
            containerd.state.blobs.pop(digest, None)
        return await read(digest, limit=limit)

    monkeypatch.setattr(containerd.content, "read", read_late)
    await engine.pull("x", "1")
    assert len(registry.fetched) == 2  # manifest and config
    assert collected <= containerd.state.blobs.keys()


async def test_by_digest_and_all_tags(engine: ImageEngine, registry: FakeRegistry) -> None:
    digest = registry.push(REPOSITORY, "1", oci_image(ONE))
    registry.push(REPOSITORY, "2", oci_image(TWO))
    lines = await engine.pull("x", digest)
    assert lines[-1].status == f"Status: Downloaded newer image for x@{digest}"
    assert (await engine.images.get(f"x@{digest}")).repo_tags == ()
    await engine.pull("x", "")
    assert {tag for image in await engine.images.list() for tag in image.repo_tags} == {"x:1", "x:2"}
    await engine.pull("x:2", "")
    with pytest.raises(NotFound, match="has no tags"):
        await engine.pull("y", "")


async def test_platform_is_chosen_from_an_index(engine: ImageEngine, registry: FakeRegistry) -> None:
    images = {"s390x": oci_image(FOREIGN), host_architecture(): oci_image(ONE)}
    digest = registry.push_index(REPOSITORY, "1", oci_index(images), images)
    await engine.pull("x", "1")
    image = await engine.images.get("x:1")
    assert (image.id, image.repo_digests) == (ONE.id, (f"x@{digest}",))
    with pytest.raises(NotFound, match="no matching manifest for linux/riscv64 in the manifest list entries"):
        await engine.pull("x", "1", Platform(architecture="riscv64"))


async def test_asked_platform_must_be_that_of_a_lone_manifest(engine: ImageEngine, registry: FakeRegistry) -> None:
    registry.push(REPOSITORY, "1", oci_image(FOREIGN))
    await engine.pull("x", "1")
    with pytest.raises(NotFound, match="does not match the specified platform"):
        await engine.pull("x", "1", Platform(architecture="amd64"))


async def test_unknown_manifest_is_told_before_any_line(engine: ImageEngine, registry: FakeRegistry) -> None:
    with pytest.raises(NotFound, match="manifest unknown"):
        await engine.pull("x", "1")


@pytest.mark.parametrize(("repository", "reference"), [("UPPER", "1"), ("x", "bad tag"), ("x", "sha256:short")])
async def test_bad_name(engine: ImageEngine, repository: str, reference: str) -> None:
    with pytest.raises(InvalidArgument):
        await engine.pull(repository, reference)


async def test_broken_download_leaves_nothing(
    engine: ImageEngine, registry: FakeRegistry, containerd: FakeContainerd
) -> None:
    image = oci_image(ONE)
    registry.push(REPOSITORY, "1", image)
    layer = next(digest for digest, blob in image.blobs.items() if blob[:2] == b"\x1f\x8b")
    registry.failures[layer] = PierError("the network went away")
    with pytest.raises(PierError, match="the network went away"):
        await engine.pull("x", "1")
    assert not containerd.state.images
    assert not containerd.state.leases
    containerd.state.collect()
    assert not containerd.state.blobs
    assert not containerd.state.snapshots


@pytest.mark.parametrize("extra", [b"", b"more"])
async def test_false_bytes_are_refused(
    engine: ImageEngine, registry: FakeRegistry, containerd: FakeContainerd, extra: bytes
) -> None:
    image = oci_image(ONE)
    registry.push(REPOSITORY, "1", image)
    layer = next(digest for digest, blob in image.blobs.items() if blob[:2] == b"\x1f\x8b")
    registry.blobs[layer] = bytes(len(image.blobs[layer])) + extra
    with pytest.raises(InvalidArgument):
        await engine.pull("x", "1")
    assert not containerd.state.images


async def test_pulls_at_once_share_downloads_and_layers(
    engine: ImageEngine, registry: FakeRegistry, containerd: FakeContainerd
) -> None:
    registry.push(REPOSITORY, "1", oci_image(ONE))
    registry.push(REPOSITORY, "2", oci_image(TWO))
    await asyncio.gather(*(engine.pull("x", tag) for tag in ("1", "2", "1", "2")))
    layers = {layer.digest for image in await engine.images.list() for layer in image.layers}
    assert all(registry.fetched.count(layer) == 1 for layer in layers)
    assert containerd.state.calls.count("diffs.apply") == 3


async def test_second_caller_goes_on_when_the_first_hangs_up(
    engine: ImageEngine, registry: FakeRegistry, containerd: FakeContainerd
) -> None:
    registry.push(REPOSITORY, "1", oci_image(ONE))
    gate = containerd.state.gates["diffs.apply"] = asyncio.Event()

    async def impatient() -> None:
        async with asyncio.timeout(0.2):
            await engine.pull("x", "1")

    async def patient() -> None:
        await asyncio.sleep(0)
        await engine.pull("x", "1")

    async with asyncio.TaskGroup() as group:
        second = group.create_task(patient())
        with pytest.raises(TimeoutError):
            await impatient()
        gate.set()
    assert second.done()
    assert (await engine.images.get("x:1")).id == ONE.id
