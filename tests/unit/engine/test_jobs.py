"""Jobs outlive their callers and do not take each other down."""

import asyncio
import logging

import pytest

from pier.domain.errors import Conflict
from pier.engine.jobs import Jobs


async def test_a_job_runs_to_its_end_when_the_caller_is_cancelled() -> None:
    steps = []
    reached = asyncio.Event()
    go_on = asyncio.Event()

    async def job() -> None:
        reached.set()
        await go_on.wait()
        steps.append("done")

    async with asyncio.TaskGroup() as group:
        jobs = Jobs(group)
        caller = group.create_task(jobs.finish(job(), "job"))
        await reached.wait()
        caller.cancel()
        go_on.set()
    assert steps == ["done"]


async def test_finish_gives_result_and_error() -> None:
    async def works() -> int:
        return 5

    async def fails() -> None:
        raise Conflict("no")

    async with asyncio.TaskGroup() as group:
        jobs = Jobs(group)
        assert await jobs.finish(works(), "works") == 5
        with pytest.raises(Conflict):
            await jobs.finish(fails(), "fails")


async def test_a_failing_background_job_is_logged_and_the_others_go_on(caplog: pytest.LogCaptureFixture) -> None:
    async def fails() -> None:
        raise ValueError("broken")

    done = []

    async def works() -> None:
        await asyncio.sleep(0)
        done.append(1)

    with caplog.at_level(logging.ERROR):
        async with asyncio.TaskGroup() as group:
            jobs = Jobs(group)
            jobs.spawn(fails(), "the broken one")
            jobs.spawn(works(), "the other")
    assert done == [1]
    assert "the broken one" in caplog.text
