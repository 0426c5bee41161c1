"""Standard input through a real FIFO."""

import asyncio
import os

import pytest
from fakes.shim import open_stream

from pier.domain.errors import Conflict
from pier.logs import stdin as stdin_module
from pier.logs.streams import Streams


async def test_input_arrives_and_its_end_too(streams: Streams) -> None:
    stream = await open_stream(streams, None, "e1")
    data = os.urandom(1 << 20)

    def process() -> bytes:
        with open(stream.stdio.stdin, "rb") as stdin:
            return stdin.read()

    async with asyncio.TaskGroup() as group:
        reading = group.create_task(asyncio.to_thread(process))
        await stream.write_stdin(data)
        await stream.close_stdin()
    assert reading.result() == data
    with pytest.raises(Conflict, match="closed"):
        await stream.write_stdin(b"more")
    await stream.abandon()


async def test_writers_of_input_wait_and_do_not_mix(streams: Streams) -> None:
    stream = await open_stream(streams, None, "e1")
    chunks = [bytes([65 + n]) * 300_000 for n in range(4)]
    async with asyncio.TaskGroup() as group:
        writing = [group.create_task(stream.write_stdin(chunk)) for chunk in chunks]
        await asyncio.sleep(0.02)
        assert not any(task.done() for task in writing)
        stdin = os.open(stream.stdio.stdin, os.O_RDONLY | os.O_NONBLOCK)
        await asyncio.sleep(0.15)  # until it is opened and full
        assert not any(task.done() for task in writing)
        os.set_blocking(stdin, True)

        def read_all() -> bytes:
            got = b""
            while len(got) < 1_200_000:
                got += os.read(stdin, 1 << 20)
            return got

        got = await asyncio.to_thread(read_all)
    os.close(stdin)
    assert got == b"".join(chunks)
    await stream.abandon()


async def test_a_process_that_is_gone_takes_no_input(streams: Streams) -> None:
    stream = await open_stream(streams, None, "e1")
    stdin = os.open(stream.stdio.stdin, os.O_RDONLY | os.O_NONBLOCK)
    await stream.write_stdin(b"x")
    os.close(stdin)
    with pytest.raises(Conflict):
        await stream.write_stdin(b"y")
    await stream.abandon()


async def test_a_writer_of_input_is_released_when_the_stream_ends(streams: Streams) -> None:
    stream = await open_stream(streams, None, "e1")
    stdin = os.open(stream.stdio.stdin, os.O_RDONLY | os.O_NONBLOCK)

    async def finish_soon() -> None:
        await asyncio.sleep(0.02)
        await stream.finish()

    async with asyncio.timeout(10):
        result, _ = await asyncio.gather(stream.write_stdin(b"x" * (2 << 20)), finish_soon(), return_exceptions=True)
    assert isinstance(result, Conflict)
    os.close(stdin)


async def test_input_nobody_ever_opens_is_given_up(streams: Streams, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stdin_module, "_OPEN_TIMEOUT", 0.03)
    stream = await open_stream(streams, None, "e1")
    with pytest.raises(Conflict, match="nobody reads"):
        await stream.write_stdin(b"x")
    await stream.abandon()
