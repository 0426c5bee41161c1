"""Logs that cannot keep up, or cannot be written."""

import asyncio
import os
from pathlib import Path

import pytest
from fakes.shim import Process, entries, open_stream

from pier.logs import spool as spool_module
from pier.logs import stream as stream_module
from pier.logs import writer as writer_module
from pier.logs.streams import Streams


async def test_a_log_that_cannot_be_written_stops_neither_process_nor_finish(
    streams: Streams, log: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(spool_module, "BOUND", 1 << 20)
    monkeypatch.setattr(writer_module, "_RETRY", 0.05)
    stream = await open_stream(streams, log)
    stream_file = stream._writer._journal._file  # type: ignore[union-attr]
    os.close(stream_file._fd)
    stream_file._fd = os.open("/dev/full", os.O_WRONLY)
    process = Process(stream)
    async with asyncio.timeout(30):
        await process.write(b"line\n" * (1 << 20))
    process.exit()
    async with asyncio.timeout(stream_module.FINISH_TIMEOUT / 2):  # it does not come to that
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
    assert dropped == 0 or f"{dropped} lines of output ({dropped * 8} bytes) were left out" in caplog.text


async def test_a_process_that_says_nothing_costs_the_log_thread_nothing(
    streams: Streams, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = await open_stream(streams, log)
    writes: list[object] = []
    journal = stream._writer._journal  # type: ignore[union-attr]
    monkeypatch.setattr(journal, "write", lambda segments, final: writes.append(segments))
    process = Process(stream)
    await asyncio.sleep(0.02)
    process.exit()
    await stream.finish()
    assert writes == []


async def test_what_was_written_is_not_written_again_at_the_end_and_a_half_line_is(
    streams: Streams, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = await open_stream(streams, log)
    journal = stream._writer._journal  # type: ignore[union-attr]
    write, finals = journal.write, list[list[tuple[int, int]]]()

    def watched(segments: list[tuple[int, int]], *, final: bool) -> None:
        finals.extend([list(segments)] if final else [])
        write(segments, final=final)

    monkeypatch.setattr(journal, "write", watched)
    process = Process(stream)
    await process.write(b"whole\n", process.err)
    await process.write(b"half")
    await asyncio.sleep(0.1)
    process.exit()
    await stream.finish()
    assert sorted(entries(log)) == [("stderr", "whole\n"), ("stdout", "half")]
    assert finals == [[(1, 4)]]
