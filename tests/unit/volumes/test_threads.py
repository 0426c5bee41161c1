import asyncio
import threading

import pytest

from pier.volumes.threads import run_alone


async def test_work_that_hangs_keeps_no_other_from_being_done() -> None:
    gate = threading.Event()
    hanging = [run_alone(gate.wait) for _ in range(100)]
    async with asyncio.timeout(5):
        assert await asyncio.to_thread(lambda: 1) == 1
        assert await run_alone(lambda: 2) == 2
    gate.set()
    assert all(await asyncio.gather(*hanging))


async def test_errors_reach_who_waits() -> None:
    with pytest.raises(ZeroDivisionError):
        await run_alone(lambda: 1 // 0)


async def test_who_has_gone_is_not_told() -> None:
    gate = threading.Event()
    outcome = run_alone(gate.wait)
    outcome.cancel()
    gate.set()
    await asyncio.sleep(0.01)
    assert outcome.cancelled()
