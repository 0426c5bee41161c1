"""logs: what was kept, and how long following goes on."""

import asyncio

import pytest
from fakes.streams import FakeLogLine
from fakes.world import World

from pier.domain.container import HostConfig, LogConfig
from pier.domain.errors import InvalidArgument, NotFound, Unsupported
from pier.engine.containers.logs import LogOptions

FOLLOW = LogOptions(stdout=True, stderr=True, follow=True)


def log(world: World, *lines: FakeLogLine) -> None:
    world.logs.lines.setdefault(world.container("web").log_path, []).extend(lines)


async def read(world: World, options: LogOptions) -> list[bytes]:
    _, batches = await world.engine.containers.logs("web", options)
    async with asyncio.timeout(5):
        return [line.text async for batch in batches for line in batch]


async def test_streams_times_and_tail_are_chosen(world: World) -> None:
    await world.run("web")
    log(world, *(FakeLogLine(1 + n % 2, n, b"%d\n" % n) for n in range(6)))
    assert await read(world, LogOptions(stdout=True)) == [b"0\n", b"2\n", b"4\n"]
    assert await read(world, LogOptions(stdout=True, stderr=True, tail=1)) == [b"5\n"]
    assert await read(world, LogOptions(stdout=True, stderr=True, since=2, until=3)) == [b"2\n", b"3\n"]


async def test_whether_there_is_a_terminal_is_told(world: World) -> None:
    await world.create("web", tty=True)
    assert (await world.engine.containers.logs("web", LogOptions(stdout=True)))[0]


async def test_following_ends_with_the_run_after_its_last_line(world: World) -> None:
    container_id = await world.run("web")
    log(world, FakeLogLine(1, 1, b"first\n"))
    world.containerd.state.gates["tasks.delete"] = gate = asyncio.Event()
    async with asyncio.TaskGroup() as clients:
        reading = clients.create_task(read(world, FOLLOW))
        await world.turns()
        world.end(container_id)
        await world.until(lambda: not world.container("web").state.has_task)
        log(world, FakeLogLine(1, 2, b"last\n"))
        gate.set()
    assert reading.result() == [b"first\n", b"last\n"]


async def test_following_does_not_go_over_to_the_next_run(world: World) -> None:
    await world.run("web")
    async with asyncio.TaskGroup() as clients:
        reading = clients.create_task(read(world, FOLLOW))
        await world.turns()
        await world.engine.containers.restart("web")
    assert reading.result() == []


async def test_following_what_is_down_ends_at_once(world: World) -> None:
    container_id = await world.run("web")
    world.end(container_id)
    await world.ended("web")
    log(world, FakeLogLine(1, 1, b"old\n"))
    assert await read(world, FOLLOW) == [b"old\n"]


async def test_following_ends_with_a_removal(world: World) -> None:
    await world.run("web")
    async with asyncio.TaskGroup() as clients:
        reading = clients.create_task(read(world, FOLLOW))
        await world.turns()
        await world.engine.containers.remove("web", force=True)
    assert reading.result() == []


async def test_what_cannot_be_read(world: World) -> None:
    await world.create("web", host=HostConfig(log_config=LogConfig(driver="none")))
    with pytest.raises(Unsupported, match="does not support reading"):
        await world.engine.containers.logs("web", FOLLOW)
    await world.create("two")
    with pytest.raises(InvalidArgument, match="at least one stream"):
        await world.engine.containers.logs("two", LogOptions())
    with pytest.raises(NotFound):
        await world.engine.containers.logs("gone", FOLLOW)
