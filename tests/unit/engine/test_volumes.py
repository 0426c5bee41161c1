"""Named volumes: made once, kept while anybody mounts them."""

import asyncio
from pathlib import Path

import pytest
from fakes.world import World
from support.volume_plugin import VolumePlugin, serve_plugin

from pier.domain.container import HostConfig
from pier.domain.errors import Conflict, InvalidArgument, NotFound, PierError
from pier.domain.filters import Filters
from pier.domain.volume import ANONYMOUS_LABEL, Volume
from pier.engine.volumes import Volumes


def exists(volume: Volume) -> bool:
    return Path(volume.mountpoint).is_dir()


def fill(volume: Volume) -> None:
    (Path(volume.mountpoint) / "f").write_bytes(bytes(100_000))


async def test_create_makes_a_directory_and_a_durable_record(world: World) -> None:
    volume = await world.engine.volumes.create("data", labels={"k": "v"})
    assert volume.mountpoint == str(world.data_root / "volumes/data/_data")
    assert exists(volume)
    assert (volume.labels, volume.created_at > 0) == ({"k": "v"}, True)
    assert volume in (await world.records.load()).volumes
    assert world.actions() == ["volume create"]
    assert world.records.durable


async def test_a_second_create_answers_the_first_volume(world: World) -> None:
    first = await world.engine.volumes.create("data", labels={"k": "v"})
    assert await world.engine.volumes.create("data", labels={"k": "other"}) is first
    assert world.actions() == ["volume create"]


async def test_without_a_name_it_is_anonymous(world: World) -> None:
    volume = await world.engine.volumes.create()
    assert len(volume.name) == 64
    assert volume.labels == {ANONYMOUS_LABEL: ""}


async def test_what_cannot_be_made(world: World) -> None:
    create = world.engine.volumes.create
    with pytest.raises(InvalidArgument, match="invalid characters for a local volume name"):
        await create("a/b")
    with pytest.raises(NotFound, match="plugin"):
        await create("data", driver="nfs")
    with pytest.raises(InvalidArgument, match='create data: missing required option: "device"'):
        await create("data", options={"type": "nfs"})
    assert not world.context.memory.volumes


async def test_remove_takes_the_content_too(world: World) -> None:
    volume = await world.engine.volumes.create("data")
    fill(volume)
    await world.engine.volumes.remove("data")
    assert not exists(volume)
    assert world.actions() == ["volume create", "volume destroy"]
    with pytest.raises(NotFound, match="no such volume"):
        world.engine.volumes.get("data")


async def test_a_volume_is_in_use_by_stopped_containers_too(world: World) -> None:
    container_id = await world.create("web", host=HostConfig(binds=("data:/d",)))
    for force in (False, True):
        with pytest.raises(Conflict, match=rf"volume is in use - \[{container_id}\]"):
            await world.engine.volumes.remove("data", force=force)
    await world.engine.containers.remove("web")
    await world.engine.volumes.remove("data")


async def test_removing_what_is_not_there_needs_force(world: World) -> None:
    with pytest.raises(NotFound):
        await world.engine.volumes.remove("gone")
    await world.engine.volumes.remove("gone", force=True)
    assert world.actions() == []


async def test_a_volume_outlives_pierd(world: World) -> None:
    volume = await world.engine.volumes.create("data")
    await world.restart()
    assert world.engine.volumes.get("data") == volume


async def test_list_by_filter(world: World) -> None:
    await world.engine.volumes.create("zoo")
    await world.engine.volumes.create("alpha", labels={"k": "v"})
    await world.create("web", host=HostConfig(binds=("zoo:/d",)))

    async def names(**filters: str) -> list[str]:
        found, _ = await world.engine.volumes.list(Filters({key: (v,) for key, v in filters.items()}))
        return [item.name for item in found]

    assert await names() == ["alpha", "zoo"]
    assert await names(name="oo") == ["zoo"]
    assert await names(name="^z.*o$") == ["zoo"]
    assert await names(label="k=v") == ["alpha"]
    assert await names(dangling="true") == ["alpha"]
    assert await names(dangling="false") == ["zoo"]
    assert await names(driver="local") == ["alpha", "zoo"]
    assert await names(driver="nfs") == []
    with pytest.raises(InvalidArgument):
        await names(nope="x")


