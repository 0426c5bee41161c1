"""What a session holds, and no longer than its client is there."""

import asyncio
import gc
import weakref
from collections.abc import AsyncGenerator, AsyncIterator
from pathlib import Path

from fakes.raw_client import connected

from pier.api.http.listener import Listener
from pier.api.http.messages import Answer, Begun, Request, StreamReply
from pier.api.http.server import serving


class Held:
    """What is on its way to a client, and cannot be thrown away before that has gone."""


async def test_what_a_vanished_client_was_sent_is_freed_at_once(tmp_path: Path) -> None:
    held: list[weakref.ref[Held]] = []

    async def chunks() -> AsyncIterator[bytes]:
        piece = Held()
        held.append(weakref.ref(piece))
        await asyncio.Event().wait()
        yield bytes(piece is not None)

    async def answer(request: Request) -> Answer:
        return StreamReply(chunks=chunks(), follow=True)

    gc.disable()  # it must not be left to the collector, which looks at counts and not at sizes
    try:
        path = str(tmp_path / "http.sock")
        async with serving(answer, [Listener(path=path)], grace=0.2), connected(path) as client:
            await client.send_request("GET", "/")
            await client.head()
            client.close()
            async with asyncio.timeout(5):
                while held[0]() is not None:  # noqa: ASYNC110 - what is freed tells nobody
                    await asyncio.sleep(0.01)
    finally:
        gc.enable()


async def test_what_an_answer_is_made_of_ends_also_when_its_client_leaves_before_it(tmp_path: Path) -> None:
    """A generator that was never asked for a chunk runs none of its body when it is closed."""
    started, gone, ended = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def pull() -> AsyncGenerator[bytes, None]:
        try:
            yield b"line"
            await asyncio.Event().wait()
        finally:
            ended.set()

    async def chunks(first: bytes, lines: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
        yield first
        async for line in lines:
            yield line

    lines = pull()

    async def answer(request: Request) -> Answer:
        first = await anext(lines)
        started.set()
        await gone.wait()
        return StreamReply(chunks=Begun(chunks(first, lines), lines), follow=True)

    path = str(tmp_path / "http.sock")
    async with serving(answer, [Listener(path=path)], grace=0.2), connected(path) as client, asyncio.timeout(5):
        await client.send_request("GET", "/")
        await started.wait()
        client.half_close()
        await asyncio.sleep(0.05)
        gone.set()
        await ended.wait()
