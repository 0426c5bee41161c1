"""TLS on a TCP connection, between asyncio's transport and a Channel.

asyncio's own TLS cannot close one direction: output after the end of a client's input would be lost, which is what
`docker run -i` lives by. Here a close_notify of the peer is the end of its input, and nothing more.
"""

import asyncio
import logging
import ssl
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

HANDSHAKE_TIMEOUT = 10.0
_READ = 256 << 10

_log = logging.getLogger("pier.api")


def server_context(certificate: Path, key: Path, clients_ca: Path | None) -> ssl.SSLContext:
    """With `clients_ca` only clients that show a certificate of it get in. Raises OSError, also for what is no PEM."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate, key)
    if clients_ca is not None:
        context.load_verify_locations(clients_ca)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


class TlsConnection(asyncio.Protocol):
    """To asyncio a protocol, to its Channel a transport."""

    def __init__(self, context: ssl.SSLContext, make_channel: Callable[[], asyncio.Protocol]) -> None:
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self._make_channel = make_channel
        self._channel: asyncio.Protocol | None = None  # once the handshake is done
        self._ended = False

    # what asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._timer = asyncio.get_running_loop().call_later(HANDSHAKE_TIMEOUT, self._transport.abort)

    def data_received(self, data: bytes) -> None:
        self._incoming.write(data)
        try:
            if self._channel is not None or self._shake_hands():
                self._read()
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError as error:
            _log.info("a TLS connection is refused: %s", error)
            self._flush()  # the alert that tells the peer why
            self._transport.close()
            return
        self._flush()

    def _shake_hands(self) -> bool:
        self._tls.do_handshake()
        self._timer.cancel()
        self._flush()
        self._channel = self._make_channel()
        self._channel.connection_made(cast(asyncio.BaseTransport, self))
        return True

    def _read(self) -> None:
        assert self._channel is not None
        while not self._ended:
            try:
                data = self._tls.read(_READ)
            except ssl.SSLZeroReturnError:
                data = b""
            if not data:
                self._end()
                return
            self._channel.data_received(data)

    def _end(self) -> None:
        if not self._ended and self._channel is not None:
            self._ended = True
            self._channel.eof_received()

    def eof_received(self) -> bool:
        """The end of the connection's bytes; a peer that has sent close_notify before said so already."""
        if self._channel is None:
            return False
        self._end()
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        self._timer.cancel()
        if self._channel is not None:
            self._channel.connection_lost(exc)

    def pause_writing(self) -> None:
        if self._channel is not None:
            self._channel.pause_writing()

    def resume_writing(self) -> None:
        if self._channel is not None:
            self._channel.resume_writing()

    def _flush(self) -> None:
        if data := self._outgoing.read():
            self._transport.write(data)

    # what the Channel calls

    def write(self, data: bytes) -> None:
        if self._transport.is_closing():
            return
        rest = memoryview(data)
        try:
            while rest:
                rest = rest[self._tls.write(rest) :]
        except ssl.SSLError as error:
            _log.info("a TLS connection failed: %s", error)
            self._transport.abort()
            return
        self._flush()

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        """Tells the peer that nothing more comes; it may go on sending."""
        with suppress(ssl.SSLError):  # the peer has not said the same yet
            self._tls.unwrap()
        self._flush()
        self._transport.write_eof()

    def close(self) -> None:
        self._transport.close()

    def abort(self) -> None:
        self._transport.abort()

    def is_closing(self) -> bool:
        return self._transport.is_closing()

    def pause_reading(self) -> None:
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        self._transport.resume_reading()

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        self._transport.set_write_buffer_limits(high, low)

    def get_write_buffer_size(self) -> int:
        return self._transport.get_write_buffer_size()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._transport.get_extra_info(name, default)
