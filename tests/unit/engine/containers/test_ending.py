"""A task that should not be is gone afterwards, however long its process takes to die."""

import pytest
from fakes.containerd.state import Process, Task
from fakes.world import World

from pier.domain.errors import Conflict, PierError, Unavailable
from pier.domain.runtime import TaskStatus
from pier.engine.containers import ending
from pier.engine.containers.ending import as_ended, end_task, has_ended


def give_task(world: World, *args: str) -> None:
    tasks = world.containerd.state.tasks
    tasks["c"] = Task(Process(next(world.containerd.state.pids), args, status=TaskStatus.RUNNING))


async def unheard(container_id: str, signal: int, *, everyone: bool = False) -> None:
    """A signal to a process that hangs in the kernel."""


async def test_running_task_is_killed_and_deleted_once_it_has_ended(world: World) -> None:
    give_task(world, "sleep")
    await end_task(world.containerd.tasks, "c")
    assert "c" not in world.containerd.state.tasks
    assert ("c", "", 9) in world.containerd.tasks.signals


async def test_absent_task_is_no_error(world: World) -> None:
    await end_task(world.containerd.tasks, "c")


async def test_deletion_that_is_refused_is_tried_again(world: World) -> None:
    give_task(world, "sleep")
    world.containerd.state.failures["tasks.delete"] = Conflict("cannot delete a running process")
    await end_task(world.containerd.tasks, "c")
    assert "c" not in world.containerd.state.tasks


async def test_frozen_task_is_thawed_to_die(world: World) -> None:
    give_task(world, "sleep")
    world.containerd.state.tasks["c"].init.status = TaskStatus.PAUSED
    await end_task(world.containerd.tasks, "c")
    assert "c" not in world.containerd.state.tasks


async def test_process_that_does_not_die_is_an_error_in_the_end(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    give_task(world, "sleep")
    world.containerd.state.tasks["c"].init.args = ("trap",)
    monkeypatch.setattr(world.containerd.tasks, "kill", unheard)
    monkeypatch.setattr(ending, "_PATIENCE", 0.05)
    with pytest.raises(Conflict):
        await end_task(world.containerd.tasks, "c")


async def test_whether_a_task_has_ended(world: World) -> None:
    tasks = world.containerd.tasks
    assert await has_ended(tasks, "c")
    give_task(world, "sleep")
    assert not await has_ended(tasks, "c")
    tasks.end("c")
    assert await has_ended(tasks, "c")
    world.containerd.state.failures["tasks.get"] = Unavailable("away")
    assert not await has_ended(tasks, "c")


async def test_what_fails_because_the_process_has_ended(world: World) -> None:
    tasks = world.containerd.tasks
    give_task(world, "sleep")
    with pytest.raises(PierError, match="ttrpc: closed") as kept:
        async with as_ended(tasks, "c"):
            raise PierError("ttrpc: closed")
    assert type(kept.value) is PierError
    tasks.end("c")
    with pytest.raises(Conflict, match="container c is not running"):
        async with as_ended(tasks, "c"):
            raise PierError("ttrpc: closed")
