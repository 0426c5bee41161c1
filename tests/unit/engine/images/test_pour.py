"""Ingests beside the reading of what comes next."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from fakes.containerd import FakeContainerd
from support.images import digest_of

from pier.domain.errors import InvalidArgument
from pier.domain.image import Descriptor
from pier.engine.images.pour import pouring


async def _chunks(*chunks: bytes) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


async def test_files_are_stored_and_told(containerd: FakeContainerd) -> None:
    done: list[Descriptor] = []
    async with containerd.leases.hold("test"), pouring(containerd.content) as pours:
        for number in range(5):
            await pours.pour(f"{number}", _chunks(b"a", str(number).encode()), done.append, expected="", size=2)
    assert sorted(blob.digest for blob in done) == sorted(digest_of(b"a%d" % number) for number in range(5))


async def test_failure_stops_the_reader_with_its_own_error(containerd: FakeContainerd) -> None:
    async def read() -> None:
        async with pouring(containerd.content) as pours:
            await pours.pour("x", _chunks(b"abc"), lambda _: None, expected="", size=9)
            await asyncio.Event().wait()

    with pytest.raises(InvalidArgument, match="size"):
        await read()


async def test_blob_that_is_there_does_not_hold_its_reader_up(containerd: FakeContainerd) -> None:
    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b"x"

    async with containerd.leases.hold("test"):
        known = await containerd.content.write("first", _chunks(b"abc"))
        async with asyncio.timeout(10), pouring(containerd.content) as pours:
            await pours.pour("second", endless(), lambda _: None, expected=known.digest, size=3)


async def test_error_of_the_reader_comes_out_as_it_is(containerd: FakeContainerd) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"x"
        raise InvalidArgument("the archive ends")

    async def read() -> None:
        async with pouring(containerd.content) as pours:
            await pours.pour("x", broken(), lambda _: None, expected="", size=9)

    with pytest.raises(InvalidArgument, match="the archive ends"):
        await read()
    assert not containerd.state.blobs
