"""Pruning images."""

import pytest
from fakes.containerd import FakeContainerd
from support.image_engine import ImageEngine
from support.images import Node, TestImage, docker_archive

from pier.domain.errors import InvalidArgument
from pier.domain.filters import Filters
from pier.engine.images.claims import ImageUser

TAGGED = TestImage([{"a": Node(b"1" * 100)}])
DANGLING = TestImage([{"b": Node(b"2" * 200)}], {"Labels": {"keep": "me"}}, created="2024-06-01T00:00:00Z")
BLOCKS = 4096  # of each blob: a layer (three blocks), a config, a manifest
USER = ImageUser(id="c" * 64, name="web", running=False)


@pytest.fixture(autouse=True)
async def _loaded(engine: ImageEngine) -> None:
    await engine.load(docker_archive({"x:1": TAGGED}))
    await engine.load(docker_archive([DANGLING]))


async def test_only_dangling_images_go_and_the_bytes_are_told(engine: ImageEngine, containerd: FakeContainerd) -> None:
    removed, reclaimed = await engine.images.prune(Filters())
    assert ("Deleted", DANGLING.id) in removed
    assert reclaimed == 200 + 5 * BLOCKS
    assert [image.id for image in await engine.images.list()] == [TAGGED.id]
    assert len(containerd.state.snapshots) == 1
    assert engine.events[-1] == ("prune", "", "")


async def test_all_unused_go_on_demand(engine: ImageEngine) -> None:
    removed, reclaimed = await engine.images.prune(Filters({"dangling": ("false",)}))
    assert ("Untagged", "x:1") in removed
    assert reclaimed == 300 + 2 * 5 * BLOCKS
    assert await engine.images.list() == []


async def test_used_images_stay(engine: ImageEngine) -> None:
    engine.users = {TAGGED.id: [USER], DANGLING.id: [USER]}
    assert await engine.images.prune(Filters({"dangling": ("false",)})) == ([], 0)


async def test_a_used_image_keeps_the_last_of_its_names(engine: ImageEngine) -> None:
    engine.users = {TAGGED.id: [USER]}
    for repository, tag in (("x", "0"), ("y", "2"), ("a", "9")):
        await engine.images.tag("x:1", repository, tag)
    assert [line for line in (await engine.images.prune(Filters()))[0] if line[0] == "Untagged"] == []
    removed, _ = await engine.images.prune(Filters({"dangling": ("false",)}))
    assert removed == [("Untagged", "a:9"), ("Untagged", "x:0"), ("Untagged", "x:1")]
    assert (await engine.images.get(TAGGED.id)).repo_tags == ("y:2",)


@pytest.mark.parametrize("filters", [{"label!": ("keep",)}, {"label": ("other",)}, {"until": ("2024-05-01",)}])
async def test_filters_spare(engine: ImageEngine, filters: dict[str, tuple[str, ...]]) -> None:
    assert (await engine.images.prune(Filters(filters)))[0] == []


async def test_unknown_filter(engine: ImageEngine) -> None:
    with pytest.raises(InvalidArgument, match="invalid filter 'nonsense'"):
        await engine.images.prune(Filters({"nonsense": ("1",)}))
