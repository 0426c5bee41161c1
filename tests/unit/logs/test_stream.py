"""Who may hold a process back, and for how long."""

import asyncio
import os
from pathlib import Path

import pytest
from fakes.shim import Process, collect, open_stream

from pier.domain.errors import Unavailable
from pier.logs import spool as spool_module
from pier.logs import stream as stream_module
from pier.logs.lines import decode
from pier.logs.spill import Spill
from pier.logs.streams import Streams


async def test_the_process_waits_for_a_reader_that_was_there_first(
    streams: Streams, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spool_module, "BOUND", 1 << 20)
    monkeypatch.setattr(stream_module, "STALL_TIMEOUT", 0.05)
    stream = await open_stream(streams, None, "e1")
    output = stream.attach()
    process = Process(stream)
    data = os.urandom(1 << 20) * 6
    async with asyncio.TaskGroup() as group:
        writing = group.create_task(process.write(data))
        await asyncio.sleep(0.3)
        assert not writing.done()
        reading = group.create_task(collect(output))
        await writing
        process.exit()
        await stream.finish()
    assert reading.result()[1] == data


async def test_without_a_log_a_later_reader_that_stalls_is_cut_and_told_so(
    streams: Streams, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spool_module, "BOUND", 1 << 20)
    monkeypatch.setattr(stream_module, "STALL_TIMEOUT", 0.1)
    stream = await open_stream(streams, None)
    process = Process(stream)
    first = stream.attach()
    await process.write(b"begun\n")
    assert await anext(first) == (1, b"begun\n")
    first.close()
    stalled = stream.attach()
    async with asyncio.timeout(20):
        await process.write(b"line\n" * (1 << 20))
    with pytest.raises(Unavailable, match="held the process back"):
        await anext(stalled)
    process.exit()
    await stream.finish()


async def test_with_a_log_no_reader_holds_the_process_back_and_none_loses_a_byte(
    streams: Streams, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spool_module, "BOUND", 2 << 20)
    monkeypatch.setattr(stream_module, "SPILL_AT", 1 << 20)
    stream = await open_stream(streams, log)
    process = Process(stream)
    foreground = stream.attach()
    await process.write(b"begun\n")
    late = stream.attach()
    data = b"".join(b"%07d\n" % number for number in range(1 << 20))
    async with asyncio.timeout(60):
        await process.write(data)  # nobody reads
        assert os.stat(stream.directory / "stdout.spool").st_blocks * 512 <= 3 << 20
        process.exit()
        async with asyncio.TaskGroup() as group:
            reading = [group.create_task(collect(output)) for output in (foreground, late)]
            group.create_task(stream.finish())
    assert reading[0].result()[1] == b"begun\n" + data
    assert reading[1].result()[1].endswith(data)


async def test_a_reader_too_far_behind_is_cut_and_told_so(
    streams: Streams, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spool_module, "BOUND", 2 << 20)
    monkeypatch.setattr(stream_module, "SPILL_AT", 1 << 20)
    monkeypatch.setattr(stream_module, "SPILL_BOUND", 3 << 20)
    stream = await open_stream(streams, log)
    process = Process(stream)
    stalled = stream.attach()
    async with asyncio.timeout(60):
        await process.write(b"line\n" * (2 << 20))
    with pytest.raises(Unavailable, match="fell 3 MiB behind the process"):
        await collect(stalled)
    process.exit()
    await stream.finish()


async def test_where_nothing_can_be_spilled_the_process_waits(
    streams: Streams, log: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(spool_module, "BOUND", 2 << 20)
    monkeypatch.setattr(stream_module, "SPILL_AT", 1 << 20)
    stream = await open_stream(streams, log)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Spill, "copy", full)
    process = Process(stream)
    output = stream.attach()
    data = b"line\n" * (1 << 20)
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        writing = group.create_task(process.write(data))
        reading = group.create_task(collect(output))
        await writing
        process.exit()
        await stream.finish()
    assert reading.result()[1] == data


async def test_a_reader_goes_on_where_the_log_ends(streams: Streams, log: Path) -> None:
    stream = await open_stream(streams, log)
    assert stream._writer is not None
    process = Process(stream)
    begun = stream.attach()
    async with asyncio.timeout(20):
        with streams._arrivals.watch(str(log)) as grown:
            await process.write(b"one\ntwo\nhalf")
            while stream._writer.mark.stdout < len(b"one\ntwo\n"):
                await grown.wait()
                grown.clear()
        output = stream.attach(after_log=True)
        last = decode(await asyncio.to_thread(log.read_bytes))[-1].time
        await process.write(b" a line\n")
        process.exit()
        begun.close()
        async with asyncio.TaskGroup() as group:
            reading = group.create_task(collect(output))
            group.create_task(stream.finish())
    assert output.logged_until == last
    assert reading.result()[1] == b"half a line\n"
