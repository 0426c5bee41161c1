"""rm, rm -f, --rm and prune: everything goes, the name is free, and only then is anybody told."""

import asyncio
from pathlib import Path

import pytest
from fakes.world import World

from pier.domain.container import ExecConfig, HostConfig, RestartPolicy, Status
from pier.domain.errors import Conflict, InvalidArgument, NotFound, PierError
from pier.domain.filters import Filters
from pier.domain.volume import Volume

AUTO = HostConfig(auto_remove=True)


def exists(path: str) -> bool:
    return Path(path).exists()


async def test_a_stopped_container_goes_with_all_it_has(world: World) -> None:
    container_id = await world.run("web")
    log_path = world.container("web").log_path
    await world.engine.containers.stop("web")
    since = len(world.events)
    await world.engine.containers.remove("web")
    assert container_id not in world.containerd.state.snapshots
    assert world.logs.removed == [log_path]
    assert container_id not in world.host.files
    assert container_id in world.streams.discarded
    assert world.actions(since) == ["destroy"]
    assert not (await world.records.load()).containers
    with pytest.raises(NotFound):
        world.container("web")


async def test_what_runs_needs_force(world: World) -> None:
    await world.run("web")
    with pytest.raises(Conflict, match="stop the container before removing or force remove"):
        await world.engine.containers.remove("web")
    await world.engine.containers.pause("web")
    with pytest.raises(Conflict, match="must be unpaused first"):
        await world.engine.containers.remove("web")
    assert world.container("web").state.status is Status.PAUSED


async def test_force_kills_and_removes(world: World) -> None:
    await world.run("web")
    since = len(world.events)
    await world.engine.containers.remove("web", force=True)
    assert world.actions(since) == ["kill", "network disconnect", "die", "destroy"]
    assert not world.containerd.state.tasks


async def test_force_removes_what_is_paused(world: World) -> None:
    await world.run("web")
    await world.engine.containers.pause("web")
    await world.engine.containers.remove("web", force=True)
    assert not world.context.memory.containers
    assert not world.containerd.state.tasks


