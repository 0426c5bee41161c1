"""wait: which end each condition means, and that none is missed."""

import asyncio

import pytest
from fakes.world import World

from pier.domain.container import HostConfig, RestartPolicy, Status
from pier.domain.errors import InvalidArgument, NotFound, StartFailed
from pier.engine.containers.wait import Wait

RETRY = HostConfig(restart_policy=RestartPolicy(name="on-failure", maximum_retry_count=1))


async def result_of(wait: Wait) -> tuple[int, str]:
    async with asyncio.timeout(5):
        return await wait.result()


async def still_waits(world: World, wait: Wait) -> bool:
    await world.turns()
    return not wait._future.done()


@pytest.mark.parametrize("condition", ["", "not-running"])
async def test_not_running_answers_at_once_for_what_is_down(world: World, condition: str) -> None:
    await world.create("new")
    assert await result_of(await world.engine.containers.wait("new", condition)) == (0, "")
    await world.run("end", "sh", "-c", "exit 7")
    await world.ended("end")
    assert await result_of(await world.engine.containers.wait("end", condition)) == (7, "")


async def test_a_failed_start_counts_as_0_while_the_container_is_only_created(world: World) -> None:
    await world.create("web", "nosuch")
    with pytest.raises(Exception, match="not found"):
        await world.engine.containers.start("web")
    assert await result_of(await world.engine.containers.wait("web", "not-running")) == (0, "")


async def test_a_start_on_its_way_that_fails_is_waited_for_no_longer(world: World) -> None:
    await world.create("web")
    world.containerd.state.gates["tasks.start"] = gate = asyncio.Event()
    world.containerd.state.failures["tasks.start"] = StartFailed("permission denied", 126)

    async def start() -> None:
        with pytest.raises(StartFailed):
            await world.engine.containers.start("web")

    async with asyncio.TaskGroup() as clients:
        clients.create_task(start())
        await world.until(lambda: world.calls("tasks.start"))
        wait = clients.create_task(world.engine.containers.wait("web", "not-running"))
        await world.turns()
        gate.set()
    assert await result_of(wait.result()) == (0, "")


async def test_not_running_ends_with_a_run_that_a_policy_follows_with_another(world: World) -> None:
    container_id = await world.run("web", host=RETRY)
    wait = await world.engine.containers.wait("web", "not-running")
    world.end(container_id, 1)
    assert await result_of(wait) == (1, "")
    await world.until(lambda: world.container("web").state.status is Status.RUNNING)
    again = await world.engine.containers.wait("web", "not-running")
    assert await still_waits(world, again)
    world.end(container_id, 9)
    assert await result_of(again) == (9, "")


async def test_between_two_runs_of_a_policy_it_waits_for_the_end_of_the_next(world: World) -> None:
    world.containerd.state.gates["tasks.create"] = gate = asyncio.Event()
    gate.set()
    container_id = await world.run("web", host=RETRY)
    gate.clear()
    world.end(container_id, 1)
    await world.until(lambda: world.container("web").state.status is Status.RESTARTING)
    wait = await world.engine.containers.wait("web", "not-running")
    gate.set()
    await world.until(lambda: world.container("web").state.status is Status.RUNNING)
    assert await still_waits(world, wait)
    world.end(container_id, 9)
    assert await result_of(wait) == (9, "")


async def test_an_end_that_a_restart_follows_is_over_for_who_comes_while_it_is_cleaned_up(world: World) -> None:
    container_id = await world.run("web", host=RETRY)
    world.containerd.state.gates["tasks.delete"] = gate = asyncio.Event()
    world.end(container_id, 1)
    await world.until(lambda: world.container("web").state.status is Status.RESTARTING)
    async with asyncio.TaskGroup() as clients:
        waiting = clients.create_task(world.engine.containers.wait("web", "not-running"))
        await world.turns()
        gate.set()
    await world.until(lambda: world.container("web").state.status is Status.RUNNING)
    world.end(container_id, 9)
    assert await result_of(waiting.result()) == (9, "")


async def test_next_exit_ignores_ends_that_have_been(world: World) -> None:
    container_id = await world.run("web", "sh", "-c", "serve")
    world.end(container_id, 1)
    await world.ended("web")
    wait = await world.engine.containers.wait("web", "next-exit")
    assert await still_waits(world, wait)
    await world.engine.containers.start("web")
    world.end(container_id, 2)
    assert await result_of(wait) == (2, "")


async def test_next_exit_is_the_first_run_of_several(world: World) -> None:
    await world.create("web", "sh", "-c", "exit 1", host=RETRY)
    wait = await world.engine.containers.wait("web", "next-exit")
    await world.engine.containers.start("web")
    assert await result_of(wait) == (1, "")


async def test_removed_fires_once_the_name_is_free(world: World) -> None:
    container_id = await world.run("web")
    wait = await world.engine.containers.wait("web", "removed")
    world.end(container_id, 4)
    assert await still_waits(world, wait)
    await world.engine.containers.remove("web")
    assert await result_of(wait) == (4, "")
    await world.create("web")


async def test_waits_for_an_exit_end_with_a_removal(world: World) -> None:
    await world.create("web")
    wait = await world.engine.containers.wait("web", "next-exit")
    await world.engine.containers.remove("web")
    assert await result_of(wait) == (0, "")


async def test_it_answers_once_the_last_output_is_read(world: World) -> None:
    container_id = await world.run("web")
    wait = await world.engine.containers.wait("web", "not-running")
    world.containerd.state.gates["tasks.delete"] = gate = asyncio.Event()
    world.end(container_id, 3)
    await world.until(lambda: world.container("web").state.status is Status.EXITED)
    async with asyncio.TaskGroup() as clients:
        late = clients.create_task(world.engine.containers.wait("web", "not-running"))
        assert await still_waits(world, wait)
        assert not late.done()
        gate.set()
    assert await result_of(wait) == await result_of(late.result()) == (3, "")
    assert world.stream(container_id).finished


async def test_several_may_wait(world: World) -> None:
    container_id = await world.run("web")
    waits = [await world.engine.containers.wait("web", "next-exit") for _ in range(3)]
    world.end(container_id, 2)
    assert [await result_of(wait) for wait in waits] == [(2, "")] * 3


async def test_what_cannot_be_waited_for(world: World) -> None:
    await world.create("web")
    with pytest.raises(InvalidArgument, match="invalid condition"):
        await world.engine.containers.wait("web", "sometime")
    with pytest.raises(NotFound):
        await world.engine.containers.wait("gone", "removed")
