"""Streams that give way to those that came before them."""

import asyncio
from collections.abc import AsyncIterator

from pier.engine.images.turns import Turns


class Source:
    """A stream that is given its pieces by hand; `""` ends it."""

    def __init__(self) -> None:
        self._pieces: asyncio.Queue[bytes] = asyncio.Queue()

    def give(self, *pieces: bytes) -> None:
        for piece in pieces:
            self._pieces.put_nowait(piece)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while piece := await self._pieces.get():
            yield piece


async def _ready(step: "asyncio.Task[bytes]") -> bool:
    """Whether it is done once everything that can go on has."""
    for _ in range(10):
        await asyncio.sleep(0)
    return step.done()


def _next(stream: AsyncIterator[bytes]) -> "asyncio.Task[bytes]":
    async def step() -> bytes:
        return await anext(stream)

    return asyncio.get_running_loop().create_task(step())


async def test_later_stream_waits_while_an_earlier_one_has_something_to_give() -> None:
    turns = Turns(patience=60)
    first, second = Source(), Source()
    lower, upper = turns.in_turn(aiter(first)), turns.in_turn(aiter(second))
    first.give(b"1", b"2")
    second.give(b"a", b"b")
    assert await anext(lower) == b"1"  # whoever took it works on it
    waiting = _next(upper)
    assert not await _ready(waiting)
    assert await anext(lower) == b"2"
    assert not await _ready(waiting)
    asking = _next(lower)  # all that came of the first is worked off: the network's turn
    assert await _ready(waiting)
    assert not asking.done()
    first.give(b"3")
    assert await asking == b"3"  # an earlier one never waits for a later
    waiting = _next(upper)
    assert not await _ready(waiting)
    first.give(b"")
    assert [piece async for piece in lower] == []
    assert await waiting == b"b"


async def test_place_is_that_of_the_asking_not_of_the_first_piece() -> None:
    turns = Turns(patience=60)
    first, second = Source(), Source()
    lower, upper = turns.in_turn(aiter(first)), turns.in_turn(aiter(second))
    second.give(b"a", b"b")
    assert await anext(upper) == b"a"
    first.give(b"1")
    assert await anext(lower) == b"1"
    waiting = _next(upper)
    assert not await _ready(waiting)
    await lower.aclose()  # type: ignore[attr-defined]  # an async generator
    assert await waiting == b"b"


async def test_nobody_waits_for_ever() -> None:
    turns = Turns(patience=0.05)
    first, second = Source(), Source()
    lower, upper = turns.in_turn(aiter(first)), turns.in_turn(aiter(second))
    first.give(b"1")
    second.give(b"a", b"b", b"")
    assert await anext(lower) == b"1"
    assert [piece async for piece in upper] == [b"a", b"b"]


async def test_stream_that_is_given_up_lets_the_next_one_on() -> None:
    turns = Turns(patience=60)
    first, second = Source(), Source()
    lower, upper = turns.in_turn(aiter(first)), turns.in_turn(aiter(second))
    first.give(b"1")
    second.give(b"a")
    assert await anext(lower) == b"1"
    waiting = _next(upper)
    assert not await _ready(waiting)
    await lower.aclose()  # type: ignore[attr-defined]  # an async generator
    assert await waiting == b"a"