async def test_force_removes_what_waits_for_its_next_run(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pier.engine.containers.restart.MIN_BACKOFF", 10**12)
    container_id = await world.run("web", host=HostConfig(restart_policy=RestartPolicy(name="always")))
    world.end(container_id, 1)
    await world.until(lambda: world.container("web").state.status is Status.RESTARTING)
    due = world.container("web").state.restart_at
    await world.engine.containers.remove("web", force=True)
    await world.engine.supervisor._lifecycle.start_again(container_id, due)  # as when its time has come
    assert not world.context.memory.containers
    assert not world.containerd.state.tasks
    assert container_id not in world.context.live._lives


async def test_force_takes_what_is_down_as_it_is(world: World) -> None:
    await world.create("web")
    await world.engine.containers.remove("web", force=True)
    assert world.actions() == ["create", "destroy"]


async def test_of_two_removals_at_once_one_is_told_that_it_is_under_way(world: World) -> None:
    await world.create("web")
    world.containerd.state.gates["snapshots.remove"] = gate = asyncio.Event()
    async with asyncio.TaskGroup() as clients:
        clients.create_task(world.engine.containers.remove("web"))
        await world.until(lambda: world.calls("snapshots.remove"))
        with pytest.raises(Conflict, match="removal of container web is already in progress"):
            await world.engine.containers.remove("web", force=True)
        gate.set()
    assert world.actions().count("destroy") == 1


async def test_a_removal_that_fails_leaves_it_dead_and_can_be_tried_again(world: World) -> None:
    await world.create("web")
    world.containerd.state.failures["snapshots.remove"] = PierError("device or resource busy")
    with pytest.raises(PierError, match="busy"):
        await world.engine.containers.remove("web")
    assert (world.container("web").state.status, world.container("web").state.error) == (
        Status.DEAD,
        "device or resource busy",
    )
    with pytest.raises(Conflict, match="marked for removal"):
        await world.engine.containers.start("web")
    await world.engine.containers.remove("web")
    assert not world.context.memory.containers


async def test_anonymous_volumes_go_only_when_asked_and_named_ones_never(world: World) -> None:
    for name in ("one", "two"):
        await world.create(name, host=HostConfig(binds=("data:/d",)), volumes=("/v",))
    (kept,) = (point for point in world.container("one").mount_points if point.anonymous)
    (gone,) = (point for point in world.container("two").mount_points if point.anonymous)
    await world.engine.containers.remove("one")
    await world.engine.containers.remove("two", volumes=True)
    assert set(world.context.memory.volumes) == {"data", kept.name}
    assert exists(kept.source)
    assert not exists(gone.source)


async def test_an_anonymous_volume_goes_with_the_last_container_that_has_it(world: World) -> None:
    await world.create("one", volumes=("/v",))
    await world.create("two", host=HostConfig(volumes_from=("one",)))
    (point,) = world.container("two").mount_points
    await world.engine.containers.remove("one", volumes=True)
    assert exists(point.source)
    await world.engine.containers.remove("two", volumes=True)
    assert not exists(point.source)


async def test_auto_remove_goes_after_its_end_with_its_anonymous_volumes(world: World) -> None:
    container_id = await world.run("web", host=AUTO, volumes=("/v",))
    removed = await world.engine.containers.wait("web", "removed")
    since = len(world.events)
    world.end(container_id, 5)
    async with asyncio.timeout(5):
        assert await removed.result() == (5, "")
    assert world.actions(since) == ["network disconnect", "volume unmount", "die", "volume destroy", "destroy"]
    assert not world.context.memory.volumes
    await world.create("web")  # whoever waited may take the name again


async def test_force_on_what_goes_at_its_end_takes_its_anonymous_volumes_too(world: World) -> None:
    await world.run("web", host=AUTO, volumes=("/v",))
    await world.engine.containers.remove("web", force=True)
    await world.turns()
    assert not world.context.memory.volumes
    await world.create("new", host=AUTO, volumes=("/v",))
    await world.engine.containers.remove("new")
    assert not world.context.memory.volumes


async def test_nothing_is_remembered_of_what_is_gone(world: World) -> None:
    """An engine that runs for months makes and removes a great many."""
    container_id = await world.run("web")
    exec_id = await world.engine.execs.create("web", ExecConfig(cmd=("ls",), attach_stdout=True))
    await world.engine.execs.create("web", ExecConfig(cmd=("never", "started")))
    await world.engine.execs.start(exec_id, detach=False)
    waits = [await world.engine.containers.wait("web", condition) for condition in ("not-running", "removed")]
    await world.engine.containers.inspect("web")
    await world.engine.containers.remove("web", force=True)
    for wait in waits:
        await wait.result()
    await world.turns()
    assert container_id not in world.context.live._lives
    assert not world.engine.execs._sessions
    assert not world.context.memory.containers


@pytest.mark.parametrize("volumes", [True, False])
async def test_what_goes_with_it_is_remembered_over_a_crash_in_the_middle(world: World, volumes: bool) -> None:
    await world.create("web", host=HostConfig(binds=("data:/d",)), volumes=("/v",))
    (anonymous,) = (point for point in world.container("web").mount_points if point.anonymous)
    removal = world.engine.containers.remove("web", volumes=volumes)
    await world.killed_in(world.context.ports.host, "remove_container_files", removal)
    await world.boot()
    assert not world.context.memory.containers
    assert set(world.context.memory.volumes) == ({"data"} if volumes else {"data", anonymous.name})
    assert exists(anonymous.source) is not volumes


async def test_an_anonymous_volume_that_cannot_go_does_not_keep_its_container(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(volume: Volume) -> None:
        raise PierError("device or resource busy")

    await world.create("web", volumes=("/v",))
    monkeypatch.setattr(world.context.ports.volumes, "remove", refuse)
    await world.engine.containers.remove("web", volumes=True)
    assert not world.context.memory.containers
    assert not (await world.records.load()).containers


async def test_a_removal_that_fails_for_a_reason_nobody_thought_of_can_be_tried_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(container_id: str) -> None:
        raise RecursionError("too deep")

    await world.create("web")
    with monkeypatch.context() as patch:
        patch.setattr(world.host, "remove_container_files", fail)
        with pytest.raises(RecursionError):
            await world.engine.containers.remove("web")
    assert world.container("web").state.status is Status.DEAD
    await world.engine.containers.remove("web")


async def test_prune_goes_on_past_what_cannot_be_removed_and_does_not_count_it(world: World) -> None:
    for name in ("one", "two"):
        world.containerd.snapshots.write_file(await world.create(name), "f", b"12345")
    world.containerd.state.failures["snapshots.remove"] = PierError("device or resource busy")
    removed, freed = await world.engine.containers.prune(Filters())
    assert (len(removed), freed) == (1, 5)
    assert len(world.context.memory.containers) == 1


async def test_prune_takes_what_is_down_and_says_what_that_freed(world: World) -> None:
    running = await world.run("run")
    ended = await world.run("end")
    await world.engine.containers.stop("end")
    created = await world.create("new")
    world.containerd.snapshots.write_file(ended, "f", b"12345")
    since = len(world.events)
    removed, freed = await world.engine.containers.prune(Filters())
    assert (sorted(removed), freed) == (sorted([ended, created]), 5)
    assert list(world.context.memory.containers) == [running]
    assert world.actions(since) == ["destroy", "destroy", "prune"]
    assert world.events[-1].attributes == {"reclaimed": "5"}


async def test_prune_by_label_and_age(world: World) -> None:
    await world.create("one", labels={"k": "1"})
    await world.create("two", labels={"k": "2"})
    assert (await world.engine.containers.prune(Filters({"label": ("k=1",), "until": ("1h",)})))[0] == []
    await world.engine.containers.prune(Filters({"label!": ("k=2",)}))
    assert [item.name for item in world.context.memory.containers.values()] == ["two"]
    with pytest.raises(InvalidArgument, match="invalid filter 'name'"):
        await world.engine.containers.prune(Filters({"name": ("two",)}))


async def test_force_removes_what_is_being_started(world: World) -> None:
    await world.create("web")
    world.containerd.state.gates["tasks.create"] = gate = asyncio.Event()
    async with asyncio.TaskGroup() as clients:
        clients.create_task(world.engine.containers.start("web"))
        await world.until(lambda: world.calls("tasks.create"))
        clients.create_task(world.engine.containers.remove("web", force=True))
        await world.turns()
        gate.set()
    assert not world.context.memory.containers
    assert not world.containerd.state.tasks


async def test_nobody_starts_what_was_brought_down_to_be_removed(world: World) -> None:
    await world.run("web")
    world.containerd.state.gates["tasks.delete"] = gate = asyncio.Event()
    async with asyncio.TaskGroup() as clients:
        clients.create_task(world.engine.containers.remove("web", force=True))
        await world.until(lambda: world.calls("tasks.delete"))
        start = clients.create_task(refused_start(world))  # has the lock before the removal has
        await world.turns()
        gate.set()
    assert "marked for removal" in start.result()
    assert not world.context.memory.containers


async def refused_start(world: World) -> str:
    with pytest.raises(Conflict) as refused:
        await world.engine.containers.start("web")
    return refused.value.message
