"""Carries bytes between a hijacked connection and the streams of a process."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from pier.api.http.channel import Channel, ConnectionLost
from pier.domain.errors import PierError
from pier.engine.containers.attach import Attachment, Detached
from pier.wire.frames import STDOUT, frame

STALL = 12 * 3600.0  # seconds that a client may read nothing; a stopped terminal (ctrl-s) is no reason to cut it

Send = Callable[[int, bytes], Awaitable[None]]


async def carry(channel: Channel, attachment: Attachment, *, stdin: bool, raw: bool) -> None:
    """Runs until the process has ended and all was sent, the client let go, or its input ended where that ends it all.

    Each piece of output is one frame, unless it is to be `raw`: then there is no place for stderr.
    """

    async def send(stream: int, data: bytes) -> None:
        if not raw:
            await channel.write(frame(stream, data), STALL)
        elif stream == STDOUT:
            await channel.write(data, STALL)

    await carry_pieces(channel.read, send, attachment, stdin=stdin, hung_up=lambda: channel.hung_up)


async def carry_pieces(
    receive: Callable[[], Awaitable[bytes]],
    send: Send,
    attachment: Attachment,
    *,
    stdin: bool,
    hung_up: Callable[[], bool],
) -> None:
    """The same over any transport: `receive` gives `b""` at the end of the input."""
    try:
        async with asyncio.TaskGroup() as jobs:
            output = jobs.create_task(_send_output(attachment, send), name="attach output")
            source = jobs.create_task(_take_input(receive, send, attachment, stdin, hung_up), name="attach input")
            source.add_done_callback(lambda job: _end_output(job, output))
            output.add_done_callback(lambda _: source.cancel())
    finally:
        attachment.close()


def _end_output(source: "asyncio.Task[bool]", output: "asyncio.Task[None]") -> None:
    if not source.cancelled() and source.exception() is None and not source.result():
        output.cancel()


async def _send_output(attachment: Attachment, send: Send) -> None:
    """Ends with the process's output, or with the client."""
    with suppress(ConnectionLost):  # here, as a group keeps what it is ended by in a circle with all that it held
        try:
            async for stream, data in attachment:
                await send(stream, data)
        except PierError as error:
            await send(STDOUT, f"{error.message}\r\n".encode())


async def _take_input(
    receive: Callable[[], Awaitable[bytes]],
    send: Send,
    attachment: Attachment,
    stdin: bool,
    hung_up: Callable[[], bool],
) -> bool:
    """Hands on what the client says until it has no more; False when that is the end of the attachment, too."""
    try:
        return await _hand_on(receive, send, attachment, stdin, hung_up)
    except ConnectionLost:
        return False


async def _hand_on(
    receive: Callable[[], Awaitable[bytes]],
    send: Send,
    attachment: Attachment,
    stdin: bool,
    hung_up: Callable[[], bool],
) -> bool:
    listening = stdin
    while data := await receive():
        if not listening:
            continue  # a client that was not to speak does, or nobody is left to hear it
        try:
            await attachment.write(data)
        except Detached as detached:
            if detached.told:
                await send(STDOUT, detached.told.encode())
            return False
        except PierError:
            listening = False
    if not stdin:
        return not hung_up()
    try:
        return await attachment.close_stdin()
    except PierError:
        return True
