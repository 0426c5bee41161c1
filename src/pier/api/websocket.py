"""Attach over a WebSocket (RFC 6455): binary messages with the bytes of the streams, unframed."""

import base64
import hashlib
import struct

from pier.api.http.channel import Channel, ConnectionLost
from pier.api.http.messages import Request
from pier.api.streams import STALL, carry_pieces
from pier.domain.errors import InvalidArgument
from pier.engine.containers.attach import Attachment

_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, 1.3
_TEXT, _BINARY, _CLOSE, _PING, _PONG = 1, 2, 8, 9, 10
_FIN, _MASKED = 0x80, 0x80
MESSAGE_LIMIT = 1 << 20  # bytes of one frame from a client


def accept(request: Request) -> bytes:
    """Checks the opening handshake; the head of the answer. Raises InvalidArgument."""
    key = request.headers.get("sec-websocket-key", "")
    if request.upgrade != "websocket" or not key:
        raise InvalidArgument("attach/ws needs a WebSocket handshake: Upgrade: websocket and Sec-WebSocket-Key")
    if request.headers.get("sec-websocket-version", "13") != "13":
        raise InvalidArgument("attach/ws speaks version 13 of the WebSocket protocol only")
    # The protocol prescribes SHA-1 here; nothing secret hangs on it.
    proof = base64.b64encode(hashlib.sha1((key + _GUID).encode(), usedforsecurity=False).digest()).decode()
    lines = ("HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade")
    return "\r\n".join((*lines, f"Sec-WebSocket-Accept: {proof}", "", "")).encode()


def message(opcode: int, payload: bytes) -> bytes:
    """One unmasked, final frame."""
    length = len(payload)
    if length < 126:
        head = struct.pack(">BB", _FIN | opcode, length)
    elif length < 1 << 16:
        head = struct.pack(">BBH", _FIN | opcode, 126, length)
    else:
        head = struct.pack(">BBQ", _FIN | opcode, 127, length)
    return head + payload


class MessageReader:
    """Reads a client's frames, which are masked; answers its pings."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._data = bytearray()

    async def read(self) -> bytes:
        """The payload of the next data frame that has one; `b""` when the client closes."""
        while True:
            first, second = await self._take(2)
            length = second & 0x7F
            if length >= 126:
                length = int.from_bytes(await self._take(2 if length == 126 else 8), "big")
            if not second & _MASKED or length > MESSAGE_LIMIT:
                return b""
            mask = await self._take(4)
            payload = _unmask(await self._take(length), mask)
            opcode = first & 0x0F
            if opcode == _CLOSE:
                return b""
            if opcode == _PING:
                await self._channel.write(message(_PONG, payload), STALL)
            elif opcode in (0, _TEXT, _BINARY) and payload:
                return payload

    async def _take(self, count: int) -> bytes:
        while len(self._data) < count:
            data = await self._channel.read()
            if not data:
                raise ConnectionLost
            self._data += data
        taken = bytes(self._data[:count])
        del self._data[:count]
        return taken


def _unmask(payload: bytes, mask: bytes) -> bytes:
    length = len(payload)
    key = int.from_bytes((mask * (length // 4 + 1))[:length], "big")
    return (int.from_bytes(payload, "big") ^ key).to_bytes(length, "big")


async def carry_websocket(channel: Channel, attachment: Attachment, *, stdin: bool) -> None:
    """Like `streams.carry`; the end of the output is a close frame."""

    async def send(stream: int, data: bytes) -> None:
        await channel.write(message(_BINARY, data), STALL)

    reader = MessageReader(channel)
    await carry_pieces(reader.read, send, attachment, stdin=stdin, hung_up=lambda: True)
    if not channel.lost:
        await channel.write(message(_CLOSE, b""), STALL)
