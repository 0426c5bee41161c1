"""Streams on real FIFOs; what the shim does is played by the test."""

import asyncio
import json
import logging
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from pier.domain.container import LogConfig
from pier.domain.errors import Conflict, InvalidArgument, PierError, Unavailable
from pier.logs import spool as spool_module
from pier.logs import stdin as stdin_module
from pier.logs import stream as stream_module
from pier.logs.arrivals import Arrivals
from pier.logs.output import Output
from pier.logs.stream import Stream
from pier.logs.streams import Streams


class MemoryKeeper:
    """Holds descriptors in this process."""

    def __init__(self) -> None:
        self.held: dict[str, int] = {}

    async def put(self, name: str, descriptor: int) -> None:
        self.held[name] = os.dup(descriptor)

    async def take(self, name: str) -> int | None:
        return os.dup(self.held[name]) if name in self.held else None

    async def forget(self, *names: str) -> None:
        for name in names:
            if name in self.held:
                os.close(self.held.pop(name))

    async def names(self) -> list[str]:
        return sorted(self.held)


@pytest.fixture
def exec_root() -> Iterator[Path]:
    """On a tmpfs, as /run is."""
    folder = Path(tempfile.mkdtemp(dir="/dev/shm", prefix="pier-test-"))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def keeper() -> Iterator[MemoryKeeper]:
    keeper = MemoryKeeper()
    yield keeper
    for descriptor in keeper.held.values():
        os.close(descriptor)


@pytest.fixture
async def streams(exec_root: Path, keeper: MemoryKeeper) -> AsyncIterator[Streams]:
    streams = Streams(exec_root=exec_root, keeper=keeper)
    yield streams
    await streams.close()


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "c1" / "c1-json.log"


async def open_stream(streams: Streams, log: Path | None, exec_id: str = "", **options: str) -> Stream:
    config = LogConfig(options={name.replace("_", "-"): value for name, value in options.items()})
    return await streams.open(
        "c1", exec_id, stdin=True, terminal=False, log=config if log else None, log_path=str(log or "")
    )


class Process:
    """The shim's side: open for writing until it exits."""

    def __init__(self, stream: Stream) -> None:
        self.out = os.open(stream.stdio.stdout, os.O_WRONLY)
        self.err = os.open(stream.stdio.stderr, os.O_WRONLY) if stream.stdio.stderr else -1

    async def write(self, data: bytes, descriptor: int | None = None) -> None:
        await asyncio.to_thread(self._write, self.out if descriptor is None else descriptor, data)

    def _write(self, descriptor: int, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(descriptor, rest) :]

    def exit(self) -> None:
        for descriptor in (self.out, self.err):
            if descriptor >= 0:
                os.close(descriptor)


def entries(log: Path) -> list[tuple[str, str]]:
    return [(entry["stream"], entry["log"]) for entry in map(json.loads, log.read_bytes().splitlines())]


async def collect(output: Output) -> dict[int, bytes]:
    got = {1: b"", 2: b""}
    async for number, chunk in output:
        got[number] += chunk
    return got


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


async def test_a_reader_of_a_stream_that_is_over_ends_at_once(streams: Streams, log: Path) -> None:
    stream = await open_stream(streams, log)
    await stream.finish()
    assert await collect(stream.attach()) == {1: b"", 2: b""}


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


async def test_a_reader_behind_at_the_end_still_gets_the_rest(streams: Streams, log: Path) -> None:
    stream = await open_stream(streams, log)
    output = stream.attach()
    process = Process(stream)
    data = os.urandom(3 << 20)
    await process.write(data)
    process.exit()
    await stream.finish()
    assert (await collect(output))[1] == data


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


async def test_followers_are_told_of_what_was_appended(exec_root: Path, keeper: MemoryKeeper, log: Path) -> None:
    arrivals = Arrivals()
    streams = Streams(exec_root=exec_root, keeper=keeper, arrivals=arrivals)
    stream = await open_stream(streams, log)
    process = Process(stream)
    with arrivals.watch(str(log)) as arrived:
        await asyncio.sleep(0.02)
        arrived.clear()
        await process.write(b"x\n")
        await asyncio.wait_for(arrived.wait(), 10)
        assert entries(log) == [("stdout", "x\n")]
    process.exit()
    await stream.finish()
    await streams.close()


async def test_a_log_that_cannot_be_written_stops_neither_process_nor_finish(
    streams: Streams, log: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(spool_module, "BOUND", 1 << 20)
    monkeypatch.setattr(stream_module, "FINISH_TIMEOUT", 0.2)
    stream = await open_stream(streams, log)
    stream_file = stream._writer._journal._file  # type: ignore[union-attr]
    os.close(stream_file._fd)
    stream_file._fd = os.open("/dev/full", os.O_WRONLY)
    process = Process(stream)
    async with asyncio.timeout(30):
        await process.write(b"line\n" * (1 << 20))
    process.exit()
    await stream.finish()
    assert "No space left on device" in caplog.text
    assert "were left out of the log" in caplog.text
    assert await streams.list_ids() == []


async def test_a_non_blocking_log_lets_the_process_run_on(
    streams: Streams, log: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(spool_module, "BOUND", 4 << 20)
    stream = await open_stream(streams, log, mode="non-blocking", max_buffer_size="64k")
    process = Process(stream)
    async with asyncio.timeout(30):
        await process.write(b"".join(b"%07d\n" % n for n in range(1 << 20)))
    process.exit()
    await stream.finish()
    numbers = [int(text) for _, text in entries(log)]
    assert numbers == sorted(set(numbers))
    assert numbers[-1] == (1 << 20) - 1
    dropped = (1 << 20) - len(numbers)
    assert dropped == 0 or f"{dropped * 8} bytes of output were left out" in caplog.text


async def test_bad_options_and_paths_are_refused(streams: Streams, tmp_path: Path) -> None:
    with pytest.raises(InvalidArgument, match="unknown log opt"):
        await open_stream(streams, tmp_path / "log", nonsense="1")
    (tmp_path / "file").touch()
    with pytest.raises(PierError, match="cannot open the streams of container c1"):
        await open_stream(streams, tmp_path / "file" / "log")
