"""Streams on real FIFOs; what the shim does is played by the test."""

import asyncio
import logging
import os
from pathlib import Path

import pytest
from fakes.shim import MemoryKeeper, Process, entries, open_stream
from support.descriptors import open_descriptors

from pier.domain.container import LogConfig
from pier.domain.errors import InvalidArgument, PierError
from pier.logs.arrivals import Arrivals
from pier.logs.streams import Streams


async def test_all_output_is_in_the_log_once_finished_and_nothing_is_left(
    streams: Streams, keeper: MemoryKeeper, exec_root: Path, log: Path
) -> None:
    stream = await open_stream(streams, log)
    assert await streams.list_ids() == ["c1"]
    assert await keeper.names() == ["io/c1/stderr", "io/c1/stdout"]
    process = Process(stream)
    await process.write(b"one\ntwo\n")
    await process.write(b"oops\n", process.err)
    await process.write(b"no newline")
    process.exit()
    await stream.finish()
    found = entries(log)
    assert [text for name, text in found if name == "stdout"] == ["one\n", "two\n", "no newline"]
    assert [text for name, text in found if name == "stderr"] == ["oops\n"]
    assert await keeper.names() == []
    assert await streams.list_ids() == []
    assert os.listdir(exec_root / "io") == []


async def test_an_open_that_is_cancelled_leaves_nothing(
    streams: Streams, keeper: MemoryKeeper, exec_root: Path, log: Path
) -> None:
    """A start whose other half fails cancels it, at whatever step it happens to be."""
    await (await open_stream(streams, log)).abandon()  # threads and directories that stay are there
    before = open_descriptors()
    cancelled = 0
    for turns in range(60):
        async with asyncio.TaskGroup() as group:
            opening = group.create_task(open_stream(streams, log))
            for _ in range(turns):
                await asyncio.sleep(0)
            opening.cancel()
        cancelled += opening.cancelled()
        if not opening.cancelled():
            await opening.result().abandon()
        assert await keeper.names() == []
        assert os.listdir(exec_root / "io") == []
        assert open_descriptors() - before == set()
    assert cancelled > 3


async def test_a_terminal_has_one_stream(streams: Streams, log: Path) -> None:
    stream = await streams.open("c1", stdin=False, terminal=True, log=LogConfig(), log_path=str(log))
    assert (stream.stdio.stderr, stream.stdio.stdin, stream.stdio.terminal) == ("", "", True)
    process = Process(stream)
    await process.write(b"$ \r\n")
    process.exit()
    output = stream.attach()
    await stream.finish()
    assert entries(log) == [("stdout", "$ \r\n")]
    output.close()


async def test_another_pierd_takes_over_where_the_first_let_go(
    exec_root: Path, keeper: MemoryKeeper, log: Path
) -> None:
    first = Streams(exec_root=exec_root, keeper=keeper)
    process = Process(await open_stream(first, log))
    await process.write(b"one\ntw")
    await first.close()
    await process.write(b"o\nthree\n")
    process.exit()  # only the keeper holds the last bytes now

    second = Streams(exec_root=exec_root, keeper=keeper)
    stream = await second.reopen("c1", stdin=True, terminal=False, log=LogConfig(), log_path=str(log))
    await stream.finish()
    await second.close()
    assert entries(log) == [("stdout", "one\n"), ("stdout", "two\n"), ("stdout", "three\n")]


async def test_a_fifo_that_is_gone_is_made_anew_and_reported(
    streams: Streams, log: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        stream = await streams.reopen("c1", stdin=False, terminal=True, log=LogConfig(), log_path=str(log))
    assert "cannot be read any more" in caplog.text
    await stream.finish()


async def test_execs_live_below_their_container(streams: Streams, keeper: MemoryKeeper, log: Path) -> None:
    container = await open_stream(streams, log)
    running = await open_stream(streams, None, "e1")
    assert "io/c1/e1/stdout" in await keeper.names()
    await container.finish()
    assert await streams.list_ids() == ["c1"]  # the exec's
    await running.finish()
    assert await streams.list_ids() == []


async def test_discard_removes_what_is_left_of_all_processes(
    streams: Streams, keeper: MemoryKeeper, exec_root: Path, log: Path
) -> None:
    left = Streams(exec_root=exec_root, keeper=keeper)
    await open_stream(left, log)
    await open_stream(left, None, "e1")
    await keeper.put("io/c10/stdout", 0)
    await left.close()
    await streams.discard("c1")
    await streams.discard("never-there")
    assert await streams.list_ids() == []
    assert await keeper.names() == ["io/c10/stdout"]


async def test_nobody_is_asked_where_nothing_is_left(exec_root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keeper = MemoryKeeper()
    streams = Streams(exec_root=exec_root, keeper=keeper)
    monkeypatch.setattr(keeper, "names", None)
    await streams.discard("c1")
    await streams.close()


async def test_followers_are_told_of_what_was_appended(exec_root: Path, keeper: MemoryKeeper, log: Path) -> None:
    arrivals = Arrivals()
    streams = Streams(exec_root=exec_root, keeper=keeper, arrivals=arrivals)
    stream = await open_stream(streams, log)
    process = Process(stream)
    with arrivals.watch(str(log)) as arrived:
        await process.write(b"x\n")
        async with asyncio.timeout(10):
            while entries(log) != [("stdout", "x\n")]:
                await arrived.wait()
                arrived.clear()
    process.exit()
    await stream.finish()
    await streams.close()


async def test_bad_options_and_paths_are_refused(streams: Streams, tmp_path: Path) -> None:
    with pytest.raises(InvalidArgument, match="unknown log opt"):
        await open_stream(streams, tmp_path / "log", nonsense="1")
    (tmp_path / "file").touch()
    with pytest.raises(PierError, match="cannot open the streams of container c1"):
        await open_stream(streams, tmp_path / "file" / "log")
