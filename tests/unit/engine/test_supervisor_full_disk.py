"""The disk is full for a while: nothing is recorded, but nothing is forgotten, and all goes on when there is room."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from fakes.world import World

from pier.domain.container import ExecConfig, Healthcheck, HostConfig, RestartPolicy, Status
from pier.domain.errors import PierError
from pier.domain.runtime import TaskStatus
from pier.engine.containers import lifecycle

FULL = "cannot write to pier.db: database or disk is full"


@contextmanager
def full_disk(world: World, when: Callable[[Any], bool] = lambda changes: True) -> Iterator[list[Any]]:
    """No commit succeeds (of those that `when` picks); what was tried."""
    commit, tried = world.records.commit, list[Any]()

    async def refuse(changes: Any, **options: Any) -> None:
        if when(changes):
            tried.append(changes)
            raise PierError(FULL)
        await commit(changes, **options)

    world.records.commit = refuse  # type: ignore[method-assign]
    try:
        yield tried
    finally:
        world.records.commit = commit  # type: ignore[method-assign]


async def test_an_exit_is_recorded_when_there_is_room(world: World) -> None:
    container_id = await world.run("web")
    with full_disk(world) as tried:
        world.end(container_id, 3)
        await world.until(lambda: tried)
        await world.turns()
    ended = await world.ended("web")
    assert (ended.state.status, ended.state.exit_code) == (Status.EXITED, 3)


async def test_an_exec_starts_and_ends_without_its_events(world: World) -> None:
    container_id = await world.run("web")
    exec_id = await world.engine.execs.create("web", ExecConfig(cmd=("serve",), attach_stdout=True))
    with full_disk(world):
        attachment = await world.engine.execs.start(exec_id, detach=False)
        assert attachment is not None
        world.stream(container_id, exec_id).emit(b"out")
        world.end(container_id, 4, exec_id)
        async with asyncio.timeout(5):
            assert [data async for _, data in attachment] == [b"out"]
    assert world.engine.execs.inspect(exec_id).exit_code == 4


async def test_a_health_check_goes_on(world: World) -> None:
    await world.run("web", healthcheck=Healthcheck(test=("CMD", "exit 0"), interval=1_000_000))
    with full_disk(world) as tried:
        await world.until(lambda: len(tried) > 5)
    await world.until(lambda: (health := world.container("web").state.health) and health.status == "healthy")


async def test_restarts_do_not_come_without_a_pause(world: World) -> None:
    container_id = await world.run("web", host=HostConfig(restart_policy=RestartPolicy(name="always")))
    with full_disk(world, lambda changes: world.container("web").state.status is Status.RESTARTING) as tried:
        world.end(container_id, 1)
        await world.until(lambda: tried)
        await asyncio.sleep(0.3)
        assert len(tried) < 20
    await world.until(lambda: world.container("web").state.status is Status.RUNNING)


async def test_who_is_stopped_meanwhile_ends_and_stays_down(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """What fills the disk must not be the one thing that cannot be stopped."""
    monkeypatch.setattr(lifecycle, "KILL_PATIENCE", 0.05)
    container_id = await world.run("web", host=HostConfig(restart_policy=RestartPolicy(name="always")))
    with full_disk(world), pytest.raises(PierError, match="did not end within"):
        await world.engine.containers.kill("web")
    assert world.containerd.state.tasks[container_id].init.status is TaskStatus.STOPPED
    ended = await world.ended("web")
    assert (ended.state.status, ended.state.stopped_by_user) == (Status.EXITED, True)
    await world.turns()
    assert world.container("web").state.status is Status.EXITED
    await world.engine.containers.start("web")
    world.end(container_id, 1)
    await world.until(lambda: world.container("web").restart_count == 1)


async def test_a_removal_that_could_not_be_recorded_is_done_again(world: World) -> None:
    await world.create("web")
    removing = full_disk(world, lambda changes: world.container("web").state.status is Status.REMOVING)
    with removing, pytest.raises(PierError, match="disk is full"):
        await world.engine.containers.remove("web")
    await world.engine.containers.remove("web")
    assert not world.context.memory.containers
    assert not (await world.records.load()).containers
