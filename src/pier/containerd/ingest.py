"""One blob on its way into containerd's content store: opened under a name, filled, committed or aborted."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import suppress
from types import TracebackType

import grpc
import grpc.aio
from google.protobuf.empty_pb2 import Empty
from pier_grpc import content_pb2 as pb

from pier.containerd.client import BULK_TIMEOUT, Client, Method
from pier.containerd.errors import translated
from pier.domain.errors import Conflict, InvalidArgument, NotFound, PierError, Unavailable

_SERVICE = "/containerd.services.content.v1.Content/"
# The messages are put together here: protobuf's own way copies a blob's bytes three times more.
_WRITE = Method(_SERVICE + "Write", pb.WriteContentRequest, pb.WriteContentResponse, serialize=bytes)
_ABORT = Method(_SERVICE + "Abort", pb.AbortRequest, Empty)

_DATA_TAG = pb.WriteContentRequest(data=b"x").SerializeToString()[:1]
_MESSAGE_SIZE = 1 << 20  # bytes from which on a message is sent; those of 2 MiB take both ends a quarter more time
_LARGEST_PIECE = 1 << 20  # of what comes in one: no message is larger than both together; 16 MiB is refused
_WINDOW = 4  # messages on their way at once
_ABORT_TIMEOUT = 10.0
_LOCK_PAUSES = (0.05, 0.1, 0.2, 0.4, 0.8, 1.6)  # seconds; a broken stream's lock is let go of a little later

_log = logging.getLogger(__name__)


class Ingest:
    """`async with` opens it and, unless it was committed, aborts it, so that nothing is left of a failure.

    `is_stored` says that the blob is complete; `was_there` that it had been before, so labels were not set by us.
    """

    def __init__(self, client: Client, ref: str, *, expected: str, size: int) -> None:
        self._client = client
        self._ref = ref
        self._what = f"write blob {expected or ref}"
        self._expected = expected
        self._size = size
        self._call: grpc.aio.StreamStreamCall[bytes, pb.WriteContentResponse] | None = None
        self._unanswered = 0
        self._is_full = False
        self._is_foreign = False
        self._is_left = False
        self.digest = expected
        self.offset = 0
        self.is_stored = False
        self.was_there = False

    async def __aenter__(self) -> "Ingest":
        try:
            await self._open()
        except BaseException:
            if not self._is_foreign:
                await self._abandon()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._call is not None:
            self._call.cancel()
        if not self.is_stored or self._is_left:
            await self._abandon()

    async def fill(self, chunks: AsyncIterator[bytes]) -> None:
        """Sends the bytes, in messages of about one size, a few ahead of what containerd wrote.

        Ends early when somebody else has stored the same blob meanwhile: containerd looks at every message.
        """
        if self._is_full:
            return
        try:
            await self._send_all(chunks)
        except Conflict as error:
            if not _exists(error):
                raise
            self.take_as_there()

    async def _send_all(self, chunks: AsyncIterator[bytes]) -> None:
        pending: list[bytes | memoryview] = []
        size = 0
        async for chunk in chunks:
            for piece in _cut(chunk):
                pending.append(piece)
                size += len(piece)
                if size >= _MESSAGE_SIZE:
                    await self._write(pending, size)
                    pending, size = [], 0
        if pending:
            await self._write(pending, size)
        while self._unanswered:
            await self._answer()

    def take_as_there(self) -> None:
        """Somebody else has stored the blob: what was sent goes at the end."""
        self.was_there = self.is_stored = self._is_left = True

    async def commit(self, labels: Mapping[str, str]) -> None:
        """Makes it a blob. Raises InvalidArgument when digest or size are not those expected."""
        if self.is_stored:
            return
        if not self._expected:
            self.digest = (await self._exchange(self._request(pb.STAT))).digest
        request = self._request(pb.COMMIT, labels=labels)
        try:
            reply = await self._exchange(request)
        except Conflict as error:
            if not isinstance(error.__cause__, grpc.aio.AioRpcError):
                raise
            if not _exists(error):
                raise InvalidArgument(error.message) from error
            self.take_as_there()
            return
        self.digest, self.offset, self.is_stored = reply.digest, reply.offset, True

    async def _open(self) -> None:
        for pause in (*_LOCK_PAUSES, None):
            self._call = self._client.duplex(_WRITE, timeout=BULK_TIMEOUT)
            try:
                status = await self._exchange(self._request(pb.STAT))
            except Conflict:
                self.was_there = self.is_stored = True
                return
            except Unavailable as error:
                if "locked" not in error.message:
                    raise
                if pause is None:
                    self._is_foreign = True
                    raise Conflict(f"cannot {self._what}: somebody else writes it now; try again later") from error
                await asyncio.sleep(pause)
            else:
                await self._start(status)
                return

    async def _start(self, status: pb.WriteContentResponse) -> None:
        """Full already: a blob of another namespace, shared by containerd, which needs only the commit.

        Part full: what a broken ingest of this name has left. It is not known to be a part of this blob and dropped.
        """
        self.offset = status.offset
        self._is_full = bool(self._expected) and status.digest == self._expected
        if self.offset and not self._is_full:
            self.offset = 0
            self.offset = (await self._exchange(self._request(pb.WRITE))).offset

    async def _write(self, pieces: Sequence[bytes | memoryview], size: int) -> None:
        """One message, copied once: its fields, and the data behind them (a message's fields may have any order)."""
        head = self._request(pb.WRITE)
        await self._send(b"".join((head, _DATA_TAG, _varint(size), *pieces)))
        self.offset += size
        self._unanswered += 1
        if self._unanswered >= _WINDOW:
            await self._answer()

    async def _answer(self) -> None:
        await self._receive()
        self._unanswered -= 1

    def _request(self, action: pb.WriteAction, *, labels: Mapping[str, str] | None = None) -> bytes:
        return pb.WriteContentRequest(
            action=action,
            ref=self._ref,
            total=self._size,
            expected=self._expected,
            offset=self.offset,
            labels=labels,
        ).SerializeToString()

    async def _exchange(self, request: bytes) -> pb.WriteContentResponse:
        await self._send(request)
        return await self._receive()

    async def _send(self, request: bytes) -> None:
        """On a stream that has ended it does nothing: `_receive` says why it has."""
        assert self._call is not None
        with suppress(asyncio.InvalidStateError, grpc.aio.AioRpcError):
            await self._call.write(request)

    async def _receive(self) -> pb.WriteContentResponse:
        assert self._call is not None
        with translated(self._what, socket=self._client.address):
            reply = await self._call.read()
            if isinstance(reply, pb.WriteContentResponse):
                return reply
        raise PierError(f"cannot {self._what}: containerd ended the stream without a reason; look at its log")

    async def _abandon(self) -> None:
        if self._call is not None:
            self._call.cancel()
        try:
            request = pb.AbortRequest(ref=self._ref)
            await self._client.call(_ABORT, request, what=f"abort ingest {self._ref}", timeout=_ABORT_TIMEOUT)
        except NotFound:
            return
        except PierError as error:
            _log.warning("%s; it goes with the next garbage collection", error.message)


def _exists(error: Conflict) -> bool:
    cause = error.__cause__
    return isinstance(cause, grpc.aio.AioRpcError) and cause.code() is grpc.StatusCode.ALREADY_EXISTS


def _cut(chunk: bytes) -> Iterator[bytes | memoryview]:
    """What is too large for one message in pieces, without copying it."""
    if len(chunk) <= _LARGEST_PIECE:
        return iter((chunk,))
    view = memoryview(chunk)
    return (view[start : start + _LARGEST_PIECE] for start in range(0, len(chunk), _LARGEST_PIECE))


def _varint(number: int) -> bytes:
    """Protobuf's base-128 form of a length."""
    digits = bytearray()
    while number > 0x7F:
        digits.append(number & 0x7F | 0x80)
        number >>= 7
    digits.append(number)
    return bytes(digits)
