"""Finding images."""

import pytest
from fakes.containerd import FakeContainerd
from fakes.registry import FakeRegistry
from support.image_engine import ImageEngine
from support.images import Node, TestImage, docker_archive, oci_image

from pier.domain.errors import InvalidArgument, NotFound
from pier.domain.image import Descriptor, ImageRecord

ONE = TestImage([{"a": Node(b"1")}], created="2024-01-01T00:00:00Z")
TWO = TestImage([{"b": Node(b"2")}], created="2024-02-01T00:00:00Z")


async def test_found_by_every_kind_of_reference(engine: ImageEngine, registry: FakeRegistry) -> None:
    digest = registry.push("docker.io/library/x", "1", oci_image(ONE))
    await engine.pull("x", "1")
    for ref in (
        "x:1",
        "docker.io/library/x:1",
        "index.docker.io/library/x:1",
        ONE.id,
        ONE.id[7:],
        ONE.id[7:19],
        ONE.id[:12],
        f"x@{digest}",
        digest,
        f"x@{ONE.id}",
    ):
        assert (await engine.images.get(ref)).id == ONE.id, ref
        assert await engine.images.id_of(ref) == ONE.id


@pytest.mark.parametrize(
    ("ref", "shown"),
    [("nothing", "nothing:latest"), ("a/b:c", "a/b:c"), ("f" * 64, "f" * 64), ("y@sha256:" + "0" * 64, "y@")],
)
async def test_unknown_image_in_dockers_words(engine: ImageEngine, ref: str, shown: str) -> None:
    await engine.load(docker_archive({"x:1": ONE}))
    with pytest.raises(NotFound, match=f"^No such image: {shown}"):
        await engine.images.get(ref)
    assert await engine.images.id_of(ref) == ""


async def test_bad_reference_is_the_callers_mistake(engine: ImageEngine) -> None:
    with pytest.raises(InvalidArgument, match="must be lowercase"):
        await engine.images.get("UPPER")


async def test_digest_is_only_found_under_its_repository(engine: ImageEngine) -> None:
    await engine.load(docker_archive({"x:1": ONE}))
    with pytest.raises(NotFound):
        await engine.images.get(f"y@{ONE.id}")


async def test_ambiguous_prefix(engine: ImageEngine) -> None:
    images = [TestImage([{"n": Node(str(n).encode())}]) for n in range(17)]
    await engine.load(docker_archive({f"x:{n}": image for n, image in enumerate(images)}))
    first = [image.id[7] for image in images]
    shared = next(digit for digit in first if first.count(digit) > 1)
    with pytest.raises(InvalidArgument, match="multiple IDs"):
        await engine.images.get(shared)


async def test_newest_comes_first(engine: ImageEngine) -> None:
    await engine.load(docker_archive({"x:1": ONE, "y:1": TWO}))
    assert [image.id for image in await engine.images.list()] == [TWO.id, ONE.id]


async def test_names_given_and_taken_by_others_are_seen(engine: ImageEngine, containerd: FakeContainerd) -> None:
    await engine.load(docker_archive({"x:1": ONE}))
    target = containerd.state.images["docker.io/library/x:1"].target
    await containerd.images.put(ImageRecord(name="example.com/by/ctr:1", target=target))
    assert (await engine.images.get("x:1")).repo_tags == ("x:1", "example.com/by/ctr:1")
    await containerd.images.delete("docker.io/library/x:1")
    with pytest.raises(NotFound):
        await engine.images.get("x:1")


async def test_record_without_content_is_left_out(engine: ImageEngine, containerd: FakeContainerd) -> None:
    await engine.load(docker_archive({"x:1": ONE}))
    missing = Descriptor(media_type="application/vnd.oci.image.manifest.v1+json", digest="sha256:" + "0" * 64, size=1)
    await containerd.images.put(ImageRecord(name="docker.io/library/broken:1", target=missing))
    assert [image.id for image in await engine.images.list()] == [ONE.id]