async def test_a_bad_filter_is_refused_where_there_is_no_volume_too(world: World) -> None:
    with pytest.raises(InvalidArgument, match="invalid filter 'dangling="):
        await world.engine.volumes.list(Filters({"dangling": ("perhaps",)}))


async def test_prune_takes_unused_anonymous_ones_and_all_on_demand(world: World) -> None:
    anonymous = await world.engine.volumes.create()
    fill(anonymous)
    await world.engine.volumes.create("named")
    await world.create("web", volumes=("/v",))
    names, freed = await world.engine.volumes.prune(Filters())
    assert names == [anonymous.name]
    assert freed >= 100_000
    assert world.events[-1].attributes == {"reclaimed": str(freed)}
    assert (await world.engine.volumes.prune(Filters({"all": ("true",)})))[0] == ["named"]
    await world.engine.volumes.create("named")
    assert (await world.engine.volumes.prune(Filters(), every=True))[0] == ["named"]
    assert len(world.context.memory.volumes) == 1  # the one in use


async def test_prune_by_label(world: World) -> None:
    for name, value in (("one", "1"), ("two", "2")):
        await world.engine.volumes.create(name, labels={"k": value})
    names, _ = await world.engine.volumes.prune(Filters({"all": ("1",), "label": ("k=1",)}))
    assert names == ["one"]


async def test_no_volume_goes_while_a_container_that_mounts_it_is_being_made(world: World) -> None:
    seen: list[Conflict] = []

    async def copy_up(rootfs: object, path: str, destination: str) -> None:
        """What takes long in a create, with somebody else tidying up meanwhile."""
        await world.engine.volumes.prune(Filters({"all": ("true",)}))
        with pytest.raises(Conflict) as refused:
            await world.engine.volumes.remove("data")
        seen.append(refused.value)

    world.host.copy_up = copy_up  # type: ignore[method-assign]
    await world.create("web", host=HostConfig(binds=("data:/d",)), volumes=("/v",))
    assert len(seen) == 2
    assert all(exists(world.engine.volumes.get(point.name)) for point in world.container("web").mount_points)


async def test_of_two_creates_at_once_both_get_one_volume(world: World) -> None:
    one, two = await asyncio.gather(
        world.engine.volumes.create("data", labels={"k": "1"}), world.engine.volumes.create("data", labels={"k": "2"})
    )
    assert one is two
    assert world.actions() == ["volume create"]


async def test_of_two_removals_at_once_one_finds_nothing(world: World) -> None:
    await world.engine.volumes.create("data")
    remove = world.engine.volumes.remove
    results = await asyncio.gather(remove("data"), remove("data"), return_exceptions=True)
    assert [type(result) for result in results] == [type(None), NotFound]
    assert world.actions() == ["volume create", "volume destroy"]


async def test_a_removal_that_waited_does_not_take_what_was_made_since(world: World) -> None:
    await world.engine.volumes.create("data")
    volumes = world.engine.volumes
    results = await asyncio.gather(
        volumes.remove("data"), volumes.create("data"), volumes.remove("data"), return_exceptions=True
    )
    assert isinstance(results[2], NotFound)
    assert results[1] is volumes.get("data")
    assert exists(volumes.get("data"))


