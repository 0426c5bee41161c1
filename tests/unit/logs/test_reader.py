import asyncio
import os
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from pier.domain.container import LogConfig
from pier.domain.errors import InvalidArgument, Unsupported
from pier.logs.arrivals import Arrivals
from pier.logs.formats import Record
from pier.logs.reader import Logs

CONFIG = LogConfig()


def line(text: str, second: int = 1) -> bytes:
    return b'{"log":"%b\\n","stream":"stdout","time":"2026-11-25T01:00:%02dZ"}\n' % (text.encode(), second)


def append(path: Path, data: bytes) -> None:
    with path.open("ab") as log:
        log.write(data)


async def texts(batches: AsyncIterator[Sequence[Record]]) -> list[bytes]:
    return [entry.text async for batch in batches for entry in batch]


async def test_reads_to_the_end_without_follow(tmp_path: Path) -> None:
    path = tmp_path / "log"
    append(path, line("a") + line("b"))
    assert await texts(Logs().read(CONFIG, str(path), stdout=True, stderr=True)) == [b"a\n", b"b\n"]


async def test_an_absent_log_is_empty(tmp_path: Path) -> None:
    assert await texts(Logs().read(CONFIG, str(tmp_path / "no"), stdout=True, stderr=True)) == []


async def test_follows_until_the_container_has_ended_and_all_is_read(tmp_path: Path) -> None:
    path = tmp_path / "log"
    append(path, line("a"))
    arrivals = Arrivals()
    running = asyncio.Event()
    running.set()
    seen: list[bytes] = []
    async with asyncio.timeout(10):
        async for batch in Logs(arrivals).read(CONFIG, str(path), stdout=True, stderr=True, follow=running.is_set):
            seen += [entry.text for entry in batch]
            if len(seen) < 3:
                append(path, line(f"after {len(seen)}"))
                arrivals.notify(str(path))
            elif running.is_set():
                append(path, line("last words"))
                running.clear()
    assert seen == [b"a\n", b"after 1\n", b"after 2\n", b"last words\n"]


async def test_follows_a_log_that_another_process_writes(tmp_path: Path) -> None:
    path = tmp_path / "log"
    batches = Logs().read(CONFIG, str(path), stdout=True, stderr=True, follow=lambda: True)
    asyncio.get_running_loop().call_later(0.05, append, path, line("a"))
    async with asyncio.timeout(10):
        assert [entry.text for entry in await anext(batches)] == [b"a\n"]


async def test_a_slow_reader_alone_holds_what_it_was_given(tmp_path: Path) -> None:
    path = tmp_path / "log"
    append(path, line("a"))
    batches = Logs().read(CONFIG, str(path), stdout=True, stderr=True)
    batch = await anext(batches)
    async with asyncio.timeout(5):
        # `batch` and the argument are left, once the thread that read it has let go.
        while sys.getrefcount(batch) > 2:  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.01)


async def test_follow_ends_at_until(tmp_path: Path) -> None:
    path = tmp_path / "log"
    append(path, line("a", 1) + line("b", 5))
    until = 1795568400 * 1_000_000_000 + 3 * 1_000_000_000
    batches = Logs().read(CONFIG, str(path), stdout=True, stderr=True, until=until, follow=lambda: True)
    async with asyncio.timeout(10):
        assert await texts(batches) == [b"a\n"]


async def test_a_cancelled_follower_stops_watching(tmp_path: Path) -> None:
    arrivals = Arrivals()
    batches = Logs(arrivals).read(CONFIG, str(tmp_path / "no"), stdout=True, stderr=True, follow=lambda: True)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await anext(batches)
    assert arrivals._waiting == {}


def test_a_driver_that_keeps_nothing_is_refused_at_once() -> None:
    with pytest.raises(Unsupported, match="does not support reading"):
        Logs().read(LogConfig(driver="none"), "/x", stdout=True, stderr=True)


def test_check_refuses_what_cannot_be_written() -> None:
    Logs().check(LogConfig(options={"max-size": "1m"}))
    Logs().check(LogConfig(driver="none"))
    with pytest.raises(InvalidArgument, match="unknown log opt"):
        Logs().check(LogConfig(options={"x": "1"}))


async def test_remove_takes_the_log_and_nothing_else(tmp_path: Path) -> None:
    for name in ("log", "log.1", "log.2.gz", "log.3.gz.tmp", "log.bak", "logger", "log2"):
        (tmp_path / name).touch()
    await Logs().remove(str(tmp_path / "log"))
    await Logs().remove(str(tmp_path / "missing" / "log"))
    assert sorted(os.listdir(tmp_path)) == ["log.bak", "log2", "logger"]
