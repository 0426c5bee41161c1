"""Live readers: from where, until when, in full."""

import asyncio
import os
from pathlib import Path

from fakes.shim import Process, collect, open_stream

from pier.logs.streams import Streams


async def test_readers_attached_before_the_start_get_everything(streams: Streams, log: Path) -> None:
    stream = await open_stream(streams, log)
    both, errors = stream.attach(), stream.attach(stdout=False)
    data = b"".join(b"%d\n" % n for n in range(200_000))
    process = Process(stream)
    async with asyncio.TaskGroup() as group:
        readers = [group.create_task(collect(output)) for output in (both, errors)]
        await process.write(data)
        await process.write(b"err", process.err)
        process.exit()
        await stream.finish()
    assert readers[0].result() == {1: data, 2: b"err"}
    assert readers[1].result() == {1: b"", 2: b"err"}


async def test_a_later_reader_gets_what_comes_from_then_on(streams: Streams, log: Path) -> None:
    stream = await open_stream(streams, log)
    first = stream.attach()
    process = Process(stream)
    await process.write(b"before\n")
    assert await anext(first) == (1, b"before\n")
    late = stream.attach()
    await process.write(b"after\n")
    process.exit()
    await stream.finish()
    assert await collect(late) == {1: b"after\n", 2: b""}
    assert await collect(first) == {1: b"after\n", 2: b""}  # both are behind the end, and get it all the same


async def test_a_reader_behind_at_the_end_still_gets_the_rest(streams: Streams, log: Path) -> None:
    stream = await open_stream(streams, log)
    output = stream.attach()
    process = Process(stream)
    data = os.urandom(3 << 20)
    await process.write(data)
    process.exit()
    await stream.finish()
    assert (await collect(output))[1] == data


async def test_a_reader_of_a_stream_that_is_over_ends_at_once(streams: Streams, log: Path) -> None:
    stream = await open_stream(streams, log)
    await stream.finish()
    assert await collect(stream.attach()) == {1: b"", 2: b""}
