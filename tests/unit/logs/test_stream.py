"""Who may hold a process back, and for how long."""

import asyncio
import os
import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from fakes.shim import Process, collect, open_stream

from pier.domain.errors import Unavailable
from pier.logs import spool as spool_module
from pier.logs import stream as stream_module
from pier.logs.lines import decode
from pier.logs.output import Output
from pier.logs.spill import Spill
from pier.logs.stream import Stream
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


def _spooled(stream: Stream) -> int:
    """Bytes that take room in the spool of stdout."""
    return (stream.directory / "stdout.spool").stat().st_blocks * 512


async def test_lone_reader_without_a_log_takes_its_bytes_past_the_spool(streams: Streams) -> None:
    stream = await open_stream(streams, None, "e1")
    output = stream.attach()
    process = Process(stream)
    data = os.urandom(5 << 20)
    async with asyncio.TaskGroup() as group:
        group.create_task(process.write(data))
        got = b""
        while len(got) < len(data):
            got += (await anext(output))[1]
            assert _spooled(stream) == 0
    assert got == data
    process.exit()
    await stream.finish()


async def test_what_a_busy_reader_leaves_is_spooled_until_it_has_caught_up(
    streams: Streams, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream_module, "PATIENCE", 0.01)
    stream = await open_stream(streams, None, "e1")
    output = stream.attach()
    process = Process(stream)
    data = os.urandom(4 << 20)
    async with asyncio.TaskGroup() as group:
        group.create_task(process.write(data[:1000]))  # while the reader waits
        got = (await anext(output))[1]
    async with asyncio.timeout(20):
        await process.write(data[1000:])  # more than the FIFO holds, and nobody reads
    assert _spooled(stream) > 0
    while len(got) < len(data):
        got += (await anext(output))[1]
    assert got == data
    before = _spooled(stream)
    async with asyncio.TaskGroup() as group:
        group.create_task(process.write(b"once more past it"))
        assert await anext(output) == (1, b"once more past it")
    assert _spooled(stream) == before
    process.exit()
    await stream.finish()


async def test_readers_that_come_and_go_get_every_byte_from_their_first_on(
    streams: Streams, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream_module, "PATIENCE", 0.001)
    stream = await open_stream(streams, None, "e1")
    first = stream.attach()
    process = Process(stream)
    chance = random.Random(7)
    data = chance.randbytes(8 << 20)
    got = bytearray()

    async def read_some() -> bytes:
        output = stream.attach()
        pieces = [chunk async for _, chunk in _at_most(chance.randrange(1, 30), output)]
        output.close()
        return b"".join(pieces)

    async def come_and_go() -> None:
        place = 0
        while len(got) < len(data):
            place = data.find(await read_some(), place)
            assert place >= 0
            await asyncio.sleep(chance.random() / 200)

    async with asyncio.TaskGroup() as group:
        group.create_task(come_and_go())
        group.create_task(process.write(data))
        while len(got) < len(data):
            got += (await anext(first))[1]
            if chance.random() < 0.1:
                await asyncio.sleep(chance.random() / 100)
        process.exit()
        await stream.finish()
    assert got == data


async def _at_most(count: int, output: Output) -> AsyncIterator[tuple[int, bytes]]:
    async for piece in output:
        yield piece
        if (count := count - 1) == 0:
            return


async def test_the_rest_is_taken_and_told_apart_from_what_may_still_come(streams: Streams, log: Path) -> None:
    for exec_id, path in (("", log), ("e1", None)):
        stream = await open_stream(streams, path, exec_id)
        output = stream.attach()
        process = Process(stream)
        await process.write(b"last words")
        assert not await stream.take_rest()
        process.exit()
        assert await stream.take_rest()
        await stream.finish()
        assert await collect(output) == {1: b"last words", 2: b""}


async def test_taking_the_rest_ends_while_a_child_of_the_process_writes_on(streams: Streams) -> None:
    stream = await open_stream(streams, None, "e1")
    process = Process(stream)
    async with asyncio.TaskGroup() as group:
        group.create_task(process.write(bytes(32 << 20)))
        async with asyncio.timeout(10):
            assert not await stream.take_rest()
    process.exit()
    await stream.finish()
