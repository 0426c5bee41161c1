"""containerd answers an error, or nothing, while pierd looks at what there is or cleans up: it is made good later."""

import pytest
from fakes.world import World

from pier.domain.container import Status
from pier.domain.errors import PierError, Unavailable

SLOW = Unavailable("cannot list the tasks: containerd gave no answer in time")


async def leave_behind(world: World) -> str:
    """A container that has ended, whose task and object containerd would not delete."""
    container_id = await world.run("web")
    world.containerd.state.failures |= {"tasks.delete": SLOW, "containers.delete": SLOW}
    world.end(container_id)
    await world.ended("web")
    assert container_id in world.containerd.state.tasks
    assert container_id in world.containerd.state.containers
    return container_id


async def test_a_list_that_fails_is_asked_for_again(world: World) -> None:
    container_id = await world.run("web")
    await world.shut_down()
    world.end(container_id, 3)
    world.containerd.state.failures["tasks.list"] = SLOW
    await world.boot()
    assert world.container("web").state.exit_code == 3


async def test_a_start_takes_away_what_the_last_run_has_left(world: World) -> None:
    container_id = await leave_behind(world)
    await world.engine.containers.start("web")
    assert world.container("web").state.status is Status.RUNNING
    assert world.containerd.state.tasks[container_id].init.pid == world.container("web").state.pid


async def test_what_an_exit_has_left_goes_when_containerd_is_back(world: World) -> None:
    await leave_behind(world)
    world.containerd.stop()
    await world.turns()
    world.containerd.start()
    await world.until(lambda: not world.containerd.state.tasks and not world.containerd.state.containers)
    assert world.container("web").state.status is Status.EXITED


async def test_one_that_cannot_be_taken_up_keeps_no_other_from_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = await world.run("bad"), await world.run("good")
    await world.shut_down()
    take_up = world.inits.take_up

    async def picky(container_id: str, pid: int) -> None:
        if container_id == bad:
            raise PierError("the keeper does not answer")
        await take_up(container_id, pid)

    monkeypatch.setattr(world.inits, "take_up", picky)
    await world.boot()
    await world.until(world.engine.supervisor.reconciled.is_set)
    assert world.inits.taken_up == [good]


async def test_an_error_that_nobody_thought_of_keeps_nobody_waiting_for_an_exit(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    container_id = await world.run("web")
    with monkeypatch.context() as patch:
        patch.setattr(world.networks, "disconnect", broken)
        world.end(container_id, 3)
        assert (await world.ended("web")).state.exit_code == 3
    await world.engine.containers.start("web")
    assert world.container("web").state.status is Status.RUNNING


async def broken(*_: object) -> None:
    raise RuntimeError("a fault")
