import asyncio
import threading

import pytest

from pier.archive import thread
from pier.archive.thread import Abandoned, FromThread, ToThread, run_in_thread

PATIENCE = 5.0


async def patiently(waiting: "asyncio.Future[None]") -> None:
    async with asyncio.timeout(PATIENCE):
        await waiting


async def test_all_that_a_thread_puts_arrives_in_order() -> None:
    queue = FromThread()

    def work() -> None:
        for number in range(1000):
            queue.put(str(number).encode())
        queue.end()

    done = run_in_thread(work, "test")
    got = []
    while data := await queue.get():
        got.append(int(data))
    assert got == list(range(1000))
    await patiently(done)


async def test_a_thread_waits_for_a_slow_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thread, "LIMIT", 10)
    queue = FromThread()
    ahead = []

    def work() -> None:
        for number in range(100):
            queue.put(b"12345")
            ahead.append(number)
        queue.end()

    done = run_in_thread(work, "test")
    await queue.get()
    for _ in range(50):
        await asyncio.sleep(0)
    assert len(ahead) <= 4
    while await queue.get():
        pass
    await patiently(done)


async def test_a_thread_without_a_reader_ends() -> None:
    queue = FromThread()

    def work() -> None:
        while True:
            queue.put(bytes(1 << 20))

    done = run_in_thread(work, "test")
    await queue.get()
    queue.abandon()
    with pytest.raises(Abandoned):
        await patiently(done)


async def test_all_that_the_loop_puts_arrives_in_order() -> None:
    queue = ToThread()
    got: list[bytes] = []

    def work() -> None:
        while data := queue.get():
            got.extend(data)

    done = run_in_thread(work, "test")
    for number in range(1000):
        await queue.put(str(number).encode())
    queue.end(complete=True)
    await patiently(done)
    assert [int(data) for data in got] == list(range(1000))


async def test_the_loop_waits_for_a_slow_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thread, "LIMIT", 10)
    queue = ToThread()
    may_read = threading.Event()

    def work() -> None:
        may_read.wait(PATIENCE)
        while queue.get():
            pass

    done = run_in_thread(work, "test")
    for _ in range(2):
        await queue.put(b"12345")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await queue.put(b"12345")
    may_read.set()
    await queue.put(b"12345")
    queue.end(complete=True)
    await patiently(done)


async def test_a_sender_that_breaks_off_is_no_end_of_the_data() -> None:
    queue = ToThread()
    done = run_in_thread(lambda: list(iter(queue.get, [])), "test")
    await queue.put(b"half")
    queue.end(complete=False)
    with pytest.raises(Abandoned):
        await done


async def test_what_comes_after_the_thread_has_left_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thread, "LIMIT", 10)
    queue = ToThread()
    await run_in_thread(queue.leave, "test")
    async with asyncio.timeout(PATIENCE):
        for _ in range(10):
            await queue.put(b"12345")


async def test_results_and_errors_come_back() -> None:
    assert await run_in_thread(lambda: 3, "test") == 3
    with pytest.raises(ZeroDivisionError):
        await run_in_thread(lambda: 1 // 0, "test")
    forgotten = run_in_thread(lambda: 3, "test")
    forgotten.cancel()
