"""Pushing images."""

import gzip

import pytest
from fakes.containerd import FakeContainerd
from fakes.registry import FakeRegistry
from support.image_engine import ImageEngine
from support.images import Node, TestImage, docker_archive, host_architecture, oci_archive, oci_image, oci_index

from pier.domain.errors import NotFound, PierError
from pier.domain.image import Platform

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


async def test_plain_layers_are_compressed_once(
    engine: ImageEngine, registry: FakeRegistry, containerd: FakeContainerd
) -> None:
    await engine.load(docker_archive({"h:5/a:1": ONE, "x:1": ONE}))
    plain = (await engine.images.get("x:1")).layers
    lines = await engine.push("h:5/a:1")
    assert "Compressing" in [line.status for line in lines]
    image = await engine.images.get("x:1")
    assert image.id == ONE.id
    assert [gzip.decompress(registry.blobs[layer.digest]) for layer in image.layers] == ONE.layer_tars
    assert all(layer.media_type.endswith("+gzip") for layer in image.layers)
    assert not any(layer.digest in containerd.state.blobs for layer in plain)  # all names have moved
    registry.sent.clear()
    again = await engine.push("h:5/a:1")
    assert "Compressing" not in [line.status for line in again]
    assert registry.sent == []


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
