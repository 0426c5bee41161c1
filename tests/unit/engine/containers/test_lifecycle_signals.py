"""Signals that come before there is anybody to take them."""

import asyncio

import pytest
from fakes.world import World

DEAF = ("sh", "-c", "trap '' TERM; serve")


def signals(world: World) -> list[int]:
    return [signal for _, _, signal in world.containerd.tasks.signals]


async def test_a_signal_waits_until_the_runtimes_process_is_the_containers(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    awaited, became = list[int](), asyncio.Event()

    async def wait_for_program(pid: int, patience: float) -> bool:
        awaited.append(pid)
        return await became.wait()

    monkeypatch.setattr(world.host, "wait_for_program", wait_for_program)
    await world.run("web", *DEAF)
    async with asyncio.TaskGroup() as clients:
        clients.create_task(world.engine.containers.kill("web", "TERM"))
        await world.until(lambda: awaited == [world.container("web").state.pid])
        await world.turns()
        assert signals(world) == []
        became.set()
    assert signals(world) == [15]
    await world.engine.containers.kill("web")  # that ends whatever it is
    assert (signals(world), len(awaited)) == ([15, 9], 1)
