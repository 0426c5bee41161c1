"""Steps run at once; an error comes out as itself and the others are stopped first."""

import asyncio

import pytest

from pier.domain.errors import Conflict
from pier.engine.together import together


async def test_results_come_in_order() -> None:
    async def step(value: int, turns: int) -> int:
        for _ in range(turns):
            await asyncio.sleep(0)
        return value

    assert await together(step(1, 5), step(2, 1)) == [1, 2]


async def test_the_error_is_raised_bare_after_the_others_have_ended() -> None:
    ended = []

    async def slow() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("slow")

    async def failing() -> None:
        raise Conflict("no")

    with pytest.raises(Conflict):
        await together(slow(), failing())
    assert ended == ["slow"]
