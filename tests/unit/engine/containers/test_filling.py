"""What create does with the volumes of a container."""

from pathlib import Path

import pytest
from fakes.world import World

from pier.domain.container import HostConfig
from pier.domain.errors import Conflict
from pier.domain.mount import MountRequest


async def test_an_empty_volume_gets_what_the_image_has(world: World) -> None:
    await world.create("web", host=HostConfig(binds=("data:/d",)))
    assert [path for path, _ in world.host.copied] == ["/d"]


async def test_so_does_an_empty_directory_in_a_volume_where_that_is_what_is_mounted(world: World) -> None:
    volume = await world.engine.volumes.create("data")
    root = Path(volume.mountpoint)
    for name in ("empty", "full"):
        (root / name).mkdir()
    (root / "full" / "file").touch()
    for number, subpath in enumerate(("empty", "full", "full/file", "nope")):
        part = MountRequest(type="volume", source="data", target="/d", subpath=subpath)
        await world.create(f"c{number}", host=HostConfig(mounts=(part,)))
    assert world.host.copied == [("/d", f"{root}/empty/.")]
    assert not world.host.staged


async def test_what_lies_elsewhere_is_mounted_only_for_an_image_that_has_something(world: World) -> None:
    options = {"type": "none", "device": "/no/such", "o": "bind"}
    request = MountRequest(type="volume", source="far", target="/d", volume_driver_options=options)
    await world.create("web", host=HostConfig(mounts=(request,)))
    assert not world.host.copied
    assert world.engine.volumes.get("far").options == options
    world.host.directories.add("/d")
    with pytest.raises(Exception, match="failed to mount local volume"):
        await world.create("other", host=HostConfig(mounts=(request,)))


async def test_a_volume_has_one_driver(world: World) -> None:
    volume = await world.engine.volumes.create("data")
    assert volume.mountpoint
    with pytest.raises(Conflict, match="volume name must be unique"):
        await world.create("web", host=HostConfig(binds=("data:/d",), volume_driver="disk"))
