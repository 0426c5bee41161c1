"""What a restart of pierd means for the streams of containers."""

import asyncio

from fakes.world import World

from pier.domain.container import Status
from pier.domain.errors import PierError
from pier.engine.containers.taking_up import take_up_streams


async def test_streams_that_are_there_are_left_alone(world: World) -> None:
    container_id = await world.run("web")
    stream = world.context.live.stream(container_id)
    await take_up_streams(world.context, world.container("web"))
    assert world.context.live.stream(container_id) is stream


async def test_running_containers_have_their_streams_after_a_restart(world: World) -> None:
    several = [await world.run(f"web{number}") for number in range(3)]
    await world.restart()
    assert all(world.context.live.stream(container_id) is not None for container_id in several)


async def test_lists_are_true_before_streams_are_taken_up_and_an_exit_takes_up_its_own(world: World) -> None:
    container_id = await world.run("web")
    before = world.engine
    await world.shut_down()
    gate = world.streams.gate = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(world.boot(), name="boot")
        await world.until(lambda: world.engine is not before and world.engine.supervisor.agreed.is_set())
        assert world.context.live.stream(container_id) is None
        assert [one.container.name for one in await world.engine.containers.list()] == ["web"]
        world.end(container_id, 3)
        gate.set()
    state = (await world.ended("web")).state
    assert (state.status, state.exit_code) == (Status.EXITED, 3)
    assert world.streams.reopened == [(container_id, "")]


async def test_streams_that_cannot_be_opened_do_not_keep_an_exit_from_being_recorded(world: World) -> None:
    container_id = await world.run("web")
    await world.shut_down()
    world.streams.failure = PierError("the FIFO is gone")
    await world.boot()
    world.end(container_id, 4)
    assert (await world.ended("web")).state.exit_code == 4
