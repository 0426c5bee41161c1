import asyncio
from typing import Any, cast

import pytest
from fakes.engine import FakeAttachment

from pier.api.http.channel import ConnectionLost
from pier.api.streams import carry_pieces
from pier.domain.errors import Conflict, PierError


class Peer:
    """A client whose input is given beforehand and who stays silent after it, or goes."""

    def __init__(self, *pieces: bytes, ends: bool = False, hung_up: bool = False) -> None:
        self._pieces = list(pieces)
        self._ends = ends
        self.hung_up = hung_up
        self.got: list[tuple[int, bytes]] = []
        self.lost = False

    async def receive(self) -> bytes:
        if self._pieces:
            return self._pieces.pop(0)
        if not self._ends:
            await asyncio.Event().wait()
        return b""

    async def send(self, stream: int, data: bytes) -> None:
        if self.lost:
            raise ConnectionLost
        self.got.append((stream, data))


async def carry(peer: Peer, attachment: FakeAttachment, *, stdin: bool = True) -> None:
    async with asyncio.timeout(5):
        await carry_pieces(peer.receive, peer.send, cast(Any, attachment), stdin=stdin, hung_up=lambda: peer.hung_up)
    assert attachment.closed.is_set()


async def test_it_ends_with_the_process_though_the_client_is_silent() -> None:
    attachment, peer = FakeAttachment(), Peer(b"in")
    attachment.say(b"a")
    attachment.end()
    await carry(peer, attachment)
    assert peer.got == [(1, b"a")]


async def test_a_client_that_hangs_up_without_stdin_ends_it() -> None:
    await carry(Peer(ends=True, hung_up=True), FakeAttachment(), stdin=False)


async def test_a_process_that_reads_no_more_does_not_stop_its_output() -> None:
    class Deaf(FakeAttachment):
        async def write(self, data: bytes) -> None:
            self.say(b"still here")
            self.end()
            raise Conflict("gone")

    peer = Peer(b"a", b"b")
    await carry(peer, Deaf())
    assert peer.got == [(1, b"still here")]


async def test_output_that_breaks_is_told_as_output() -> None:
    class Broken(FakeAttachment):
        async def __aiter__(self) -> Any:
            yield 1, b"a"
            raise PierError("disk full")

    peer = Peer()
    await carry(peer, Broken())
    assert peer.got == [(1, b"a"), (1, b"disk full\r\n")]


async def test_a_lost_connection_is_no_error() -> None:
    attachment, peer = FakeAttachment(), Peer()
    peer.lost = True
    attachment.say(b"a")
    await carry(peer, attachment)


async def test_a_connection_lost_while_its_input_is_read_is_no_error() -> None:
    class Vanishing(Peer):
        async def receive(self) -> bytes:
            raise ConnectionLost

    await carry(Vanishing(), FakeAttachment())


async def test_a_defect_is_not_swallowed() -> None:
    class Defect(FakeAttachment):
        async def write(self, data: bytes) -> None:
            raise RuntimeError("defect")

    with pytest.raises(ExceptionGroup):
        await carry(Peer(b"a"), Defect())
