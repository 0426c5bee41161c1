from typing import Any

import pytest
from fakes.world import World

from pier.domain.container import HostConfig
from pier.domain.errors import Conflict, InvalidArgument, PierError
from pier.engine.containers.namespaces import network_owner


def shared_parts(world: World, container_id: str) -> tuple[str, str]:
    """The path of the IPC namespace, and where /dev/shm comes from."""
    spec: Any = world.containerd.state.containers[container_id].spec
    (ipc,) = [item.get("path", "") for item in spec["linux"]["namespaces"] if item["type"] == "ipc"] or ["host"]
    (shm,) = [item["source"] for item in spec["mounts"] if item["destination"] == "/dev/shm"]
    return ipc, shm


async def test_who_joins_gets_the_namespace_and_the_shared_memory(world: World) -> None:
    donor = await world.run("donor", host=HostConfig(ipc_mode="shareable", shm_size=1 << 20))
    one = await world.run("one", host=HostConfig(ipc_mode="container:donor"))
    two = await world.run("two", host=HostConfig(ipc_mode="container:one"))
    assert shared_parts(world, donor) == ("", f"/fake/shm/{donor}")
    expected = (f"/proc/{world.container('donor').state.pid}/ns/ipc", f"/fake/shm/{donor}")
    assert shared_parts(world, one) == shared_parts(world, two) == expected
    assert world.host.shm == {donor: 1 << 20}
    world.end(donor, 0)
    await world.until(lambda: not world.host.shm)


async def test_the_hosts_is_joined_through_another(world: World) -> None:
    await world.run("donor", host=HostConfig(ipc_mode="host"))
    joined = await world.run("one", host=HostConfig(ipc_mode="container:donor"))
    assert shared_parts(world, joined) == ("host", "/dev/shm")


async def test_a_private_one_cannot_be_joined(world: World) -> None:
    await world.run("donor")
    await world.create("one", host=HostConfig(ipc_mode="container:donor"))
    with pytest.raises(InvalidArgument, match="non-shareable IPC"):
        await world.engine.containers.start("one")


async def test_one_that_is_down_cannot_be_joined(world: World) -> None:
    await world.create("donor", host=HostConfig(ipc_mode="shareable"))
    await world.create("one", host=HostConfig(ipc_mode="container:donor"))
    with pytest.raises(Conflict, match="failed to join IPC namespace"):
        await world.engine.containers.start("one")


async def test_a_start_that_fails_leaves_no_shared_memory(world: World) -> None:
    await world.create("web", host=HostConfig(ipc_mode="shareable"), user="nobody-here")
    with pytest.raises(PierError, match="unable to find user"):
        await world.engine.containers.start("web")
    assert world.host.shm == {}


async def test_the_files_of_a_network_are_its_owners_over_several_steps(world: World) -> None:
    owner = await world.run("owner")
    await world.run("next", host=HostConfig(network_mode="container:owner"))
    last = await world.run("last", host=HostConfig(network_mode="container:next"))
    spec: Any = world.containerd.state.containers[last].spec
    sources = {item["destination"]: item["source"] for item in spec["mounts"]}
    assert sources["/etc/hosts"] == str(world.data_root / "containers" / owner / "hosts")
    assert network_owner(world.context, world.container("last")) == owner
    assert network_owner(world.context, world.container("owner")) == owner


async def test_nobody_joins_its_own_network(world: World) -> None:
    await world.create("lonely", host=HostConfig(network_mode="container:lonely"))
    with pytest.raises(PierError, match="cannot join own network namespace"):
        await world.engine.containers.start("lonely")


async def test_whose_network_it_is_may_be_made_later(world: World) -> None:
    sharing = HostConfig(network_mode="container:owner")
    two = await world.create("two", host=sharing)
    with pytest.raises(PierError, match="joining network namespace of container: No such container: owner") as raised:
        await world.engine.containers.start("two")
    assert type(raised.value) is PierError  # 500
    assert world.container("two").host_config.network_mode == "container:owner"
    owner = await world.run("owner", hostname="box")
    await world.engine.containers.start("two")
    assert world.container("two").host_config.network_mode == f"container:{owner}"
    assert world.container("two").config.hostname == "box"
    spec: Any = world.containerd.state.containers[two].spec
    assert {"type": "network", "path": world.networks.netns_path(owner)} in spec["linux"]["namespaces"]
