"""start, stop, kill, restart, pause and rename: what each refuses, does and tells."""

import asyncio
import time

import pytest
from fakes.world import World

from pier.domain.container import HostConfig, RestartPolicy, Status
from pier.domain.errors import Conflict, InvalidArgument, NotFound, NotModified, PierError, Unavailable
from pier.engine.containers.lifecycle import Lifecycle

ALWAYS = HostConfig(restart_policy=RestartPolicy(name="always"))
STOPPED = ["network disconnect", "stop", "die"]
DEAF = ("sh", "-c", "trap '' TERM; serve")


def signals(world: World) -> list[int]:
    return [signal for _, _, signal in world.containerd.tasks.signals]


def kills(world: World) -> list[str]:
    return [event.attributes["signal"] for event in world.events if event.action == "kill"]


# -- start ----------------------------------------------------------------------------------------------------------


async def test_start_records_a_run(world: World) -> None:
    container_id = await world.create("web")
    await world.engine.containers.start("web")
    state = world.container("web").state
    task = world.containerd.state.tasks[container_id].init
    assert (state.status, state.pid, state.exit_code, state.error) == (Status.RUNNING, task.pid, 0, "")
    assert state.started_at > 0
    assert world.actions() == ["create", "network connect", "start"]
    assert not world.records.intents


async def test_a_running_container_is_not_started_again(world: World) -> None:
    await world.run("web")
    with pytest.raises(NotModified):
        await world.engine.containers.start("web")
    assert world.calls("tasks.create") == ["tasks.create"]


async def test_of_two_starts_at_once_one_is_not_modified(world: World) -> None:
    await world.create("web")
    start = world.engine.containers.start
    results = await asyncio.gather(start("web"), start("web"), return_exceptions=True)
    assert sorted(type(result).__name__ for result in results) == ["NoneType", "NotModified"]
    assert world.actions().count("start") == 1


async def test_a_paused_container_is_not_started(world: World) -> None:
    await world.run("web")
    await world.engine.containers.pause("web")
    with pytest.raises(Conflict, match="unpause"):
        await world.engine.containers.start("web")


async def test_what_is_not_there_is_not_found(world: World) -> None:
    containers = world.engine.containers
    for verb in (containers.start, containers.stop, containers.restart, containers.kill, containers.pause):
        with pytest.raises(NotFound, match="No such container: gone"):
            await verb("gone")


async def test_a_client_that_hangs_up_leaves_no_half_start(world: World) -> None:
    await world.create("web")
    world.containerd.state.gates["tasks.start"] = gate = asyncio.Event()
    async with asyncio.TaskGroup() as clients:
        client = clients.create_task(world.engine.containers.start("web"))
        await world.until(lambda: world.calls("tasks.start"))
        client.cancel()
    assert client.cancelled()
    gate.set()
    await world.until(lambda: world.container("web").state.status is Status.RUNNING)
    assert world.actions()[-1] == "start"


async def test_stop_waits_for_a_start_on_its_way(world: World) -> None:
    await world.create("web")
    world.containerd.state.gates["tasks.start"] = gate = asyncio.Event()
    async with asyncio.TaskGroup() as clients:
        clients.create_task(world.engine.containers.start("web"))
        await world.until(lambda: world.calls("tasks.start"))
        stop = clients.create_task(world.engine.containers.stop("web"))
        await world.turns()
        assert not stop.done()
        gate.set()
    assert world.container("web").state.status is Status.EXITED


# -- stop -----------------------------------------------------------------------------------------------------------


async def test_stop_terminates_and_waits(world: World) -> None:
    await world.run("web")
    since = len(world.events)
    await world.engine.containers.stop("web")
    assert world.container("web").state.exit_code == 143
    assert world.actions(since) == ["kill", *STOPPED]
    assert kills(world) == ["15"]


