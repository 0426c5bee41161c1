"""version and info: true counts, and answers also while containerd is away."""

from dataclasses import replace

import pytest
from fakes.world import World

from pier.domain.errors import Unavailable


async def test_version_names_containerd_or_nothing(world: World) -> None:
    assert (await world.engine.system.version()).containerd_version == "0.0.0-fake"
    world.containerd.stop()
    version = await world.engine.system.version()
    assert (version.containerd_version, version.facts) == ("", world.host.host_facts)


async def test_containers_are_counted_by_what_they_do(world: World) -> None:
    for name in ("one", "two", "six"):
        await world.run(name)
    await world.create("new")
    await world.engine.containers.pause("two")
    await world.engine.containers.stop("six")
    info = await world.engine.system.info()
    assert (info.containers, info.running, info.paused, info.stopped) == (4, 1, 1, 2)
    assert (info.images, info.driver, info.name, info.id) == (1, "overlayfs", "fakehost", "fake-engine")
    assert (info.default_runtime, info.runtimes["runc"], info.cgroup_driver) == ("runc", "runc", "cgroupfs")


async def test_info_without_containerd_warns_of_it(world: World) -> None:
    world.containerd.stop()
    info = await world.engine.system.info()
    assert (info.images, info.containerd_version) == (0, "")
    assert any("does not answer" in warning for warning in info.warnings)
    with pytest.raises(Unavailable, match="is containerd running"):
        await world.engine.system.require_containerd()


async def test_what_the_host_lacks_is_warned_of(world: World) -> None:
    assert (await world.engine.system.info()).warnings == ()
    world.host.host_facts = replace(
        world.host.host_facts, swap_limit=False, capabilities=frozenset({"CAP_CHOWN"}), cgroup_version=2
    )
    await world.restart()
    info = await world.engine.system.info()
    assert [word in text for word, text in zip(("swap", "CAP_SYS_RESOURCE"), info.warnings, strict=True)] == [True] * 2
    assert "name=cgroupns" in info.security_options
