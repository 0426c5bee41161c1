"""Blobs on their way."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Coroutine
from typing import Any

import pytest
from fakes.containerd import FakeContainerd
from fakes.registry import FakeRegistry, FakeSession

from pier.domain.errors import InvalidArgument, PierError, Unauthenticated
from pier.domain.image import Descriptor
from pier.engine.images.downloads import Downloads

DATA = bytes(range(256)) * 1000
BLOB = Descriptor(media_type="", digest=f"sha256:{hashlib.sha256(DATA).hexdigest()}", size=len(DATA))


class SlowSession(FakeSession):
    """Sends half, then waits for `gate`; what it was asked is counted, and `failure` ends it there."""

    def __init__(self, data: bytes = DATA) -> None:
        super().__init__(FakeRegistry())
        self.gate = asyncio.Event()
        self.started = asyncio.Event()
        self.data = data
        self.asked = 0
        self.failure: PierError | None = None

    async def blob(self, repository: str, descriptor: Descriptor, *, offset: int = 0) -> AsyncIterator[bytes]:
        self.asked += 1
        self.started.set()
        yield self.data[: len(self.data) // 2]
        await self.gate.wait()
        if self.failure is not None:
            raise self.failure
        yield self.data[len(self.data) // 2 :]


@pytest.fixture
def containerd() -> FakeContainerd:
    return FakeContainerd()


@pytest.fixture
def downloads(containerd: FakeContainerd) -> Downloads:
    def spawn(job: Coroutine[Any, Any, None], name: str) -> "asyncio.Task[None]":
        return asyncio.get_running_loop().create_task(job, name=name)

    return Downloads(containerd.content, containerd.leases, spawn, 3)


async def test_blob_is_fetched_once_for_all(containerd: FakeContainerd, downloads: Downloads) -> None:
    first, second, counts = SlowSession(), SlowSession(), list[int]()
    async with asyncio.TaskGroup() as group:
        for session in (first, second, second):
            group.create_task(downloads.bring(session, "r/x", BLOB, counts.append))
        await first.started.wait()
        first.gate.set()
    assert (first.asked, second.asked) == (1, 0)
    assert containerd.state.blobs[BLOB.digest].data == DATA
    assert counts.count(len(DATA)) == 3  # each heard of the end
    await downloads.bring(second, "r/x", BLOB, counts.append)
    assert second.asked == 0


async def test_first_of_two_that_come_at_once_is_complete_first(
    containerd: FakeContainerd, downloads: Downloads, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = DATA[::-1]
    second_blob = Descriptor(media_type="", digest=f"sha256:{hashlib.sha256(other).hexdigest()}", size=len(other))
    taken: list[str] = []
    write = containerd.content.write

    async def slowly(ref: str, chunks: AsyncIterator[bytes], **more: Any) -> Descriptor:
        async def watched() -> AsyncIterator[bytes]:
            async for chunk in chunks:
                taken.append(more["expected"])
                for _ in range(5):  # slower than the registry
                    await asyncio.sleep(0)
                yield chunk

        return await write(ref, watched(), **more)

    monkeypatch.setattr(containerd.content, "write", slowly)
    registry = FakeRegistry(blobs={BLOB.digest: DATA, second_blob.digest: other})
    async with asyncio.TaskGroup() as group:
        for blob in (BLOB, second_blob):
            group.create_task(downloads.bring(FakeSession(registry), "r/x", blob, _nothing))
    assert set(taken) == {BLOB.digest, second_blob.digest}
    assert taken[-2:] == [second_blob.digest] * 2
    assert BLOB.digest not in taken[-3:]


async def test_first_caller_may_go(containerd: FakeContainerd, downloads: Downloads) -> None:
    first, second = SlowSession(), SlowSession()
    async with asyncio.TaskGroup() as group:
        impatient = group.create_task(downloads.bring(first, "r/x", BLOB, _nothing))
        patient = group.create_task(downloads.bring(second, "r/x", BLOB, _nothing))
        await first.started.wait()
        impatient.cancel()
        await asyncio.wait([impatient])
        first.gate.set()
        await patient
    assert (first.asked, second.asked) == (1, 0)  # what had come was not fetched again
    assert BLOB.digest in containerd.state.blobs


async def test_when_all_have_gone_it_ends_and_leaves_nothing(containerd: FakeContainerd, downloads: Downloads) -> None:
    session = SlowSession()
    async with asyncio.TaskGroup() as group:
        callers = [group.create_task(downloads.bring(session, "r/x", BLOB, _nothing)) for _ in range(2)]
        await session.started.wait()
        for caller in callers:
            caller.cancel()
    assert not containerd.state.blobs
    assert not containerd.state.leases


async def test_failure_of_one_callers_credentials_is_not_the_others(
    containerd: FakeContainerd, downloads: Downloads
) -> None:
    stranger, friend = SlowSession(), SlowSession()
    stranger.failure = Unauthenticated("who are you")
    friend.gate.set()
    async with asyncio.TaskGroup() as group:
        refused = group.create_task(_caught(downloads.bring(stranger, "r/x", BLOB, _nothing)))
        group.create_task(downloads.bring(friend, "r/x", BLOB, _nothing))
        await stranger.started.wait()
        stranger.gate.set()
    assert isinstance(refused.result(), Unauthenticated)
    assert friend.asked == 1
    assert BLOB.digest in containerd.state.blobs


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (DATA[:-1], "of the 256000 bytes"),
        (DATA + b"x", "more than the 256000 bytes"),
        (bytes(len(DATA)), "something else"),
    ],
)
async def test_false_bytes(containerd: FakeContainerd, downloads: Downloads, data: bytes, message: str) -> None:
    session = SlowSession(data)
    session.gate.set()
    with pytest.raises(InvalidArgument, match=message):
        await downloads.bring(session, "r/x", BLOB, _nothing)
    assert not containerd.state.blobs


def _nothing(_: int) -> None:
    """Hears nothing."""


async def _caught(job: Coroutine[Any, Any, None]) -> PierError | None:
    try:
        await job
    except PierError as error:
        return error
    return None
