"""Who waits for what, and when they are told."""

import asyncio
from typing import cast

from pier.engine.live import Live, Outcome
from pier.engine.ports import Stream


async def test_an_exit_wakes_those_who_wait_for_exits_only() -> None:
    live = Live()
    exit_, removal = live.expect_exit("c"), live.expect_removal("c")
    live.exited("c", Outcome(3))
    assert await exit_ == Outcome(3)
    assert not removal.done()
    live.removed("c", Outcome(3))
    assert await removal == Outcome(3)


async def test_removal_ends_those_who_wait_for_a_stream() -> None:
    live = Live()
    future = live.next_stream("c")
    live.removed("c", Outcome(0))
    assert future.cancelled()


async def test_the_next_run_has_a_stream_of_its_own() -> None:
    live = Live()
    first, second = cast(Stream, object()), cast(Stream, object())
    waiting = live.next_stream("c")
    live.set_stream("c", first)
    assert await waiting is first
    assert live.stream("c") is first
    live.clear_stream("c")
    assert live.stream("c") is None
    again = live.next_stream("c")
    live.clear_stream("c")  # a start that failed before it had streams keeps who waits
    live.set_stream("c", second)
    assert await again is second


async def test_oom_is_taken_once() -> None:
    live = Live()
    live.note_oom("c")
    assert live.take_oom("c")
    assert not live.take_oom("c")


async def test_a_waiter_that_gave_up_is_forgotten() -> None:
    live = Live()
    for _ in range(3):
        live.expect_exit("c").cancel()
    await asyncio.sleep(0)
    assert not live._lives["c"].exits
