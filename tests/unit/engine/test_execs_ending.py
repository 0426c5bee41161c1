"""execs of a container that ends, and starts again, while they are under way."""

import asyncio

import pytest
from fakes.world import World

from pier.domain.container import ExecConfig, Status
from pier.domain.errors import Conflict, StartFailed
from pier.domain.runtime import TaskExit, TaskStatus

SERVE = ExecConfig(cmd=("serve",), attach_stdout=True, attach_stderr=True)


async def run_exec(world: World) -> str:
    """The id of an exec in `web`, started."""
    exec_id = await world.engine.execs.create("web", SERVE)
    await world.engine.execs.start(exec_id, detach=True)
    return exec_id


async def test_execs_that_wait_for_their_container_do_not_keep_it_from_starting_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As many as have a place at the gate, told late that they were added: a start has the lock by then."""
    container_id = await world.run("web")
    add_exec, late, cleaning = world.containerd.tasks.add_exec, asyncio.Event(), asyncio.Event()

    async def added_late(*asked: object) -> None:
        await add_exec(*asked)  # type: ignore[arg-type]  # handed on
        await late.wait()

    monkeypatch.setattr(world.containerd.tasks, "add_exec", added_late)
    async with asyncio.timeout(5), asyncio.TaskGroup() as clients:
        for _ in range(4):
            clients.create_task(run_exec(world))
        await world.until(lambda: len(world.containerd.state.tasks[container_id].execs) == 4)
        world.containerd.state.gates["tasks.delete"] = cleaning
        world.end(container_id)
        await world.until(lambda: world.calls("tasks.delete"))
        clients.create_task(world.engine.containers.start("web"))
        await world.turns()
        late.set()
        await world.turns()
        cleaning.set()
    assert world.container("web").state.status is Status.RUNNING


async def test_an_exec_that_is_known_to_have_started_after_its_container_has_ended(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    container_id = await world.run("web")
    gate = world.hold_after_start(monkeypatch)
    exec_id = await world.engine.execs.create("web", SERVE)
    async with asyncio.TaskGroup() as clients:
        client = clients.create_task(world.engine.execs.start(exec_id, detach=False))
        await world.until(lambda: len(world.calls("tasks.start")) == 2)
        del world.containerd.state.tasks[container_id].execs[exec_id]  # nobody reports its end
        world.end(container_id)
        await world.ended("web")
        await world.engine.containers.remove("web")
        gate.set()
    attachment = client.result()
    assert attachment is not None
    async with asyncio.timeout(5):
        assert [chunk async for chunk in attachment] == []


async def test_the_end_of_a_run_is_not_that_of_the_next_ones_execs(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    container_id = await world.run("web")
    first = await run_exec(world)
    delete, gate = world.containerd.tasks.delete, asyncio.Event()

    async def held(container_id: str, exec_id: str = "") -> TaskExit:
        if exec_id == first:
            await gate.wait()
        return await delete(container_id, exec_id)

    monkeypatch.setattr(world.containerd.tasks, "delete", held)
    del world.containerd.state.tasks[container_id].execs[first]
    world.end(container_id)
    await world.ended("web")
    await world.engine.containers.start("web")
    second = await world.engine.execs.create("web", SERVE)
    await world.engine.execs.start(second, detach=True)
    gate.set()
    await world.turns()
    assert world.engine.execs.inspect(second).running


async def test_an_exec_whose_container_ends_just_then_is_refused_as_a_moment_later(world: World) -> None:
    container_id = await world.run("web")
    exec_id = await world.engine.execs.create("web", SERVE)
    world.containerd.state.failures["tasks.add_exec"] = StartFailed("cannot exec in a stopped container", 126)
    world.containerd.state.tasks[container_id].init.status = TaskStatus.STOPPED
    with pytest.raises(Conflict, match=f"container {container_id} is not running"):
        await world.engine.execs.start(exec_id, detach=True)
