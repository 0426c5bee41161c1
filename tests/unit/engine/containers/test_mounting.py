"""What a start mounts and gives back, with a real plugin and the local driver."""

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes.world import World
from support.images import Node, TestImage
from support.volume_plugin import VolumePlugin, serve_plugin

from pier.domain.container import HostConfig
from pier.domain.errors import Conflict, NotFound, PierError
from pier.domain.mount import MountRequest
from pier.engine.containers.mounting import image_key, mounted, owner_of_key
from pier.volumes import mounting as mounting_of_volumes


@pytest.fixture
def plugin(world: World) -> Iterator[VolumePlugin]:
    path = world.data_root / "plugins" / "disk.sock"
    with serve_plugin(path, VolumePlugin(world.data_root / "far")) as made:
        yield made


def bound(world: World, ref: str) -> dict[str, str]:
    """Sources by destination, as the runtime was told."""
    spec = world.containerd.state.containers[world.container(ref).id].spec
    mounts = spec["mounts"]
    assert isinstance(mounts, list)
    return {item["destination"]: item["source"] for item in mounts}


async def test_a_plugins_volume_is_mounted_while_its_container_runs(world: World, plugin: VolumePlugin) -> None:
    container_id = await world.create("web", host=HostConfig(binds=("data:/d:nocopy",), volume_driver="disk"))
    assert world.container("web").mount_points[0].driver == "disk"
    assert not plugin.mounts.get("data")
    await world.engine.containers.start("web")
    assert plugin.mounts["data"] == {container_id}
    assert bound(world, "web")["/d"] == str(plugin.root / "data")
    assert world.container("web").mount_points[0].source == str(plugin.root / "data")
    await world.engine.containers.stop("web")
    assert plugin.mounts["data"] == set()


async def test_a_mount_that_fails_is_a_start_that_failed(world: World, plugin: VolumePlugin) -> None:
    await world.create("web", host=HostConfig(binds=("data:/d:nocopy", "other:/o:nocopy"), volume_driver="disk"))
    plugin.fail["VolumeDriver.Mount"] = "no such disk"
    with pytest.raises(PierError, match=r"VolumeDriver\.Mount: no such disk"):
        await world.engine.containers.start("web")
    assert world.container("web").state.error
    del plugin.fail["VolumeDriver.Mount"]
    await world.engine.containers.start("web")


async def test_a_plugin_keeps_its_users_over_a_restart(world: World, plugin: VolumePlugin) -> None:
    container_id = await world.run("web", host=HostConfig(binds=("data:/d:nocopy",), volume_driver="disk"))
    await world.restart()
    assert plugin.mounts["data"] == {container_id}
    world.end(container_id)
    await world.ended("web")
    assert plugin.mounts["data"] == set()


async def test_a_subpath_is_bound_from_where_it_was_looked_up(world: World) -> None:
    volume = await world.engine.volumes.create("data")
    (Path(volume.mountpoint) / "a").mkdir()
    request = MountRequest(type="volume", source="data", target="/d", subpath="a", no_copy=True)
    await world.run("web", host=HostConfig(mounts=(request,)))
    assert world.host.bound == [(volume.mountpoint, "a")]
    assert bound(world, "web")["/d"] == f"{volume.mountpoint}/a/."
    assert world.container("web").mount_points[0].source == volume.mountpoint
    assert not world.host.staged
    missing = MountRequest(type="volume", source="data", target="/d", subpath="nope")
    await world.create("other", host=HostConfig(mounts=(missing,)))
    with pytest.raises(NotFound, match="cannot access path"):
        await world.engine.containers.start("other")
    assert not world.host.staged


async def test_an_image_is_a_layer_of_its_own_until_the_container_goes(world: World) -> None:
    request = MountRequest(type="image", source="busybox", target="/i", subpath="bin")
    container_id = await world.run("web", host=HostConfig(mounts=(request,)))
    key = image_key(container_id, 0)
    assert owner_of_key(key) == container_id
    assert key in world.containerd.state.snapshots
    (point,) = world.container("web").mount_points
    assert (point.type, point.name, point.writable) == ("image", "busybox", False)
    assert world.host.bound == [("image", "bin")]
    await world.restart()
    assert key in world.containerd.state.snapshots
    await world.engine.containers.remove("web", force=True)
    assert key not in world.containerd.state.snapshots


async def test_an_image_that_a_container_mounts_is_in_use(world: World) -> None:
    await world.load("mounted:latest", TestImage([{"file": Node(b"x")}]))
    image = await world.engine.images.get("mounted")
    request = MountRequest(type="image", source="mounted", target="/i")
    container_id = await world.create("web", host=HostConfig(mounts=(request,)))
    with pytest.raises(Conflict, match=f"container {container_id[:12]} is using its referenced image {image.id[7:19]}"):
        await world.engine.images.remove("mounted")
    with pytest.raises(Conflict, match="used by stopped container"):
        await world.engine.images.remove(image.id)
    await world.engine.containers.remove("web")
    await world.engine.images.remove("mounted")


async def test_nothing_is_taken_away_where_nothing_is_staged(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(world.host, "unstage", None)
    await world.run("web")
    assert world.container("web").state.is_running


async def test_what_is_left_staged_goes_with_the_next_start(world: World) -> None:
    container_id = await world.create("web")
    world.host.staged[container_id] = {"0": ("x", "y")}
    await world.restart()
    await world.until(lambda: not world.host.staged)


async def test_a_volume_whose_user_goes_while_it_is_mounted_is_unmounted(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = {"type": "tmpfs", "device": "tmpfs"}
    volume = await world.engine.volumes.create("quick", options=options)
    entered, gate, done, mounted_now = threading.Event(), threading.Event(), threading.Event(), set[str]()

    def mount(plan: object, target: str) -> None:
        entered.set()
        gate.wait(5)
        mounted_now.add(target)
        done.set()

    monkeypatch.setattr(mounting_of_volumes, "mount", mount)
    monkeypatch.setattr(mounting_of_volumes, "is_mounted", mounted_now.__contains__)
    monkeypatch.setattr(mounting_of_volumes, "unmount", mounted_now.discard)

    async def use() -> None:
        async with mounted(world.context, [volume], "copy"):
            raise AssertionError("nobody is there")

    async with asyncio.TaskGroup() as clients:
        client = clients.create_task(use())
        await asyncio.to_thread(entered.wait, 5)
        client.cancel()
        await asyncio.sleep(0.01)
        gate.set()
    assert client.cancelled()
    await asyncio.to_thread(done.wait, 5)
    assert not mounted_now
