"""Reading FIFOs that nobody has opened, and that nobody wants read."""

import asyncio
from pathlib import Path

import pytest
from fakes.shim import Process, collect, open_stream

from pier.logs import spool as spool_module
from pier.logs.output import Output
from pier.logs.streams import Streams


async def test_a_fifo_nobody_has_opened_is_no_end(streams: Streams, log: Path) -> None:
    stream = await open_stream(streams, log)
    output = stream.attach()
    first = Process(stream)
    first.exit()  # came and went: the FIFO reports a hang-up from now on
    await asyncio.sleep(0.02)
    process = Process(stream)
    await process.write(b"still here\n")
    process.exit()
    await stream.finish()
    assert await collect(output) == {1: b"still here\n", 2: b""}


async def test_without_log_and_reader_output_is_swallowed(
    streams: Streams, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spool_module, "BOUND", 1 << 20)
    stream = await open_stream(streams, None, "e1")
    process = Process(stream)
    async with asyncio.timeout(20):
        await process.write(b"x" * (8 << 20))
    process.exit()
    await stream.finish()
    assert await streams.list_ids() == []


async def test_reader_of_a_fifo_without_writer_hears_of_the_first_byte(streams: Streams) -> None:
    stream = await open_stream(streams, None, "e1")
    output = stream.attach()
    first = Process(stream)
    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        reading = group.create_task(_next(output))
        await asyncio.sleep(0)
        first.exit()
        await asyncio.sleep(0.02)
        process = Process(stream)
        await process.write(b"begun\n")
    assert reading.result() == (1, b"begun\n")
    process.exit()
    await stream.finish()


async def _next(output: Output) -> tuple[int, bytes]:
    return await anext(output)
