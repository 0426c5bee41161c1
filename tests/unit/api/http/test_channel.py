"""The byte stream below a connection."""

import asyncio
import errno

from pier.api.http.channel import Channel


async def test_a_connection_that_was_reset_unnoticed_is_finished_all_the_same() -> None:
    class Reset(asyncio.Transport):
        closed = False

        def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None: ...
        def can_write_eof(self) -> bool:
            return True

        def is_closing(self) -> bool:
            return self.closed

        def write_eof(self) -> None:
            raise OSError(errno.ENOTCONN, "Transport endpoint is not connected")

        def close(self) -> None:
            self.closed = True

    transport, channel = Reset(), Channel(lambda _: None)
    channel.connection_made(transport)
    await channel.finish()
    assert transport.closed
