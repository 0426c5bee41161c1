"""Pushing images."""

import asyncio
import gzip

import pytest
from fakes.containerd import FakeContainerd
from fakes.registry import FakeRegistry
from support.image_engine import ImageEngine
from support.images import Node, TestImage, docker_archive, host_architecture, oci_archive, oci_image, oci_index

from pier.domain.errors import NotFound, PierError
from pier.domain.image import Platform
from pier.oci.image import parse_manifest

REPOSITORY = "h:5/a"
ONE = TestImage([{"a": Node(b"lower")}, {"b": Node(b"upper")}])
TWO = TestImage([{"a": Node(b"lower")}, {"c": Node(b"2")}])
FOREIGN = TestImage([{"f": Node(b"foreign")}], architecture="s390x")


async def test_lines_of_a_first_push(engine: ImageEngine, registry: FakeRegistry) -> None:
    await engine.load(oci_archive({"h:5/a:1": ONE}))
    lines = await engine.push("h:5/a:1")
    image = await engine.images.get("h:5/a:1")
    lower, upper = [diff_id[7:19] for diff_id in image.diff_ids]
    assert lines[0].status == "The push refers to repository [h:5/a]"
    assert [(line.id, line.status) for line in lines[1:3]] == [(upper, "Preparing"), (lower, "Preparing")]
    assert [line.status for line in lines if line.id == upper] == ["Preparing", "Pushing", "Pushed"]
    digest, size = image.manifest.digest, image.manifest.size
    assert lines[-2].status == f"1: digest: {digest} size: {size}"
    assert lines[-1].aux == {"Tag": "1", "Digest": digest, "Size": size}
    assert image.repo_digests == (f"h:5/a@{digest}",)
    assert engine.events[-1] == ("push", "h:5/a:1", "h:5/a")


async def test_pushed_image_is_pulled_with_the_same_id(engine: ImageEngine, registry: FakeRegistry) -> None:
    await engine.load(docker_archive({"h:5/a:1": ONE}))
    await engine.push("h:5/a:1")
    await engine.images.remove(ONE.id, force=True)
    await engine.pull(REPOSITORY, "1")
    assert (await engine.images.get("h:5/a:1")).id == ONE.id


async def test_second_push_sends_nothing(engine: ImageEngine, registry: FakeRegistry) -> None:
    await engine.load(oci_archive({"h:5/a:1": ONE}))
    await engine.push("h:5/a:1")
    registry.sent.clear()
    lines = await engine.push("h:5/a:1")
    assert registry.sent == []
    assert [line.status for line in lines].count("Layer already exists") == 2


async def test_layers_are_mounted_from_where_they_are_known_to_be(engine: ImageEngine, registry: FakeRegistry) -> None:
    await engine.load(oci_archive({"h:5/a:1": ONE}))
    await engine.push("h:5/a:1")
    await engine.images.tag("h:5/a:1", "h:5/b", "1")
    registry.sent.clear()
    lines = await engine.push("h:5/b:1")
    assert [line.status for line in lines].count("Mounted from a") == 2
    assert registry.sent == []


async def test_pulled_layers_are_mounted_too(engine: ImageEngine, registry: FakeRegistry) -> None:
    registry.push(REPOSITORY, "1", oci_image(ONE))
    registry.holdings[REPOSITORY] = set(registry.blobs)
    await engine.pull(REPOSITORY, "1")
    await engine.images.tag("h:5/a:1", "h:5/b", "1")
    assert [line.status for line in await engine.push("h:5/b:1")].count("Mounted from a") == 2


async def test_plain_layers_are_compressed_on_their_way_and_stay_as_they_are(
    engine: ImageEngine, registry: FakeRegistry, containerd: FakeContainerd
) -> None:
    await engine.load(docker_archive({"h:5/a:1": ONE, "x:1": ONE}))
    before = await engine.images.get("x:1")
    blobs = set(containerd.state.blobs)
    lines = await engine.push("h:5/a:1")
    assert lines[-1].aux is not None
    digest = str(lines[-1].aux["Digest"])
    sent = parse_manifest(registry.manifests[REPOSITORY]["1"][1])
    assert [gzip.decompress(registry.blobs[layer.digest]) for layer in sent.layers] == ONE.layer_tars
    assert all(layer.media_type.endswith("+gzip") for layer in sent.layers)
    assert [layer.size for layer in sent.layers] == [len(registry.blobs[layer.digest]) for layer in sent.layers]
    image = await engine.images.get("x:1")
    assert (image.id, image.manifest, image.layers) == (before.id, before.manifest, before.layers)
    assert image.repo_digests == (f"h:5/a@{digest}",)
    assert (await engine.images.get(f"h:5/a@{digest}")).layers == before.layers
    containerd.state.collect()
    assert set(containerd.state.blobs) == blobs | {digest}


