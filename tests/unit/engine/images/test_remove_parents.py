"""Images that were made from others: what they keep, what shows them, and what goes with them."""

import pytest
from fakes.containerd import FakeContainerd
from support.image_engine import ImageEngine
from support.images import Node, TestImage, docker_archive

from pier.domain.container import Config
from pier.domain.errors import Conflict, NotFound
from pier.domain.filters import Filters
from pier.domain.reference import parse
from pier.engine.images.claims import ImageUser
from pier.engine.images.derive import Derivation

BASE = TestImage([{"a": Node(b"lower")}])
STOPPED = ImageUser(id="d" * 64, name="old", running=False)


async def commit(engine: ImageEngine, containerd: FakeContainerd, base: str, name: str) -> str:
    """The id of an image with one more file, named as the image."""
    below = await engine.images.get(base)
    key = f"writable {name}"
    await containerd.snapshots.prepare(key, below.chain_id, {"containerd.io/gc.root": "t"})
    containerd.snapshots.write_file(key, name, b"upper")
    layers = tuple(await containerd.snapshots.mounts(key))
    wanted = Derivation(base=below, below=below.chain_id, layers=layers, config=Config(), name=parse(name))
    made = await engine.images.derive(wanted)
    await containerd.snapshots.remove(key)
    return made.id


@pytest.fixture(autouse=True)
async def family(engine: ImageEngine, containerd: FakeContainerd) -> tuple[str, str]:
    """base:1, from which child:1 was made, from which grandchild:1 was made; the ids of the later two."""
    await engine.load(docker_archive({"base:1": BASE}))
    child = await commit(engine, containerd, "base:1", "child:1")
    return child, await commit(engine, containerd, "child:1", "grandchild:1")


async def shown(engine: ImageEngine, *, all: bool = False, **filters: str) -> set[str]:
    found = await engine.images.list(all=all, filters=Filters({key: (value,) for key, value in filters.items()}))
    return {image.id for image in found}


async def test_it_is_known_what_an_image_was_made_from(engine: ImageEngine, family: tuple[str, str]) -> None:
    child, _ = family
    assert [(await engine.images.get(name)).parent for name in ("base:1", "child:1", "grandchild:1")] == [
        "",
        BASE.id,
        child,
    ]


async def test_the_history_names_those_that_it_was_made_from(engine: ImageEngine, family: tuple[str, str]) -> None:
    child, grandchild = family
    rows = await engine.images.history("grandchild:1")
    assert [(row.id, row.tags) for row in rows] == [
        (grandchild, ("grandchild:1",)),
        (child, ("child:1",)),
        (BASE.id, ("base:1",)),
    ]


async def test_the_last_name_of_what_others_were_made_from_only_untags(
    engine: ImageEngine, family: tuple[str, str]
) -> None:
    child, grandchild = family
    assert await engine.images.remove("child:1") == [("Untagged", "child:1")]
    assert await shown(engine) == {BASE.id, grandchild}
    assert await shown(engine, all=True) == {BASE.id, child, grandchild}
    for all in (False, True):
        assert await shown(engine, all=all, dangling="true") == set()
        assert await shown(engine, all=all, dangling="false") == {BASE.id, grandchild}


@pytest.mark.parametrize("force", [False, True])
async def test_by_id_it_cannot_go(engine: ImageEngine, force: bool) -> None:
    with pytest.raises(Conflict, match=r"\(cannot be forced\) - image has dependent child images"):
        await engine.images.remove(BASE.id, force=force)
    assert (await engine.images.get("base:1")).id == BASE.id


async def test_what_has_no_name_goes_with_the_last_that_was_made_from_it(
    engine: ImageEngine, containerd: FakeContainerd, family: tuple[str, str]
) -> None:
    child, grandchild = family
    await engine.images.remove("base:1")
    await engine.images.remove("child:1")
    removed = await engine.images.remove("grandchild:1")
    assert [id for what, id in removed if id in (BASE.id, child, grandchild)] == [grandchild, child, BASE.id]
    assert [event[:2] for event in engine.events[-3:]] == [
        ("delete", grandchild),
        ("delete", child),
        ("delete", BASE.id),
    ]
    assert not containerd.state.images
    assert not containerd.state.snapshots


async def test_what_has_a_name_stays(engine: ImageEngine, family: tuple[str, str]) -> None:
    child, grandchild = family
    await engine.images.remove("child:1")
    removed = await engine.images.remove("grandchild:1")
    assert [id for what, id in removed if id in (BASE.id, child, grandchild)] == [grandchild, child]
    assert await shown(engine, all=True) == {BASE.id}


async def test_what_a_container_needs_stays(engine: ImageEngine, family: tuple[str, str]) -> None:
    child, _ = family
    await engine.images.remove("child:1")
    engine.users[child] = [STOPPED]
    await engine.images.remove("grandchild:1")
    assert await shown(engine) == {BASE.id, child}


async def test_no_prune_leaves_the_parents(engine: ImageEngine, family: tuple[str, str]) -> None:
    child, _ = family
    await engine.images.remove("child:1")
    await engine.images.remove("grandchild:1", prune_parents=False)
    assert await shown(engine, dangling="true") == {child}
    assert ("Deleted", child) in await engine.images.remove(child)


async def test_prune_spares_them_until_those_go(engine: ImageEngine, family: tuple[str, str]) -> None:
    await engine.images.remove("base:1")
    removed, _ = await engine.images.prune(Filters())
    assert removed == []
    removed, _ = await engine.images.prune(Filters({"dangling": ("false",)}))
    assert {name for what, name in removed if what == "Untagged"} == {"child:1", "grandchild:1"}
    assert await shown(engine, all=True) == set()


async def test_prune_of_what_others_need_only_untags(engine: ImageEngine, family: tuple[str, str]) -> None:
    child, grandchild = family
    engine.users[grandchild] = [STOPPED]
    removed, _ = await engine.images.prune(Filters({"dangling": ("false",)}))
    assert removed == [("Untagged", "child:1"), ("Untagged", "base:1")]
    assert await shown(engine, all=True) == {BASE.id, child, grandchild}


async def test_a_parent_that_somebody_else_has_taken_away_is_missing(
    engine: ImageEngine, containerd: FakeContainerd, family: tuple[str, str]
) -> None:
    _, grandchild = family
    del containerd.state.images["docker.io/library/child:1"]
    rows = await engine.images.history("grandchild:1")
    assert [row.id for row in rows] == [grandchild, "<missing>", "<missing>"]
    assert ("Deleted", grandchild) in await engine.images.remove("grandchild:1")
    with pytest.raises(NotFound):
        await engine.images.get("grandchild:1")
