"""Content of volumes out, in, and into others."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from fakes.world import World

from pier.domain.errors import Conflict, InvalidArgument, NotFound
from pier.domain.volume import Volume
from pier.engine.volume_copies import SNAPSHOT_LABEL


async def filled(world: World) -> Volume:
    volume = await world.engine.volumes.create("data", labels={"a": "b"})
    (Path(volume.mountpoint) / "d").mkdir()
    (Path(volume.mountpoint) / "d" / "f").write_text("content")
    return volume


async def test_out_and_in_again(world: World) -> None:
    await filled(world)
    chunks = await world.engine.volume_copies.export("data")
    archive = b"".join([chunk async for chunk in chunks])

    async def stream() -> AsyncIterator[bytes]:
        yield archive

    made = await world.engine.volume_copies.import_("back", stream())
    assert (Path(made.mountpoint) / "d" / "f").read_text() == "content"
    with pytest.raises(NotFound):
        await world.engine.volume_copies.export("nosuch")
    with pytest.raises(InvalidArgument):
        await world.engine.volume_copies.import_("", stream())


async def test_a_volume_that_is_read_is_not_removed(world: World) -> None:
    await filled(world)
    chunks = await world.engine.volume_copies.export("data")
    await anext(chunks)
    with pytest.raises(Conflict, match="in use"):
        await world.engine.volumes.remove("data")
    async for _ in chunks:
        pass
    await world.engine.volumes.remove("data")


async def test_a_clone_is_a_volume_of_its_own(world: World) -> None:
    source = await filled(world)
    clone = await world.engine.volume_copies.clone("data", "copy")
    (Path(source.mountpoint) / "d" / "f").write_text("later")
    assert (Path(clone.mountpoint) / "d" / "f").read_text() == "content"
    assert clone.labels == {"a": "b"}
    with pytest.raises(Conflict, match="choose another name"):
        await world.engine.volume_copies.clone("data", "copy")
    with pytest.raises(NotFound):
        await world.engine.volume_copies.clone("nosuch", "x")


async def test_a_snapshot_says_of_what_it_is(world: World) -> None:
    await filled(world)
    snapshot = await world.engine.volume_copies.clone("data", snapshot=True)
    assert snapshot.name.startswith("data-20")
    assert snapshot.labels[SNAPSHOT_LABEL] == "data"


async def test_a_copy_that_fails_leaves_no_volume(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await filled(world)

    async def fail(source: str, destination: str) -> None:
        raise Conflict("no space")

    monkeypatch.setattr(world.host, "copy_directory", fail)
    with pytest.raises(Conflict, match="no space"):
        await world.engine.volume_copies.clone("data", "copy")
    assert list(world.context.memory.volumes) == ["data"]
