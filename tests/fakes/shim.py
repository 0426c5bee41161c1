"""Streams for tests of what lies below them, and the shim's side of their FIFOs."""

import asyncio
import json
import os
from pathlib import Path

from pier.domain.container import LogConfig
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


async def open_stream(streams: Streams, log: Path | None, exec_id: str = "", **options: str) -> Stream:
    config = LogConfig(options={name.replace("_", "-"): value for name, value in options.items()})
    return await streams.open(
        "c1", exec_id, stdin=True, terminal=False, log=config if log else None, log_path=str(log or "")
    )


def entries(log: Path) -> list[tuple[str, str]]:
    return [(entry["stream"], entry["log"]) for entry in map(json.loads, log.read_bytes().splitlines())]


async def collect(output: Output) -> dict[int, bytes]:
    got = {1: b"", 2: b""}
    async for number, chunk in output:
        got[number] += chunk
    return got
