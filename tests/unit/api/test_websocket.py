import pytest

from pier.api.http.channel import ConnectionLost
from pier.api.http.messages import Request
from pier.api.websocket import MESSAGE_LIMIT, MessageReader, accept, message
from pier.domain.errors import InvalidArgument


class Channel:
    """Bytes that arrive in given pieces."""

    def __init__(self, *pieces: bytes) -> None:
        self._pieces = list(pieces)
        self.written = b""

    async def read(self) -> bytes:
        return self._pieces.pop(0) if self._pieces else b""

    async def write(self, data: bytes, stall: float) -> None:
        self.written += data


def masked(opcode: int, payload: bytes, *, final: int = 0x80) -> bytes:
    mask = b"\x0a\x0b\x0c\x0d"
    body = bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload))
    length = len(payload)
    size = bytes((0x80 | length,)) if length < 126 else bytes((0x80 | 126,)) + length.to_bytes(2, "big")
    return bytes((final | opcode,)) + size + mask + body


@pytest.mark.parametrize(
    ("length", "head"),
    [
        (1, b"\x82\x01"),
        (125, b"\x82\x7d"),
        (126, b"\x82\x7e\x00\x7e"),
        (70_000, b"\x82\x7f\x00\x00\x00\x00\x00\x01\x11\x70"),
    ],
)
def test_lengths(length: int, head: bytes) -> None:
    assert message(2, b"x" * length) == head + b"x" * length


async def test_messages_split_anywhere_are_read() -> None:
    data = masked(2, b"ab" * 100) + masked(1, b"cd", final=0) + masked(0, b"ef")
    reader = MessageReader(Channel(*(data[i : i + 1] for i in range(len(data)))))  # type: ignore[arg-type]
    assert [await reader.read() for _ in range(3)] == [b"ab" * 100, b"cd", b"ef"]


async def test_pings_are_answered_in_between() -> None:
    channel = Channel(masked(9, b"p") + masked(2, b"x"))
    assert await MessageReader(channel).read() == b"x"  # type: ignore[arg-type]
    assert channel.written == message(10, b"p")


@pytest.mark.parametrize("data", [masked(8, b""), b"\x82\x01x", b"\x82\xff" + (MESSAGE_LIMIT + 1).to_bytes(8, "big")])
async def test_a_close_and_what_breaks_the_rules_end_the_input(data: bytes) -> None:
    assert await MessageReader(Channel(data)).read() == b""  # type: ignore[arg-type]


async def test_a_message_cut_short_is_a_lost_connection() -> None:
    with pytest.raises(ConnectionLost):
        await MessageReader(Channel(masked(2, b"abc")[:-1])).read()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"connection": "upgrade", "upgrade": "tcp", "sec-websocket-key": "a"},
        {"connection": "upgrade", "upgrade": "websocket"},
        {
            "connection": "upgrade",
            "upgrade": "websocket",
            "sec-websocket-key": "a",
            "sec-websocket-version": "8",
        },
    ],
)
def test_bad_handshakes(headers: dict[str, str]) -> None:
    with pytest.raises(InvalidArgument):
        accept(Request("GET", "/", headers, lambda: (_ for _ in ())))  # type: ignore[arg-type, return-value]
