"""Which root is opened, and who waits for whom."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from fakes.world import World

from pier.domain.archive import RootMount
from pier.domain.container import HostConfig, State, Status
from pier.domain.errors import Conflict, NotFound, Unavailable
from pier.domain.record import Put
from pier.engine.containers import launch, roots
from pier.engine.containers.roots import Roots


@pytest.fixture
def opener(world: World, tmp_path: Path) -> Roots:
    (tmp_path / "rootfs").mkdir()
    world.host.root = tmp_path / "rootfs"
    return Roots(world.context)


async def test_a_running_container_is_reached_by_its_process(world: World, opener: Roots) -> None:
    container_id = await world.run("web")
    async with opener.open(container_id):
        pass
    async with opener.open(container_id, writable=True):
        pass
    assert world.host.opened == ["running", "running"]


async def test_a_stopped_one_by_its_snapshot(world: World, opener: Roots) -> None:
    container_id = await world.create("web")
    async with opener.open(container_id):
        pass
    async with opener.open(container_id, writable=True):
        pass
    assert world.host.opened == ["readable", "writable"]


async def test_mount_points_that_are_missing_are_made_first(world: World, opener: Roots) -> None:
    container_id = await world.create("web")
    world.host.lacking = ("/data",)
    async with opener.open(container_id) as root:
        assert root.lacking == ()
    assert world.host.opened == ["readable", "writable", "readable"]


async def test_volumes_binds_and_the_engines_files_are_in_it(world: World, opener: Roots, tmp_path: Path) -> None:
    host = HostConfig(binds=("vol:/data:ro", "/srv:/srv"), tmpfs={"/tmp": ""})
    container_id = await world.create("web", host=host)
    async with opener.open(container_id):
        pass
    by_destination = {mount.destination: mount for mount in world.host.mounts}
    assert sorted(by_destination) == ["/data", "/etc/hostname", "/etc/hosts", "/etc/resolv.conf", "/srv"]
    assert by_destination["/srv"] == RootMount(destination="/srv", source="/srv")
    assert (by_destination["/data"].writable, by_destination["/data"].source) == (
        False,
        str(tmp_path / "volumes/vol/_data"),
    )
    assert by_destination["/etc/hosts"].source == str(tmp_path / f"containers/{container_id}/hosts")
    async with opener.open(container_id, mounts=False):
        pass
    assert world.host.mounts == ()


async def test_files_of_a_shared_network_are_the_others(world: World, opener: Roots, tmp_path: Path) -> None:
    other = await world.create("other")
    container_id = await world.create("web", host=HostConfig(network_mode="container:other"))
    async with opener.open(container_id):
        pass
    assert world.host.mounts[0].source == str(tmp_path / f"containers/{other}/hostname")


async def test_a_process_that_has_just_ended_is_waited_for(world: World, opener: Roots) -> None:
    container_id = await world.run("web")
    world.host.gone.add(world.container("web").state.pid)
    asyncio.get_running_loop().call_later(0.01, world.end, container_id)
    async with opener.open(container_id):
        pass
    assert world.host.opened == ["readable"]


async def test_one_that_comes_and_goes_is_given_up(
    world: World, opener: Roots, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(roots, "_EXIT_PATIENCE", 0.01)
    container_id = await world.run("web")
    world.host.gone.add(world.container("web").state.pid)
    with pytest.raises(Unavailable, match="starts and ends"):
        async with opener.open(container_id, writable=True):
            pass
    await world.engine.containers.restart("web", timeout=0)  # nobody counts as a writer


async def test_a_start_waits_for_who_writes(world: World, opener: Roots) -> None:
    container_id = await world.create("web")
    async with asyncio.TaskGroup() as group:
        async with opener.open(container_id, writable=True):
            start = group.create_task(world.engine.containers.start("web"))
            await world.turns()
            assert world.calls("tasks.create") == []
        await start
    assert world.container("web").state.status is Status.RUNNING


async def test_but_not_for_ever(world: World, opener: Roots, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch, "WRITERS_PATIENCE", 0.01)
    container_id = await world.create("web")
    async with opener.open(container_id, writable=True):
        with pytest.raises(Unavailable, match="files are being copied"):
            await world.engine.containers.start("web")
    await world.engine.containers.start("web")


async def test_readers_hold_nobody_up(world: World, opener: Roots) -> None:
    container_id = await world.create("web")
    async with opener.open(container_id):
        await world.engine.containers.start("web")


async def test_one_that_is_removed_or_unknown(world: World, opener: Roots) -> None:
    with pytest.raises(NotFound):
        async with opener.open("nobody"):
            pass
    container_id = await world.create("web")
    container = world.container("web")
    await world.context.memory.commit(Put(replace(container, state=State(status=Status.REMOVING))))
    with pytest.raises(Conflict, match="marked for removal"):
        async with opener.open(container_id):
            pass


async def test_a_layer_does_not_go_while_it_is_mounted_to_look_into_it(world: World, opener: Roots) -> None:
    container_id = await world.create("web")
    world.containerd.state.gates["snapshots.mounts"] = gate = asyncio.Event()
    calls = len(world.calls("snapshots.mounts"))

    async def read() -> None:
        async with opener.open(container_id):
            pass

    async with asyncio.TaskGroup() as clients:
        clients.create_task(read())
        await world.until(lambda: len(world.calls("snapshots.mounts")) > calls)
        clients.create_task(world.engine.containers.remove("web"))
        await world.turns()
        assert world.calls("snapshots.remove") == []
        gate.set()
    assert world.host.opened == ["readable"]
    assert not world.context.memory.containers