async def test_prune_leaves_what_a_container_has_come_to_use(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await world.engine.volumes.create("data")

    async def size(volume: Volume) -> int:
        """What takes long in a prune, with somebody else making use of the volume meanwhile."""
        await world.create("web", host=HostConfig(binds=("data:/d",)))
        return 5

    monkeypatch.setattr(world.context.ports.volumes, "size", size)
    assert await world.engine.volumes.prune(Filters({"all": ("true",)})) == ([], 0)
    assert exists(world.engine.volumes.get("data"))


async def test_prune_goes_on_past_a_volume_that_cannot_be_removed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.engine.volumes.create("bad")
    await world.engine.volumes.create("good")
    remove = world.context.ports.volumes.remove

    async def picky(volume: Volume) -> None:
        if volume.name == "bad":
            raise PierError("device or resource busy")
        await remove(volume)

    monkeypatch.setattr(world.context.ports.volumes, "remove", picky)
    names, _ = await world.engine.volumes.prune(Filters({"all": ("true",)}))
    assert names == ["good"]


async def test_a_removal_that_was_cut_short_is_ended_by_the_next_pierd(world: World) -> None:
    volume = await killed_while_removing(world)
    await world.boot()
    await world.until(lambda: not world.records.intents, "the removal has ended")
    assert not exists(volume)
    assert not world.context.memory.volumes


async def test_a_new_volume_has_nothing_of_one_whose_removal_was_cut_short(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    volume = await killed_while_removing(world)
    fill(volume)

    async def later(self: Volumes) -> None:
        """The job that would end it has not got that far."""

    monkeypatch.setattr(Volumes, "tidy", later)
    await world.boot()
    made = await world.engine.volumes.create("data")
    assert exists(made)
    assert not (Path(made.mountpoint) / "f").exists()
    assert not world.records.intents


async def test_content_that_cannot_be_removed_is_tried_again_by_who_wants_the_name(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.engine.volumes.create("data")
    with monkeypatch.context() as patch:

        async def fail(volume: Volume) -> None:
            raise PierError("cannot remove the directory of volume data: busy")

        patch.setattr(world.context.ports.volumes, "remove", fail)
        with pytest.raises(PierError, match="busy"):
            await world.engine.volumes.remove("data")
        with pytest.raises(PierError, match="busy"):
            await world.engine.volumes.create("data")
    assert exists(await world.engine.volumes.create("data"))


async def killed_while_removing(world: World) -> Volume:
    """A volume whose record is gone, and nothing else yet."""
    volume = await world.engine.volumes.create("data")
    await world.killed_in(world.context.ports.volumes, "remove", world.engine.volumes.remove("data"))
    assert exists(volume)
    return volume


async def test_a_creation_that_was_cut_short_leaves_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    create, made = world.context.ports.volumes.create, asyncio.Queue[Volume]()

    async def hang(volume: Volume) -> Volume:
        await made.put(await create(volume))
        await asyncio.Event().wait()
        raise AssertionError

    with monkeypatch.context() as patch:
        patch.setattr(world.context.ports.volumes, "create", hang)
        async with asyncio.TaskGroup() as clients:
            client = clients.create_task(world.engine.volumes.create("data"))
            volume = await made.get()
            await world.shut_down()
            client.cancel()
    assert exists(volume)
    await world.boot()
    await world.until(lambda: not world.records.intents, "it is undone")
    assert not Path(volume.mountpoint).parent.exists()


async def test_what_cannot_be_made_leaves_no_intent(world: World) -> None:
    with pytest.raises(InvalidArgument):
        await world.engine.volumes.create("data", options={"type": "nfs"})
    assert not world.records.intents
    await world.engine.volumes.create("data")
    assert not world.records.intents


async def test_what_a_plugin_has_lost_makes_room_for_another(world: World) -> None:
    with serve_plugin(world.data_root / "plugins" / "disk.sock", VolumePlugin(world.data_root / "far")) as plugin:
        volumes = world.engine.volumes
        await volumes.create("data", driver="disk")
        again = await volumes.create("data", driver="disk", options={"size": "2"})
        assert again.options == {}, "it is there already"
        with pytest.raises(Conflict, match="must be unique"):
            await volumes.create("data", driver="local")
        plugin.volumes.clear()
        assert (await volumes.create("data", driver="disk", options={"size": "2"})).options == {"size": "2"}
        plugin.volumes.clear()
        assert (await volumes.create("data", driver="local")).driver == "local"


async def test_what_a_plugin_has_lost_stays_known_while_a_container_mounts_it(world: World) -> None:
    with serve_plugin(world.data_root / "plugins" / "disk.sock", VolumePlugin(world.data_root / "far")) as plugin:
        known = await world.engine.volumes.create("data", driver="disk")
        await world.create("web", host=HostConfig(binds=("data:/d",)))
        plugin.volumes.clear()
        assert await world.engine.volumes.create("data", driver="disk", options={"size": "2"}) == known
