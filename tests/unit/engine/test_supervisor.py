"""What a pierd makes of what it finds: at its start, and whenever containerd comes back."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
from fakes.world import World

from pier.domain.container import Container, Healthcheck, HostConfig, RestartPolicy, State, Status
from pier.domain.errors import Unavailable
from pier.domain.record import Intent
from pier.domain.runtime import TaskState, TaskStatus

ALWAYS = HostConfig(restart_policy=RestartPolicy(name="always"))


async def test_a_container_that_runs_goes_on(world: World) -> None:
    container_id = await world.run("web")
    before = world.container("web")
    await world.restart()
    assert world.container("web") == before
    assert world.streams.reopened == [(container_id, "")]
    assert world.networks.attached
    await world.engine.containers.stop("web")
    assert world.stream(container_id).finished
    assert world.actions()[-3:] == ["network disconnect", "stop", "die"]


async def test_an_exit_while_pierd_was_away_has_its_true_code_and_time(world: World) -> None:
    container_id = await world.run("web")
    await world.shut_down()
    world.end(container_id, 42)
    ended_at = world.containerd.state.tasks[container_id].init.exited_at
    await world.boot()
    state = world.container("web").state
    assert (state.status, state.exit_code, state.error, state.finished_at) == (Status.EXITED, 42, "", ended_at)
    assert not world.containerd.state.tasks
    assert world.stream(container_id).finished  # its last output is in the log
    assert world.actions()[-2:] == ["network disconnect", "die"]


async def test_a_start_of_the_engine_brings_up_whom_the_policy_says(world: World) -> None:
    for name in ("always", "unless-stopped", "no"):
        await world.run(name, host=HostConfig(restart_policy=RestartPolicy(name=name)))
        await world.engine.containers.stop(name)
    await world.create("never-started", host=ALWAYS)
    await world.restart()
    await world.until(lambda: world.container("always").state.status is Status.RUNNING)
    states = [world.container(name).state.status for name in ("unless-stopped", "no", "never-started")]
    assert states == [Status.EXITED, Status.EXITED, Status.CREATED]


async def test_who_shares_a_namespace_comes_up_after_its_owner(world: World) -> None:
    owner = await world.run("owner", host=ALWAYS)
    guest = replace(ALWAYS, network_mode=f"container:{owner}")
    await world.run("guest", host=guest)
    for name in ("guest", "owner"):
        await world.engine.containers.stop(name)
    await world.restart()
    await world.until(lambda: world.container("guest").state.status is Status.RUNNING)
    assert world.container("guest").state.started_at > world.container("owner").state.started_at


async def test_a_start_that_was_not_recorded_is_undone(world: World) -> None:
    container_id = await world.create("web")
    record = world.container("web")
    await world.engine.containers.start("web")
    await world.shut_down()
    world.records.put(record)  # as it was before the commit that the crash prevented
    world.records.put(Intent(id=f"start-{container_id}", kind="start", subject=container_id))
    await world.boot()
    assert world.container("web").state.status is Status.CREATED
    assert not world.containerd.state.tasks
    assert not world.containerd.state.containers
    assert not world.networks.netns
    assert not world.records.intents
    await world.engine.containers.start("web")


async def test_a_removal_that_was_begun_is_finished(world: World) -> None:
    await world.create("web")
    record = world.container("web")
    await world.shut_down()
    world.records.put(replace(record, state=replace(record.state, status=Status.REMOVING)))
    await world.boot()
    assert not world.context.memory.containers
    assert record.id not in world.containerd.state.snapshots
    assert world.actions()[-1] == "destroy"


async def test_a_restart_that_was_due_is_made(world: World) -> None:
    await world.run("web", host=ALWAYS)
    await world.engine.containers.stop("web")
    record = world.container("web")
    await world.shut_down()
    waiting = State(status=Status.RESTARTING, exit_code=1, restart_at=1, backoff=2_000_000)
    world.records.put(replace(record, state=waiting))
    await world.boot()
    await world.until(lambda: world.container("web").state.status is Status.RUNNING)


async def test_an_auto_removal_is_caught_up_on(world: World) -> None:
    ended = await world.run("ended", host=HostConfig(auto_remove=True))
    await world.shut_down()
    world.end(ended)
    await world.boot()
    await world.until(lambda: not world.context.memory.containers)


async def test_an_auto_removal_that_the_crash_cut_off_before_it_began_is_caught_up_on(world: World) -> None:
    await world.create("web", host=HostConfig(auto_remove=True))
    record = world.container("web")
    await world.shut_down()
    world.records.put(replace(record, state=State(status=Status.EXITED, exit_code=1, started_at=1, finished_at=2)))
    await world.boot()
    await world.until(lambda: not world.context.memory.containers)


async def test_a_created_auto_remove_container_waits_for_its_start(world: World) -> None:
    await world.create("web", host=HostConfig(auto_remove=True))
    await world.restart()
    await world.turns()
    assert world.container("web").state.status is Status.CREATED


async def test_a_pause_that_was_not_recorded_is_seen(world: World) -> None:
    container_id = await world.run("web")
    await world.shut_down()
    world.containerd.state.tasks[container_id].init.status = TaskStatus.PAUSED
    await world.boot()
    assert world.container("web").state.status is Status.PAUSED


async def test_health_checks_go_on(world: World) -> None:
    check = Healthcheck(test=("CMD", "exit 0"), interval=1_000_000)
    await world.run("web", healthcheck=check)
    await world.restart()
    await world.until(lambda: (health := world.container("web").state.health) and health.status == "healthy")


# -- containerd goes and comes ----------------------------------------------------------------------------------------


async def test_while_containerd_is_away_verbs_say_so_and_reads_answer(world: World) -> None:
    await world.run("web")
    world.containerd.stop()
    with pytest.raises(Unavailable):
        await world.engine.containers.create(world.request("new"))
    with pytest.raises(Unavailable):
        await world.engine.containers.pause("web")
    assert (await world.engine.containers.inspect("web")).container.state.status is Status.RUNNING
    assert [row.image_ref for row in await world.engine.containers.list()] == ["busybox"]
    world.containerd.start()
    await world.engine.containers.pause("web")


async def test_an_exit_while_containerd_was_away_is_seen_when_it_is_back(world: World) -> None:
    container_id = await world.run("web")
    waiting = await world.engine.containers.wait("web", "not-running")
    world.containerd.stop()
    await world.turns()
    world.end(container_id, 6)
    world.containerd.start()
    async with asyncio.timeout(5):
        assert await waiting.result() == (6, "")


async def test_a_pierd_that_starts_without_containerd_catches_up_later(world: World) -> None:
    container_id = await world.run("web")
    await world.shut_down()
    world.end(container_id, 6)
    world.containerd.stop()
    await world.boot()
    assert world.container("web").state.status is Status.RUNNING
    world.containerd.start()
    assert (await world.ended("web")).state.exit_code == 6


# -- what happens while it looks --------------------------------------------------------------------------------------


async def reconnect_with_an_old_list(
    world: World, monkeypatch: pytest.MonkeyPatch, meanwhile: Callable[[], Awaitable[object]]
) -> None:
    """containerd reconnects; `meanwhile` happens while its list of tasks is on its way."""
    make_list = world.containerd.tasks.list
    looked = asyncio.Event()

    async def slow_list() -> list[TaskState]:
        tasks = await make_list()
        await meanwhile()
        looked.set()
        return tasks

    monkeypatch.setattr(world.containerd.tasks, "list", slow_list)
    world.containerd.stop()
    await world.turns()
    world.containerd.start()
    async with asyncio.timeout(5):
        await looked.wait()
    await world.turns()


async def test_a_container_started_while_the_list_is_on_its_way_is_not_taken_for_lost(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await reconnect_with_an_old_list(world, monkeypatch, lambda: world.run("new"))
    assert world.container("new").state.status is Status.RUNNING


async def test_a_pause_while_the_list_is_on_its_way_counts(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await world.run("web")
    await reconnect_with_an_old_list(world, monkeypatch, lambda: world.engine.containers.pause("web"))
    assert world.container("web").state.status is Status.PAUSED


async def test_output_whose_reader_died_after_the_exit_was_recorded_is_brought_in(world: World) -> None:
    container_id = await world.run("web")
    record = world.container("web")
    await world.shut_down()
    world.end(container_id, 3)
    world.records.put(replace(record, state=State(status=Status.EXITED, exit_code=3, started_at=1, finished_at=2)))
    await world.boot()
    assert world.streams.reopened == [(container_id, "")]
    assert world.streams.discarded == []
    assert world.stream(container_id).finished
    assert world.container("web").state.exit_code == 3
    assert not world.containerd.state.tasks


Verb = Callable[[World], Awaitable[object]]
VERBS: dict[str, tuple[Verb, Callable[[World], bool]]] = {
    "start": (
        lambda world: world.engine.containers.start("idle"),
        lambda world: world.container("idle").state.status is Status.RUNNING,
    ),
    "unpause": (
        lambda world: world.engine.containers.unpause("frozen"),
        lambda world: world.container("frozen").state.status is Status.RUNNING,
    ),
    "create": (
        lambda world: world.run("new"),
        lambda world: world.container("new").id in world.containerd.state.snapshots,
    ),
    "remove": (
        lambda world: world.engine.containers.remove("frozen", force=True),
        lambda world: "frozen" not in {item.name for item in world.context.memory.containers.values()},
    ),
}


@pytest.mark.parametrize("verb", sorted(VERBS))
@pytest.mark.parametrize("held", ["tasks.delete", "containers.list_ids", "snapshots.list_keys", "tasks.kill"])
async def test_a_first_look_does_not_disturb_what_is_done_meanwhile(world: World, verb: str, held: str) -> None:
    """A pierd that started without containerd serves already when it has its first look."""
    await world.run("lost")
    await world.create("idle")
    await world.run("frozen")
    await world.engine.containers.pause("frozen")
    unrecorded = await world.create("unrecorded")
    record = world.container("unrecorded")
    await world.engine.containers.start("unrecorded")
    lost: Container = world.container("lost")
    await world.shut_down()
    world.records.put(record)
    world.containerd.tasks.vanish(lost.id)
    world.containerd.stop()
    await world.boot()
    gate = world.containerd.state.gates[held] = asyncio.Event()
    before = len(world.calls(held))
    world.containerd.start()
    await world.until(lambda: len(world.calls(held)) > before)
    act, holds = VERBS[verb]
    async with asyncio.timeout(10), asyncio.TaskGroup() as clients:
        client = clients.create_task(_awaited(act(world)))
        await world.turns()
        gate.set()
        await client
    await world.engine.supervisor.reconciled.wait()
    await world.turns()
    assert holds(world)
    assert unrecorded not in world.containerd.state.tasks
    if verb != "remove":
        assert set(world.containerd.state.tasks) == set(world.containerd.state.containers) == set(world.networks.netns)


async def boot_without_containerd(world: World) -> None:
    await world.shut_down()
    world.containerd.stop()
    await world.boot()
    world.containerd.state.gates["tasks.list"] = asyncio.Event()
    world.containerd.start()


async def test_a_first_look_leaves_a_start_on_its_way_alone(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    container_id = await world.create("web")
    await boot_without_containerd(world)
    started = world.hold_after_start(monkeypatch)
    async with asyncio.TaskGroup() as clients:
        clients.create_task(world.engine.containers.start("web"))
        await world.until(lambda: world.calls("tasks.start"))
        await world.turns()
        world.containerd.state.gates["tasks.list"].set()  # its task is there, its start is not recorded
        await world.turns()
        started.set()
    await world.engine.supervisor.reconciled.wait()
    assert world.container("web").state.status is Status.RUNNING
    assert list(world.containerd.state.tasks) == [container_id]


async def test_a_sweep_leaves_a_start_on_its_way_alone(world: World) -> None:
    container_id = await world.create("web")
    await boot_without_containerd(world)
    world.containerd.state.gates["tasks.create"] = gate = asyncio.Event()
    async with asyncio.TaskGroup() as clients:
        clients.create_task(world.engine.containers.start("web"))
        await world.until(lambda: world.calls("tasks.create"))
        world.containerd.state.gates["tasks.list"].set()  # object, network and streams are there, the task is not
        await world.engine.supervisor.reconciled.wait()
        gate.set()
    assert world.container("web").state.status is Status.RUNNING
    assert list(world.containerd.state.containers) == list(world.networks.netns) == [container_id]
    assert not world.stream(container_id).finished


async def test_a_sweep_leaves_a_create_on_its_way_alone(world: World) -> None:
    await boot_without_containerd(world)
    begun, gate = asyncio.Event(), asyncio.Event()

    async def slow_copy(rootfs: object, path: str, destination: str) -> None:
        begun.set()
        await gate.wait()

    world.host.copy_up = slow_copy  # type: ignore[method-assign]
    async with asyncio.TaskGroup() as clients:
        create = clients.create_task(world.create("web", volumes=("/v",)))
        await begun.wait()
        world.containerd.state.gates["tasks.list"].set()  # its layer is there, its record is not
        await world.engine.supervisor.reconciled.wait()
        gate.set()
    assert create.result() in world.containerd.state.snapshots


async def _awaited(action: Awaitable[object]) -> None:
    await action
