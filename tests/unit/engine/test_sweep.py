"""What nobody knows is removed once, after a start; what is known or not ours stays."""

import asyncio

import pytest
from fakes.containerd.state import Process, Snapshot, Task
from fakes.world import World

from pier.domain import ids
from pier.domain.errors import Unavailable
from pier.domain.record import Intent
from pier.domain.runtime import ContainerObject, TaskStatus


async def make_stranger(world: World) -> str:
    """Everything a container can have, under an id that no record knows."""
    stranger = ids.new_id()
    state = world.containerd.state
    state.snapshots[stranger] = Snapshot("", "active")
    state.containers[stranger] = ContainerObject(
        id=stranger, image="", snapshotter="overlayfs", snapshot_key=stranger, spec={}
    )
    state.tasks[stranger] = Task(Process(next(state.pids), ("serve",), status=TaskStatus.RUNNING))
    await world.networks.open_netns(stranger, {})
    await world.streams.open(stranger, stdin=False, terminal=False, log=None, log_path="")
    return stranger


async def test_a_stranger_goes_with_all_it_has(world: World) -> None:
    stranger = await make_stranger(world)
    await world.restart()
    state = world.containerd.state
    assert stranger not in {**state.snapshots, **state.containers, **state.tasks}
    assert stranger not in world.networks.netns
    assert world.streams.discarded == [stranger]


async def test_known_containers_keep_what_is_theirs(world: World) -> None:
    running = await world.run("run")
    stopped = await world.run("stop")
    await world.engine.containers.stop("stop")
    await world.restart()
    state = world.containerd.state
    assert {running, stopped} <= set(state.snapshots)
    assert list(state.tasks) == list(state.containers) == list(world.networks.netns) == [running]
    assert world.streams.discarded == []


async def test_what_has_no_id_of_ours_is_left_alone(world: World) -> None:
    state = world.containerd.state
    state.snapshots["buildkit-1"] = Snapshot("", "active")
    state.containers["other"] = ContainerObject(
        id="other", image="", snapshotter="overlayfs", snapshot_key="buildkit-1", spec={}
    )
    layers = set(state.snapshots)
    await world.restart()
    assert set(state.snapshots) == layers
    assert "other" in state.containers


async def test_a_create_that_was_cut_off_is_undone(world: World) -> None:
    half = ids.new_id()
    world.containerd.state.snapshots[half] = Snapshot("", "active")
    world.records.put(Intent(id=half, kind="create", subject=half))
    await world.restart()
    assert half not in world.containerd.state.snapshots
    assert not world.records.intents
    assert not world.context.memory.intents


async def test_a_place_that_cannot_be_listed_does_not_keep_the_others_from_being_swept(world: World) -> None:
    stranger = await make_stranger(world)
    await world.shut_down()
    world.containerd.state.failures["snapshots.list_keys"] = Unavailable("away")
    await world.boot()
    assert stranger in world.containerd.state.snapshots
    assert stranger not in world.networks.netns
    assert stranger not in world.containerd.state.containers


async def test_leases_of_an_earlier_pierd_are_ended(world: World) -> None:
    world.containerd.state.leases["pull-1"] = set()
    world.containerd.state.failures["leases.end_stale"] = Unavailable("containerd is away")
    await world.restart()
    assert "pull-1" in world.containerd.state.leases
    await world.restart()
    assert world.containerd.state.leases == {}


async def test_cgroups_of_containers_without_a_task_are_removed_and_foreign_ones_left(world: World) -> None:
    running, stopped = await world.run("run"), await world.run("stop")
    await world.engine.containers.stop("stop")
    cut_off, foreign = ids.new_id(), ids.new_id()
    world.records.put(Intent(id=f"start-{cut_off}", kind="start", subject=cut_off))
    parent = world.context.config.cgroup_parent
    world.host.cgroups = {key: f"{parent}/{key}" for key in (running, stopped, cut_off, foreign)}
    await world.restart()
    assert set(world.host.cgroups) == {running, foreign}


async def test_it_is_done_once(world: World) -> None:
    """What appears later is no leftover of an earlier pierd: nothing of it is touched when containerd reconnects."""
    stranger = await make_stranger(world)
    world.containerd.stop()
    await world.turns()
    world.containerd.start()
    async with asyncio.timeout(5):
        await world.engine.supervisor.reconciled.wait()
    await world.turns()
    assert stranger in world.containerd.state.tasks


async def test_a_shim_without_a_task_is_ended(world: World) -> None:
    running, cut_off = await world.run("run"), await world.create("cut")
    world.host.shims += [running, cut_off, ids.new_id()]
    await world.restart()
    assert world.host.shims == [running]


async def test_a_shim_that_runs_others_stays_when_its_first_container_is_gone(world: World) -> None:
    first, other = await world.create("first"), await world.run("other")
    world.host.shims.append(first)
    world.host.shared[first] = world.container(other).state.pid
    await world.restart()
    assert world.host.shims == [first]


async def test_a_shim_is_left_alone_while_nobody_says_whom_it_serves(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.host.shims.append(await world.create("first"))
    await world.shut_down()

    async def listed() -> list[str]:
        world.containerd.state.failures["tasks.list"] = Unavailable("away")
        return list(world.host.shims)

    monkeypatch.setattr(world.host, "list_shims", listed)
    await world.boot()
    assert len(world.host.shims) == 1


async def test_what_is_being_removed_meanwhile_leaves_nothing_either(world: World) -> None:
    container_id = await world.run("web")
    left = world.containerd.state.containers[container_id]
    world.end(container_id)
    await world.ended("web")
    await world.shut_down()
    world.containerd.state.containers[container_id] = left  # pierd was killed between the exit and the cleaning
    world.networks.netns[container_id] = {}
    world.containerd.state.gates["containers.list_ids"] = listed = asyncio.Event()
    world.containerd.state.gates["snapshots.remove"] = removed = asyncio.Event()
    boot = asyncio.ensure_future(world.boot())  # noqa: TID251  # awaited below
    await world.until(lambda: world.calls("containers.list_ids"))
    async with asyncio.TaskGroup() as clients:
        clients.create_task(world.engine.containers.remove("web"))
        await world.until(lambda: world.calls("snapshots.remove"))
        listed.set()
        await boot
        removed.set()
    await world.until(lambda: not world.networks.netns and not world.containerd.state.containers)


async def test_a_runtime_s_state_goes_where_no_process_is_left(world: World) -> None:
    running = await world.run("run")
    cut_off = await world.create("cut-off")
    world.host.runtime_states += [running, cut_off, ids.new_id()]
    await world.restart()
    assert world.host.runtime_states == [running]
