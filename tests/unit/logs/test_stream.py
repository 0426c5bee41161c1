"""Who may hold a process back, and for how long."""

import asyncio
import os
from pathlib import Path

import pytest
from fakes.shim import Process, collect, open_stream

from pier.domain.errors import Unavailable
from pier.logs import spool as spool_module
from pier.logs import stream as stream_module
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


async def test_a_later_reader_that_stalls_is_cut_and_told_so(
    streams: Streams, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spool_module, "BOUND", 1 << 20)
    monkeypatch.setattr(stream_module, "STALL_TIMEOUT", 0.1)
    stream = await open_stream(streams, log)
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
