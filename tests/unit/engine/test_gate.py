"""Hung creates cannot keep anybody from killing."""

import asyncio

from pier.engine.gate import Gate


async def test_making_is_bounded_and_ending_has_places_of_its_own() -> None:
    gate = Gate(cpus=1)
    inside = 0
    most = 0

    async def make(go_on: asyncio.Event) -> None:
        nonlocal inside, most
        async with gate.making():
            inside += 1
            most = max(most, inside)
            await go_on.wait()
            inside -= 1

    async with asyncio.TaskGroup() as group:
        go_on = asyncio.Event()
        for _ in range(5):
            group.create_task(make(go_on))
        for _ in range(10):
            await asyncio.sleep(0)
        async with asyncio.timeout(1), gate.ending():
            assert inside == 2
        go_on.set()
    assert most == 2