async def test_second_push_of_plain_layers_compresses_nothing(
    engine: ImageEngine, registry: FakeRegistry, containerd: FakeContainerd
) -> None:
    await engine.load(docker_archive({"h:5/a:1": ONE, "h:5/b:1": ONE}))
    first = await engine.push("h:5/a:1")
    registry.sent.clear()
    again = await engine.push("h:5/a:1")
    other = await engine.push("h:5/b:1")
    assert registry.sent == []
    assert [line.status for line in again].count("Layer already exists") == 2
    assert [line.status for line in other].count("Mounted from a") == 2
    digests = [lines[-1].aux and lines[-1].aux["Digest"] for lines in (first, again, other)]
    assert len(set(digests)) == 1


async def test_layer_that_comes_out_otherwise_now_gets_another_manifest(
    engine: ImageEngine, registry: FakeRegistry, containerd: FakeContainerd
) -> None:
    """As after a change of the library that compresses: what is sent counts, not what was sent before."""
    await engine.load(docker_archive({"h:5/a:1": ONE, "i:5/b:1": ONE}))
    image = await engine.images.get("h:5/a:1")
    stale = "sha256:" + "1" * 64
    await containerd.content.set_labels(
        image.layers[0].digest, {"pier/gzip": f"{stale} 7", "pier/gzip.source.i:5": "c"}
    )
    await engine.push("i:5/b:1")
    sent = parse_manifest(registry.manifests["i:5/b"]["1"][1])
    assert gzip.decompress(registry.blobs[sent.layers[0].digest]) == ONE.layer_tars[0]
    labels = await containerd.content.labels(image.layers[0].digest)
    assert labels["pier/gzip"] == f"{sent.layers[0].digest} {sent.layers[0].size}"
    assert labels["pier/gzip.source.i:5"] == "b"


async def test_pull_of_what_was_pushed_from_plain_layers_fetches_nothing(
    engine: ImageEngine, registry: FakeRegistry, containerd: FakeContainerd
) -> None:
    await engine.load(docker_archive({"h:5/a:1": ONE}))
    before = await engine.images.get("h:5/a:1")
    lines = await engine.push("h:5/a:1")
    pulled = await engine.pull(REPOSITORY, "1")
    assert registry.fetched == []
    assert not [line for line in pulled if line.id not in ("", "1")]  # nothing of its layers
    containerd.state.collect()
    image = await engine.images.get("h:5/a:1")
    assert (image.id, image.layers) == (before.id, before.layers)
    assert await engine.save("h:5/a:1")
    registry.holdings.clear()
    again = await engine.push("h:5/a:1")  # to a registry that has lost all
    assert again[-1].aux == lines[-1].aux


async def test_pushed_image_whose_plain_layers_are_gone_is_fetched(
    engine: ImageEngine, registry: FakeRegistry, containerd: FakeContainerd
) -> None:
    await engine.load(docker_archive({"h:5/a:1": ONE}))
    await engine.push("h:5/a:1")
    for layer in (await engine.images.get("h:5/a:1")).layers:
        del containerd.state.blobs[layer.digest]
    await engine.pull(REPOSITORY, "1")
    assert len(registry.fetched) == 2
    assert await engine.save("h:5/a:1")


async def test_plain_layers_of_a_manifest_that_came_from_a_registry_stay(
    engine: ImageEngine, registry: FakeRegistry
) -> None:
    digest = registry.push(REPOSITORY, "1", oci_image(ONE, compress=False))
    await engine.pull(REPOSITORY, "1")
    await engine.images.tag("h:5/a:1", "h:5/b", "1")
    lines = await engine.push("h:5/b:1")
    assert lines[-1].aux is not None
    assert lines[-1].aux["Digest"] == digest


async def test_all_tags(engine: ImageEngine, registry: FakeRegistry) -> None:
    await engine.load(oci_archive({"h:5/a:1": ONE, "h:5/a:2": TWO}))
    await engine.push("h:5/a")
    assert {tag for tag in registry.manifests[REPOSITORY] if ":" not in tag} == {"1", "2"}


async def test_index_with_all_its_platforms(engine: ImageEngine, registry: FakeRegistry) -> None:
    images = {"s390x": oci_image(FOREIGN), host_architecture(): oci_image(ONE)}
    digest = registry.push_index(REPOSITORY, "1", oci_index(images), images)
    await engine.pull(REPOSITORY, "1", Platform(architecture="s390x"))
    await engine.pull(REPOSITORY, "1")
    await engine.images.tag("h:5/a:1", "h:5/b", "1")
    lines = await engine.push("h:5/b:1")
    assert lines[-1].aux is not None
    assert lines[-1].aux["Digest"] == digest
    assert {images[name].descriptor["digest"] for name in images} < set(registry.manifests["h:5/b"])