async def test_what_ignores_the_signal_is_killed_after_the_timeout(world: World) -> None:
    await world.run("web", *DEAF)
    since, begun = len(world.events), time.monotonic()
    await world.engine.containers.stop("web", timeout=1)
    assert 1 <= time.monotonic() - begun < 9  # ten seconds are the default
    assert world.container("web").state.exit_code == 137
    assert world.actions(since) == ["kill", "kill", *STOPPED]
    assert kills(world) == ["15", "9"]


async def test_timeout_0_still_asks_first(world: World) -> None:
    await world.run("web", *DEAF)
    await world.engine.containers.stop("web", timeout=0)
    assert signals(world) == [15, 9]


async def test_the_containers_own_timeout_and_signal_are_used(world: World) -> None:
    await world.run("web", *DEAF, stop_timeout=0, stop_signal="SIGUSR1")
    await world.engine.containers.stop("web")
    assert signals(world) == [10, 9]


async def test_a_signal_of_the_call_beats_the_containers_own(world: World) -> None:
    await world.run("web", stop_signal="SIGUSR1")
    await world.engine.containers.stop("web", signal="INT")
    assert signals(world) == [2]


async def test_timeout_below_0_waits_for_ever(world: World) -> None:
    container_id = await world.run("web", *DEAF)
    async with asyncio.TaskGroup() as clients:
        stop = clients.create_task(world.engine.containers.stop("web", timeout=-1))
        await world.until(lambda: signals(world) == [15])
        await world.turns()
        assert not stop.done()
        world.end(container_id)
    assert signals(world) == [15]


async def test_a_paused_container_is_thawed_to_stop(world: World) -> None:
    await world.run("web")
    await world.engine.containers.pause("web")
    since = len(world.events)
    await world.engine.containers.stop("web")
    assert world.actions(since) == ["kill", "unpause", *STOPPED]
    assert world.container("web").state.exit_code == 143


async def test_a_stopped_container_is_not_stopped_again(world: World) -> None:
    await world.run("web")
    await world.engine.containers.stop("web")
    with pytest.raises(NotModified):
        await world.engine.containers.stop("web")


