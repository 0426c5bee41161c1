"""top and stats."""

import pytest
from fakes.world import World

from pier.domain.container import ExecConfig, HostConfig
from pier.domain.errors import Conflict, PierError
from pier.domain.network import InterfaceCounters
from pier.domain.runtime import ResourceSample, TaskStatus


async def test_top_shows_the_processes_of_the_container(world: World) -> None:
    await world.run("other")
    await world.run("web")
    exec_id = await world.engine.execs.create("web", ExecConfig(cmd=("serve",), attach_stdout=True))
    await world.engine.execs.start(exec_id, detach=True)
    pids = [world.container("web").state.pid, world.engine.execs.inspect(exec_id).pid]
    titles, rows = await world.engine.containers.top("web", "")
    assert titles == ["PID", "CMD"]
    assert [row[0] for row in rows] == [str(pid) for pid in pids]
    assert world.actions()[-1] == "top"


async def test_top_of_what_does_not_run(world: World) -> None:
    await world.create("web")
    with pytest.raises(Conflict, match="is not running"):
        await world.engine.containers.top("web", "")


async def test_stats_have_the_sample_and_the_counters(world: World) -> None:
    container_id = await world.run("web")
    sample = ResourceSample(read_at=1, memory_usage=5, memory_limit=64 << 20)
    world.host.samples[world.container("web").cgroup_path] = sample
    world.networks.traffic[container_id] = [InterfaceCounters(name="eth0", rx_bytes=7)]
    stats = await world.engine.containers.stats("web")
    assert (stats.sample, stats.memory_limit) == (sample, 64 << 20)
    assert stats.counters == [InterfaceCounters(name="eth0", rx_bytes=7)]


@pytest.mark.parametrize("limit", [None, 1 << 62])
async def test_no_limit_is_the_hosts_memory(world: World, limit: int | None) -> None:
    await world.run("web")
    world.host.samples[world.container("web").cgroup_path] = ResourceSample(read_at=1, memory_limit=limit)
    assert (await world.engine.containers.stats("web")).memory_limit == 8 << 30


async def test_a_shared_network_counts_for_who_shares_it_and_the_hosts_for_nobody(world: World) -> None:
    owner = await world.run("one")
    world.networks.traffic[owner] = [InterfaceCounters(name="eth0", tx_bytes=9)]
    await world.run("two", host=HostConfig(network_mode="container:one"))
    await world.run("six", host=HostConfig(network_mode="host"))
    for name in ("two", "six"):
        world.host.samples[world.container(name).cgroup_path] = ResourceSample(read_at=1)
    assert (await world.engine.containers.stats("two")).counters == world.networks.traffic[owner]
    assert (await world.engine.containers.stats("six")).counters is None


async def test_stats_of_what_is_down_or_just_ended_are_empty(world: World) -> None:
    await world.create("web")
    assert (await world.engine.containers.stats("web")).sample is None
    await world.engine.containers.start("web")  # its cgroup is gone already: no sample is known
    assert (await world.engine.containers.stats("web")).sample is None


async def test_top_of_what_ends_just_then(world: World) -> None:
    container_id = await world.run("web")
    world.containerd.state.failures["tasks.pids"] = PierError("cannot list the processes: ttrpc: closed")
    world.containerd.state.tasks[container_id].init.status = TaskStatus.STOPPED
    with pytest.raises(Conflict, match="is not running"):
        await world.engine.containers.top("web", "")
