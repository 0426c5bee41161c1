"""The two sockets of one container's resolver, served by the event loop."""

import asyncio
import socket
import struct
from collections.abc import Callable

from pier.network.dns.resolver import Resolver

_BURST = 32  # datagrams in one round of the loop; others shall have their turn
_CONNECTIONS = 100
_IDLE = 10.0  # seconds that a TCP client may be silent
_PENDING = 16  # questions of one TCP client that wait for other servers
_LENGTH = struct.Struct(">H")
_LARGEST = 65535


class Server:
    """Serves a bound UDP socket and a listening TCP socket until closed; it owns both."""

    def __init__(self, resolver: Resolver, datagrams: socket.socket, listener: socket.socket) -> None:
        self.resolver = resolver
        self._datagrams = datagrams
        self._listener = listener
        self._streams: set[_Stream] = set()
        for sock in (datagrams, listener):
            sock.setblocking(False)

    def start(self) -> None:
        loop = asyncio.get_running_loop()
        loop.add_reader(self._datagrams, self._receive)
        loop.add_reader(self._listener, self._accept)

    def close(self) -> None:
        """Closes the sockets here (the keeper may hold them on) and gives up what waits."""
        loop = asyncio.get_running_loop()
        for sock in (self._datagrams, self._listener):
            loop.remove_reader(sock)
            sock.close()
        for stream in list(self._streams):
            stream.close()
        self.resolver.close()

    def _receive(self) -> None:
        for _ in range(_BURST):
            try:
                data, peer = self._datagrams.recvfrom(_LARGEST)
            except OSError:  # nothing more; or the last answer found no taker
                return
            self.resolver.handle(data, self._sender(peer), stream=False)

    def _sender(self, peer: tuple[str, int]) -> Callable[[bytes], None]:
        def send(answer: bytes) -> None:
            try:
                self._datagrams.sendto(answer, peer)
            except OSError:  # it does not read, or has gone; it will ask again if it cares
                return

        return send

    def _accept(self) -> None:
        try:
            connection, _ = self._listener.accept()
        except OSError:
            return
        if len(self._streams) >= _CONNECTIONS:
            connection.close()
            return
        connection.setblocking(False)
        self._streams.add(_Stream(connection, self.resolver, self._streams))


class _Stream:
    """One TCP client: messages with their length in front (RFC 1035, section 4.2.2).

    Nothing is read while an answer waits to be written or too many questions are open, so no buffer grows.
    """

    def __init__(self, connection: socket.socket, resolver: Resolver, others: "set[_Stream]") -> None:
        self._connection = connection
        self._resolver = resolver
        self._others = others
        self._loop = asyncio.get_running_loop()
        self._incoming = bytearray()
        self._outgoing = bytearray()
        self._pending = 0
        self._ended = False  # the client sends no more
        self._closed = False
        self._timer = self._loop.call_later(_IDLE, self.close)
        self._loop.add_reader(connection, self._read)

    def close(self) -> None:
        """Idempotent."""
        if self._closed:
            return
        self._closed = True
        self._timer.cancel()
        self._loop.remove_reader(self._connection)
        self._loop.remove_writer(self._connection)
        self._connection.close()
        self._others.discard(self)

    def _read(self) -> None:
        try:
            data = self._connection.recv(_LARGEST)
        except BlockingIOError:
            return
        except OSError:
            self.close()
            return
        self._ended = not data
        self._incoming += data
        self._timer.cancel()
        self._timer = self._loop.call_later(_IDLE, self.close)
        self._take()

    def _take(self) -> None:
        """Handles the whole messages that have come, and closes when none is left and none will come."""
        while not self._closed and self._is_ready and (data := self._next()) is not None:
            self._pending += 1
            if not self._resolver.handle(data, self._send, stream=True):
                self.close()
        if self._closed:
            return
        if self._ended and not self._pending and not self._outgoing:
            self.close()
        elif self._is_ready and not self._ended:
            self._loop.add_reader(self._connection, self._read)
        else:
            self._loop.remove_reader(self._connection)

    @property
    def _is_ready(self) -> bool:
        return self._pending < _PENDING and not self._outgoing

    def _next(self) -> bytes | None:
        if len(self._incoming) < _LENGTH.size:
            return None
        (length,) = _LENGTH.unpack_from(self._incoming)
        end = _LENGTH.size + length
        if len(self._incoming) < end:
            return None
        data = bytes(self._incoming[_LENGTH.size : end])
        del self._incoming[:end]
        return data

    def _send(self, answer: bytes) -> None:
        if self._closed:
            return
        self._pending -= 1
        self._outgoing += _LENGTH.pack(len(answer)) + answer
        self._write()

    def _write(self) -> None:
        try:
            sent = self._connection.send(self._outgoing)
        except BlockingIOError:
            sent = 0
        except OSError:
            self.close()
            return
        del self._outgoing[:sent]
        if self._outgoing:
            self._loop.add_writer(self._connection, self._write)
            self._loop.remove_reader(self._connection)
        else:
            self._loop.remove_writer(self._connection)
            self._loop.call_soon(self._take)