async def test_stop_calls_a_restart_off(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pier.engine.containers.restart.MIN_BACKOFF", 10**12)
    container_id = await world.run("web", host=ALWAYS)
    world.end(container_id, 3)
    await world.until(lambda: world.container("web").state.status is Status.RESTARTING)
    with pytest.raises(NotModified):
        await world.engine.containers.start("web")
    due = world.container("web").state.restart_at
    waiting = await world.engine.containers.wait("web", "not-running")
    await world.engine.containers.stop("web")
    assert (world.container("web").state.status, (await waiting.result())[0]) == (Status.EXITED, 3)
    await world.engine.supervisor._lifecycle.start_again(container_id, due)  # as when its time has come
    assert world.container("web").state.status is Status.EXITED
    assert world.container("web").endpoints["bridge"].ipv4_address == ""


async def test_the_wish_to_stop_is_written_before_the_signal_is_sent(world: World) -> None:
    """A pierd killed in between must not start it again."""
    container_id = await world.run("web", host=ALWAYS)
    world.containerd.state.gates["tasks.kill"] = gate = asyncio.Event()
    async with asyncio.TaskGroup() as clients:
        clients.create_task(world.engine.containers.stop("web"))
        await world.until(lambda: world.calls("tasks.kill"))
        stored = {container.id: container for container in (await world.records.load()).containers}
        assert stored[container_id].state.stopped_by_user
        gate.set()


# -- kill -----------------------------------------------------------------------------------------------------------


async def test_kill_is_answered_when_the_container_is_down(world: World) -> None:
    await world.run("web")
    since = len(world.events)
    await world.engine.containers.kill("web")
    assert (world.container("web").state.status, world.container("web").state.exit_code) == (Status.EXITED, 137)
    assert world.actions(since) == ["kill", "network disconnect", "die"]


async def test_another_signal_is_passed_on_and_is_no_stop(world: World) -> None:
    container_id = await world.run("web", host=ALWAYS)
    await world.engine.containers.kill("web", "USR1")
    assert kills(world) == ["10"]
    assert not world.container("web").state.stopped_by_user
    world.end(container_id, 0)
    await world.until(lambda: world.container("web").restart_count == 1)


async def test_a_signal_that_ends_nothing_leaves_nobody_waiting(world: World) -> None:
    container_id = await world.run("web", "sh", "-c", "trap")
    for _ in range(5):
        await world.engine.containers.kill("web", "HUP")
    await world.turns()
    assert not world.context.live._lives[container_id].exits


@pytest.mark.parametrize("signal", ["KILL", "TERM"])
async def test_kill_by_sigkill_or_the_stop_signal_is_a_stop(world: World, signal: str) -> None:
    await world.run("web", host=ALWAYS)
    await world.engine.containers.kill("web", signal)
    assert (await world.ended("web")).state.status is Status.EXITED


async def test_kill_reaches_a_frozen_process(world: World) -> None:
    await world.run("web")
    await world.engine.containers.pause("web")
    await world.engine.containers.kill("web")
    assert world.container("web").state.exit_code == 137


async def test_kill_of_what_does_not_run_and_by_no_signal(world: World) -> None:
    await world.create("web")
    with pytest.raises(Conflict, match="is not running"):
        await world.engine.containers.kill("web")
    await world.run("run")
    with pytest.raises(InvalidArgument, match="NOPE"):
        await world.engine.containers.kill("run", "NOPE")


async def test_kill_of_a_container_between_two_runs_calls_the_restart_off(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pier.engine.containers.restart.MIN_BACKOFF", 10_000_000_000)
    container_id = await world.run("web", host=ALWAYS)
    world.end(container_id, 3)
    await world.until(lambda: world.container("web").state.status is Status.RESTARTING)
    since = len(world.events)
    await world.engine.containers.kill("web", "USR1")
    assert world.container("web").state.status is Status.RESTARTING
    await world.engine.containers.kill("web")
    assert world.container("web").state.status is Status.EXITED
    assert world.actions(since) == []


# -- restart --------------------------------------------------------------------------------------------------------


async def test_restart_is_stop_and_start(world: World) -> None:
    await world.run("web")
    first, since = world.container("web").state.pid, len(world.events)
    await world.engine.containers.restart("web")
    assert world.container("web").state.status is Status.RUNNING
    assert world.container("web").state.pid != first
    assert world.actions(since) == ["kill", *STOPPED, "network connect", "start", "restart"]
    assert world.container("web").restart_count == 0


async def test_restart_of_what_is_down_asks_for_no_signal(world: World) -> None:
    await world.create("web")
    await world.engine.containers.restart("web", signal="NOPE")
    assert world.container("web").state.status is Status.RUNNING


async def test_restart_keeps_a_container_that_goes_at_its_end(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    start = Lifecycle._start

    async def late(self: Lifecycle, container_id: str) -> None:
        await world.turns()  # what would be removed is removed by then
        await start(self, container_id)

    await world.run("web", host=HostConfig(auto_remove=True))
    monkeypatch.setattr(Lifecycle, "_start", late)
    await world.engine.containers.restart("web")
    assert world.container("web").state.status is Status.RUNNING
    await world.engine.containers.stop("web")
    await world.until(lambda: world.actions()[-1] == "destroy")


async def test_after_a_restart_a_policy_acts_again(world: World) -> None:
    container_id = await world.run("web", host=ALWAYS)
    await world.engine.containers.restart("web")
    world.end(container_id, 1)
    await world.until(lambda: world.container("web").restart_count == 1)


# -- restart policies and starts that fail ----------------------------------------------------------------------------


async def test_a_restart_that_cannot_be_made_ends_the_wait_with_its_reason(world: World) -> None:
    container_id = await world.run("web", host=ALWAYS)
    world.containerd.state.failures["tasks.create"] = PierError("no more room")
    world.containerd.state.gates["tasks.create"] = gate = asyncio.Event()
    world.end(container_id, 1)
    await world.until(lambda: world.container("web").state.status is Status.RESTARTING)
    waiting = await world.engine.containers.wait("web", "not-running")
    gate.set()
    assert await asyncio.wait_for(waiting.result(), 5) == (128, "no more room")
    assert (world.container("web").state.status, world.container("web").state.error) == (Status.EXITED, "no more room")


async def test_a_restart_is_tried_again_until_containerd_is_back(world: World) -> None:
    container_id = await world.run("web", host=ALWAYS)
    world.containerd.state.failures["tasks.create"] = Unavailable("containerd does not answer")
    world.end(container_id, 1)
    await world.until(lambda: world.calls("tasks.create") == ["tasks.create"] * 3)
    await world.until(lambda: world.container("web").state.status is Status.RUNNING)


# -- pause and rename -------------------------------------------------------------------------------------------------


async def test_pause_and_back(world: World) -> None:
    await world.run("web")
    await world.engine.containers.pause("web")
    assert world.container("web").state.status is Status.PAUSED
    assert world.container("web").state.is_running
    with pytest.raises(Conflict, match="already paused"):
        await world.engine.containers.pause("web")
    await world.engine.containers.unpause("web")
    assert world.container("web").state.status is Status.RUNNING
    assert world.actions()[-2:] == ["pause", "unpause"]


async def test_pause_of_what_does_not_run_and_unpause_of_what_does(world: World) -> None:
    await world.create("web")
    with pytest.raises(Conflict, match="is not running"):
        await world.engine.containers.pause("web")
    await world.engine.containers.start("web")
    with pytest.raises(PierError, match="is not paused"):
        await world.engine.containers.unpause("web")


async def test_rename_frees_the_old_name(world: World) -> None:
    container_id = await world.run("old")
    await world.engine.containers.rename("old", "/new")
    assert world.container("new").id == container_id
    with pytest.raises(NotFound):
        world.container("old")
    event = world.events[-1]
    assert (event.action, event.attributes["oldName"], event.attributes["name"]) == ("rename", "/old", "new")


async def test_names_a_container_cannot_get(world: World) -> None:
    await world.create("one")
    other = await world.create("two")
    with pytest.raises(Conflict, match=f'The container name "/two" is already in use by container "{other}"'):
        await world.engine.containers.rename("one", "two")
    for name in ("", "one", "-x"):
        with pytest.raises(InvalidArgument):
            await world.engine.containers.rename("one", name)


async def test_of_two_renames_to_one_name_one_wins(world: World) -> None:
    await world.create("one")
    await world.create("two")
    rename = world.engine.containers.rename
    results = await asyncio.gather(rename("one", "new"), rename("two", "new"), return_exceptions=True)
    assert sorted(type(result).__name__ for result in results) == ["Conflict", "NoneType"]


async def test_a_rename_does_not_take_the_name_of_a_container_being_made(world: World) -> None:
    await world.create("one")
    before = len(world.calls("snapshots.prepare"))
    world.containerd.state.gates["snapshots.prepare"] = gate = asyncio.Event()
    async with asyncio.TaskGroup() as clients:
        clients.create_task(world.create("new"))
        await world.until(lambda: len(world.calls("snapshots.prepare")) > before)
        with pytest.raises(Conflict):
            await world.engine.containers.rename("one", "new")
        gate.set()


async def test_a_signal_that_comes_after_the_end_is_not_told_of(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    container_id = await world.run("web")
    gate, settling = asyncio.Event(), asyncio.Event()

    async def held(path: str) -> int:
        settling.set()
        await gate.wait()
        return 0

    monkeypatch.setattr(world.host, "oom_kills", held)
    async with asyncio.TaskGroup() as clients:
        world.end(container_id)
        await settling.wait()
        clients.create_task(world.engine.containers.kill("web", "USR1"))
        await world.turns()
        gate.set()
    assert "kill" not in world.actions()
