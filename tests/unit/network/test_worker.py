import asyncio
import threading

import pytest

from pier.domain.errors import PierError
from pier.network.worker import Worker


async def test_result_and_translated_error_come_back() -> None:
    worker = Worker()
    assert await worker.run("add", lambda: 1 + 1) == 2

    def fail() -> None:
        raise OSError(5, "Input/output error")

    with pytest.raises(PierError, match="cannot make it: Input/output error"):
        await worker.run("make it", fail)
    await worker.close()


async def test_cancelled_caller_waits_for_the_work_to_end() -> None:
    worker = Worker()
    begun, may_end, ended = threading.Event(), threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        may_end.wait(10)
        ended.set()

    async with asyncio.TaskGroup() as group:
        job = group.create_task(worker.run("work", work))
        await asyncio.to_thread(begun.wait, 10)
        job.cancel()
        await asyncio.sleep(0)
        assert not job.done()
        may_end.set()
        with pytest.raises(asyncio.CancelledError):
            await job
    assert ended.is_set()
    await worker.close()


async def test_submitted_work_is_done_and_its_failure_logged(caplog: pytest.LogCaptureFixture) -> None:
    worker = Worker()
    done = threading.Event()

    def fail() -> None:
        raise OSError("it is stuck")

    await worker.submit("work", done.set)
    await worker.submit("move it", fail)
    assert done.is_set()
    assert "cannot move it: it is stuck" in caplog.text
    await worker.close()
