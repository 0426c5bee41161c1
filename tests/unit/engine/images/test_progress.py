"""Jobs that report while they work."""

import asyncio

import pytest

from pier.domain.errors import NotFound
from pier.domain.registry import Progress
from pier.engine.images.progress import Reporter, run_reporting


async def test_reports_come_in_order_and_the_error_last() -> None:
    async def job(reporter: Reporter) -> None:
        await reporter.report(Progress(status="one"))
        await reporter.report(Progress(status="two"))
        raise NotFound("gone")

    lines = run_reporting("test", job)
    assert [(await anext(lines)).status for _ in range(2)] == ["one", "two"]
    with pytest.raises(NotFound, match="gone"):
        await anext(lines)


async def test_error_before_the_first_report_is_raised_at_once() -> None:
    async def job(_: Reporter) -> None:
        raise NotFound("nothing")

    with pytest.raises(NotFound):
        await anext(run_reporting("test", job))


async def test_closing_early_cancels_the_job_and_waits_for_it() -> None:
    ended = []

    async def job(reporter: Reporter) -> None:
        try:
            await reporter.report(Progress(status="one"))
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            ended.append(True)

    lines = run_reporting("test", job)
    await anext(lines)
    await lines.aclose()
    assert ended == [True]


async def test_hints_are_dropped_for_a_slow_reader_but_reports_are_not() -> None:
    async def job(reporter: Reporter) -> None:
        for number in range(10_000):
            reporter.hint(Progress(status="hint", current=number))
        await reporter.report(Progress(status="end"))

    lines = [line.status async for line in run_reporting("test", job)]
    assert lines[-1] == "end"
    assert len(lines) < 1000


async def test_a_job_that_fails_while_it_is_cancelled_needs_no_reader() -> None:
    async def job(reporter: Reporter) -> None:
        try:
            for _ in range(1000):
                await reporter.report(Progress(status="one"))
        finally:
            raise NotFound("the lease is gone")

    lines = run_reporting("test", job)
    await anext(lines)
    await asyncio.wait_for(lines.aclose(), 5)

    async def read() -> None:
        async for _ in run_reporting("test", job):
            await asyncio.Event().wait()

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(read(), 0.01)