async def test_index_that_is_here_in_part_gives_one_manifest(engine: ImageEngine, registry: FakeRegistry) -> None:
    images = {"s390x": oci_image(FOREIGN), host_architecture(): oci_image(ONE)}
    registry.push_index(REPOSITORY, "1", oci_index(images), images)
    await engine.pull(REPOSITORY, "1")
    await engine.images.tag("h:5/a:1", "h:5/b", "1")
    lines = await engine.push("h:5/b:1")
    assert lines[1].status.startswith("Not all platforms of h:5/b:1 are here")
    assert lines[-1].aux is not None
    assert lines[-1].aux["Digest"] == images[host_architecture()].descriptor["digest"]


async def test_one_platform_of_an_index(engine: ImageEngine, registry: FakeRegistry) -> None:
    images = {"s390x": oci_image(FOREIGN), host_architecture(): oci_image(ONE)}
    registry.push_index(REPOSITORY, "1", oci_index(images), images)
    await engine.pull(REPOSITORY, "1", Platform(architecture="s390x"))
    await engine.pull(REPOSITORY, "1")
    lines = await engine.push("h:5/a:1", Platform(architecture="s390x"))
    assert lines[-1].aux is not None
    assert lines[-1].aux["Digest"] == images["s390x"].descriptor["digest"]
    with pytest.raises(NotFound, match=r"does not provide the specified platform \(linux/riscv64\)"):
        await engine.push("h:5/a:1", Platform(architecture="riscv64"))


async def test_what_is_not_here(engine: ImageEngine) -> None:
    with pytest.raises(NotFound, match="An image does not exist locally with the tag: h:5/a"):
        await engine.push("h:5/a:1")
    await engine.load(oci_archive({"h:5/a:1": ONE}))
    with pytest.raises(NotFound, match="tag does not exist: h:5/a:2"):
        await engine.push("h:5/a:2")


async def test_layer_that_is_gone_from_the_content_store(engine: ImageEngine, containerd: FakeContainerd) -> None:
    await engine.load(oci_archive({"h:5/a:1": ONE}))
    del containerd.state.blobs[(await engine.images.get("h:5/a:1")).layers[0].digest]
    with pytest.raises(NotFound, match="only its files are"):
        await engine.push("h:5/a:1")


async def test_push_that_fails_changes_nothing(
    engine: ImageEngine, registry: FakeRegistry, containerd: FakeContainerd
) -> None:
    await engine.load(docker_archive({"h:5/a:1": ONE}))
    before = set(containerd.state.blobs)

    class Failing(dict[str, PierError]):
        def pop(self, key: str, default: object = None) -> PierError:
            return PierError("the registry is full")

    registry.failures = Failing()
    with pytest.raises(PierError, match="the registry is full"):
        await engine.push("h:5/a:1")
    assert not containerd.state.leases
    containerd.state.collect()
    assert set(containerd.state.blobs) == before
    assert (await engine.images.get("h:5/a:1")).repo_digests == ()


async def test_layers_beyond_the_uploads_at_once_wait(
    containerd: FakeContainerd, registry: FakeRegistry, engine: ImageEngine
) -> None:
    many = TestImage([{str(n): Node(str(n).encode())} for n in range(7)])
    await engine.load(oci_archive({"h:5/a:1": many}))
    assert [line.status for line in await engine.push("h:5/a:1")].count("Waiting") == 2


async def test_image_that_is_removed_while_it_is_pushed_arrives_and_stays_removed(
    engine: ImageEngine, registry: FakeRegistry, containerd: FakeContainerd
) -> None:
    await engine.load(oci_archive({"h:5/a:1": ONE}))
    containerd.state.gates["content.labels"] = gate = asyncio.Event()
    containerd.state.calls.clear()
    async with asyncio.TaskGroup() as clients:
        clients.create_task(engine.push("h:5/a:1"))
        for _ in range(200):
            await asyncio.sleep(0)
        assert "content.labels" in containerd.state.calls
        clients.create_task(engine.images.remove("h:5/a:1"))
        for _ in range(200):
            await asyncio.sleep(0)
        gate.set()
    assert await engine.images.list(all=True) == []
    assert not containerd.state.blobs
    await engine.pull(REPOSITORY, "1")
    assert (await engine.images.get("h:5/a:1")).id == ONE.id


async def test_image_that_goes_just_before_it_is_pushed_is_not_found(
    engine: ImageEngine, containerd: FakeContainerd
) -> None:
    await engine.load(oci_archive({"h:5/a:1": ONE}))
    containerd.state.gates["leases.hold"] = gate = asyncio.Event()

    async def push() -> None:
        with pytest.raises(NotFound, match="tag does not exist: h:5/a:1"):
            await engine.push("h:5/a:1")

    async with asyncio.TaskGroup() as clients:
        clients.create_task(push())
        for _ in range(50):
            await asyncio.sleep(0)
        await engine.images.remove("h:5/a:1")
        gate.set()
