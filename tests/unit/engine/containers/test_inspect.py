"""inspect: everything that is known, also while containerd is away."""

import asyncio

import pytest
from fakes.world import World

from pier.domain.container import HostConfig
from pier.domain.errors import NotFound
from pier.domain.mount import FilesystemMount
from pier.engine.containers.inspect import Inspection, describe_graph
from pier.engine.networks import CreateNetwork


async def test_a_created_container_has_no_sandbox_and_no_files(world: World) -> None:
    await world.create("web")
    details = await world.engine.containers.inspect("web")
    assert details.container is world.container("web")
    assert (details.files, details.sandbox_id, details.sandbox_key, details.exec_ids) == ({}, "", "", ())
    assert (details.size_rw, details.size_root_fs) == (None, None)


async def test_a_running_one_has_both_and_a_stopped_one_keeps_the_files(world: World) -> None:
    container_id = await world.run("web")
    details = await world.engine.containers.inspect("web")
    assert (details.sandbox_id, details.sandbox_key) == (container_id, world.networks.netns_path(container_id))
    directory = world.data_root / "containers" / container_id
    assert details.files == {name: str(directory / name) for name in ("hostname", "hosts", "resolv.conf")}
    await world.engine.containers.stop("web")
    stopped = await world.engine.containers.inspect("web")
    assert (stopped.sandbox_key, stopped.files) == ("", details.files)


@pytest.mark.parametrize(("mode", "own"), [("host", False), ("container:other", False), ("hosting", True)])
async def test_whose_network_namespace_it_is(world: World, mode: str, own: bool) -> None:
    await world.run("other")
    await world.engine.networks.create(CreateNetwork(name="hosting"))
    await world.run("web", host=HostConfig(network_mode=mode))
    assert bool((await world.engine.containers.inspect("web")).sandbox_key) is own


async def test_sizes_on_demand(world: World) -> None:
    container_id = await world.create("web")
    world.containerd.snapshots.write_file(container_id, "f", b"12345")
    details = await world.engine.containers.inspect("web", size=True)
    image = await world.engine.images.get("busybox")
    assert (details.size_rw, details.size_root_fs) == (5, image.size + 5)


async def test_containerd_is_asked_once_for_the_layers(world: World) -> None:
    await world.create("web")
    await world.engine.containers.inspect("web")
    await world.engine.containers.inspect("web")
    assert world.calls("snapshots.mounts") == ["snapshots.mounts"]


async def test_without_containerd_the_rest_is_still_shown(world: World) -> None:
    await world.create("web")
    world.containerd.stop()
    details = await world.engine.containers.inspect("web")
    assert (details.container.name, details.graph) == ("web", {})
    with pytest.raises(NotFound):
        await world.engine.containers.inspect("gone")


def test_the_directories_of_an_overlay() -> None:
    options = ("index=off", "workdir=/s/2/work", "upperdir=/s/2/fs", "lowerdir=/s/1/fs:/s/0/fs")
    mounts = [FilesystemMount(type="overlay", source="overlay", options=options)]
    assert describe_graph(mounts) == {
        "LowerDir": "/s/1/fs:/s/0/fs",
        "MergedDir": "/s/2/merged",
        "UpperDir": "/s/2/fs",
        "WorkDir": "/s/2/work",
    }
    assert describe_graph([FilesystemMount(type="bind", source="/s/2/fs")]) == {}


async def test_nothing_is_remembered_of_one_that_is_removed_meanwhile(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.create("web")
    mounts, gate = world.containerd.snapshots.mounts, asyncio.Event()

    async def late(key: str) -> list[FilesystemMount]:
        found = await mounts(key)
        await gate.wait()
        return found

    monkeypatch.setattr(world.containerd.snapshots, "mounts", late)
    inspection: Inspection = world.engine.containers.inspect.__self__  # type: ignore[attr-defined]  # a bound method
    async with asyncio.TaskGroup() as clients:
        inspect = clients.create_task(world.engine.containers.inspect("web"))
        await world.until(lambda: world.calls("snapshots.mounts"))
        await world.engine.containers.remove("web")
        gate.set()
    assert inspect.result().container.name == "web"
    assert not inspection._graphs
