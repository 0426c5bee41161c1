"""The client against a real server on a unix socket."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.volume_plugin import VolumePlugin as Server
from support.volume_plugin import serve_plugin

from pier.domain.errors import NotFound, PierError, Unavailable, Unsupported
from pier.domain.volume import Volume
from pier.volumes.plugin import VolumePlugin

DATA = Volume(name="data", driver="disk", options={"tier": "fast"}, labels={"a": "b"})


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with serve_plugin(tmp_path / "disk.sock", Server(tmp_path / "volumes")) as made:
        yield made


@pytest.fixture
def plugin(tmp_path: Path) -> VolumePlugin:
    return VolumePlugin("disk", f"unix://{tmp_path}/disk.sock")


async def test_the_life_of_a_volume(server: Server, plugin: VolumePlugin) -> None:
    await plugin.activate()
    made = await plugin.create(DATA)
    assert (made.scope, made.mountpoint, made.labels) == ("global", "", {"a": "b"})
    assert server.volumes == {"data": {"tier": "fast"}}
    assert await plugin.mount("data", "one") == str(server.root / "data")
    found = await plugin.get("data")
    assert found is not None
    assert (found.mountpoint, found.status) == (str(server.root / "data"), {"users": True})
    assert server.mounts == {"data": {"one"}}
    await plugin.unmount("data", "one")
    assert [one.name for one in await plugin.list()] == ["data"]
    await plugin.remove("data")
    assert await plugin.get("data") is None


async def test_refusals_carry_the_plugins_words(server: Server, plugin: VolumePlugin) -> None:
    server.fail["VolumeDriver.Create"] = "no space"
    with pytest.raises(PierError, match=r"VolumeDriver\.Create: no space"):
        await plugin.create(DATA)
    server.implements = "NetworkDriver"
    with pytest.raises(NotFound, match="implements no VolumeDriver"):
        await plugin.activate()


async def test_a_plugin_without_capabilities_is_local(server: Server, plugin: VolumePlugin) -> None:
    server.fail["VolumeDriver.Capabilities"] = "unknown"
    await plugin.activate()
    assert (await plugin.create(DATA)).scope == "local"


async def test_who_does_not_answer_is_unavailable(plugin: VolumePlugin) -> None:
    with pytest.raises(Unavailable, match=r"volume plugin disk at unix://.* does not answer Plugin.Activate"):
        await plugin.activate()
    with pytest.raises(Unsupported, match="plugin address"):
        await VolumePlugin("x", "fd://3").activate()
