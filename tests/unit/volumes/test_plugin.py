"""The client against a real server on a unix socket."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from support.certificates import make_certificates
from support.volume_plugin import VolumePlugin as Server
from support.volume_plugin import serve_plugin, serve_plugin_by_tls

from pier.domain.errors import NotFound, PierError, Unavailable, Unsupported
from pier.domain.volume import Volume
from pier.volumes.discovery import PluginAddress, PluginTls
from pier.volumes.plugin import VolumePlugin

DATA = Volume(name="data", driver="disk", options={"tier": "fast"}, labels={"a": "b"})


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with serve_plugin(tmp_path / "disk.sock", Server(tmp_path / "volumes")) as made:
        yield made


@pytest.fixture
def plugin(tmp_path: Path) -> VolumePlugin:
    return VolumePlugin("disk", PluginAddress(f"unix://{tmp_path}/disk.sock"))


@pytest.mark.parametrize("terse", [False, True])
async def test_the_life_of_a_volume(server: Server, plugin: VolumePlugin, terse: bool) -> None:
    server.terse = terse
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
        await VolumePlugin("x", PluginAddress("fd://3")).activate()


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("certificates")
    make_certificates(directory)
    return directory


def tls(files: Path) -> PluginTls:
    return PluginTls(
        authority=str(files / "ca.crt"), certificate=str(files / "client.cert"), key=str(files / "client.key")
    )


@pytest.mark.parametrize("scheme", ["https", "tcp"])
async def test_by_tls_with_certificates_of_both_sides(files: Path, tmp_path: Path, scheme: str) -> None:
    with serve_plugin_by_tls(files, Server(tmp_path / "volumes")) as (server, port):
        plugin = VolumePlugin("disk", PluginAddress(f"{scheme}://127.0.0.1:{port}", tls(files)))
        await plugin.activate()
        await plugin.create(DATA)
        assert server.volumes == {"data": {"tier": "fast"}}


async def test_who_cannot_be_verified_is_not_spoken_to(files: Path, tmp_path: Path) -> None:
    mine = tls(files)
    with serve_plugin_by_tls(files, Server(tmp_path / "volumes")) as (server, port):
        for given, host in (
            (replace(mine, authority=""), "127.0.0.1"),  # an authority that this host does not know
            (mine, "localhost"),  # a name that is not in the certificate
            (replace(mine, certificate="", key=""), "127.0.0.1"),  # the plugin wants ours
        ):
            with pytest.raises(Unavailable, match="does not answer"):
                await VolumePlugin("disk", PluginAddress(f"https://{host}:{port}", given)).activate()
        assert server.calls == []
        skipping = replace(mine, authority="", unverified=True)
        await VolumePlugin("disk", PluginAddress(f"https://localhost:{port}", skipping)).activate()
        assert server.calls[0] == "Plugin.Activate"


async def test_tls_files_that_cannot_be_used_are_named(files: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.crt"
    broken.write_text("no certificate")
    for authority in (str(broken), "/absent.crt"):
        with pytest.raises(PierError, match=authority):
            await VolumePlugin("x", PluginAddress("https://127.0.0.1:1", PluginTls(authority=authority))).activate()
    with pytest.raises(PierError, match="write https"):
        await VolumePlugin("x", PluginAddress("http://127.0.0.1:1", PluginTls())).activate()
