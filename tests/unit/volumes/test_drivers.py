"""Each volume's calls go to its driver."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.volume_plugin import VolumePlugin as Server
from support.volume_plugin import serve_plugin

from pier.domain.errors import NotFound
from pier.domain.volume import Volume
from pier.volumes.drivers import Drivers
from pier.volumes.local import LocalVolumes


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with serve_plugin(tmp_path / "plugins" / "disk.sock", Server(tmp_path / "far")) as made:
        yield made


@pytest.fixture
def drivers(tmp_path: Path) -> Drivers:
    return Drivers(LocalVolumes(tmp_path), [tmp_path / "plugins"])


async def test_local_ones_are_directories(drivers: Drivers, tmp_path: Path) -> None:
    volume = await drivers.create(Volume(name="v"))
    assert await drivers.mount(volume, "one") == str(tmp_path / "volumes" / "v" / "_data")
    assert await drivers.is_empty(volume.mountpoint)
    assert await drivers.size(volume) >= 0
    await drivers.unmount(volume, "one")
    await drivers.remove(volume)
    await drivers.start([], {})
    assert await drivers.names() == ["local"]


async def test_those_of_a_plugin_are_its_own(drivers: Drivers, server: Server) -> None:
    assert await drivers.names() == ["disk", "local"]
    volume = await drivers.create(Volume(name="v", driver="disk"))
    assert await drivers.mount(volume, "one") == str(server.root / "v")
    assert await drivers.size(volume) == -1
    await drivers.unmount(volume, "one")
    assert server.mounts == {"v": set()}
    assert server.calls.count("Plugin.Activate") == 1
    found = await drivers.find("v")
    assert found is not None
    assert found.driver == "disk"
    assert await drivers.find("nosuch") is None
    assert [one.name for one in (await drivers.list_foreign())[0]] == ["v"]
    await drivers.remove(volume)
    assert server.volumes == {}


async def test_what_a_plugin_has_lost(drivers: Drivers, server: Server) -> None:
    volume = await drivers.create(Volume(name="v", driver="disk"))
    assert not await drivers.is_lost(volume)
    server.volumes.clear()
    assert await drivers.is_lost(volume)
    assert not await drivers.is_lost(Volume(name="v", driver="nope"))
    assert not await drivers.is_lost(Volume(name="v"))


async def test_a_driver_that_is_not_there(drivers: Drivers, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match='error looking up volume plugin nope: plugin "nope" not found'):
        await drivers.create(Volume(name="v", driver="nope"))
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "gone.spec").write_text("unix:///no/such.sock")
    volumes, warnings = await drivers.list_foreign()
    assert volumes == []
    assert len(warnings) == 1
    assert await drivers.find("v") is None


async def test_a_plugin_for_something_else_has_no_volumes(drivers: Drivers, server: Server) -> None:
    server.implements = "NetworkDriver"
    assert await drivers.list_foreign() == ([], [])
