"""What is done to a paused container, and on the way there."""

import asyncio
from collections.abc import Awaitable

import pytest
from fakes.world import World

from pier.domain.container import ExecConfig, Status
from pier.domain.errors import Conflict, PierError
from pier.domain.runtime import TaskStatus


@pytest.mark.parametrize(
    ("own", "signal", "goes_on"), [("", "USR1", True), ("HUP", "USR1", False), ("HUP", "HUP", True)]
)
async def test_a_paused_container_is_thawed_by_what_it_shall_act_on(
    world: World, own: str, signal: str, goes_on: bool
) -> None:
    """As with dockerd: any signal, or its stop signal alone where it has one of its own."""
    await world.run("web", "serve", stop_signal=own)
    await world.engine.containers.pause("web")
    since = len(world.events)
    await world.engine.containers.kill("web", signal)
    assert world.actions(since)[:2] == ["kill", "unpause"][: 1 + goes_on]


async def test_a_pause_waits_for_an_exec_on_its_way_and_an_exec_for_a_pause(world: World) -> None:
    """A process that joins a frozen cgroup hangs, and with it every further call to the shim."""
    container_id = await world.run("web")
    execs = world.engine.execs
    first = await execs.create("web", ExecConfig(cmd=("serve",)))
    second = await execs.create("web", ExecConfig(cmd=("serve",)))
    gate = world.containerd.state.gates["tasks.start"] = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(execs.start(first, detach=True), name="exec")
        await world.until(lambda: world.calls("tasks.start").count("tasks.start") == 2)
        group.create_task(world.engine.containers.pause("web"), name="pause")
        await world.turns()
        assert world.container("web").state.status is Status.RUNNING
        late = group.create_task(refused(execs.start(second, detach=True)), name="late exec")
        await world.turns()
        gate.set()
    assert world.container("web").state.status is Status.PAUSED
    assert world.containerd.state.tasks[container_id].execs[first].status is TaskStatus.RUNNING
    assert "is paused" in late.result()


async def refused(start: Awaitable[object]) -> str:
    """What a Conflict says."""
    with pytest.raises(Conflict) as refusal:
        await start
    return refusal.value.message


@pytest.mark.parametrize("verb", ["pause", "unpause"])
async def test_what_ends_just_then_is_neither_paused_nor_thawed(world: World, verb: str) -> None:
    container_id = await world.run("web")
    if verb == "unpause":
        await world.engine.containers.pause("web")
    call = {"pause": "tasks.pause", "unpause": "tasks.resume"}[verb]
    world.containerd.state.failures[call] = PierError("OCI runtime failed: container not running")
    world.containerd.state.tasks[container_id].init.status = TaskStatus.STOPPED
    with pytest.raises(Conflict, match=f"container {container_id} is not running"):
        await getattr(world.engine.containers, verb)("web")
