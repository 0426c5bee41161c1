"""Streams in and out through threads."""

import asyncio
import bz2
import gc
import gzip
import io
import lzma
import os
import tarfile
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import zstandard
from support.wait import wait_for

from pier.archive import copies
from pier.archive.copies import Copies
from pier.domain.errors import InvalidArgument, NotFound, PierError
from pier.host.root import ContainerRoot

PATIENCE = 5.0


def one_file(name: str, data: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        info = tarfile.TarInfo(name)
        info.size, info.uid, info.gid = len(data), os.getuid(), os.getgid()
        tar.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


async def chunks(data: bytes, size: int = 10_000) -> AsyncIterator[bytes]:
    for at in range(0, len(data), size):
        yield data[at : at + size]


def workers() -> int:
    return sum(thread.name in ("pier-pack", "pier-unpack") for thread in threading.enumerate())


@pytest.fixture(autouse=True)
async def _no_thread_stays() -> AsyncIterator[None]:
    yield
    await asyncio.to_thread(wait_for, lambda: workers() == 0, what="no thread is left")


async def test_a_tree_goes_out_and_comes_in_again(root: ContainerRoot, top: Path) -> None:
    (top / "d/big").write_bytes(os.urandom(5 << 20))
    (top / "copy").mkdir()
    found, stream = await Copies().pack(root, "/d")
    await Copies().unpack(root, "/copy", stream)
    assert found.name == "d"
    assert (top / "copy/d/big").read_bytes() == (top / "d/big").read_bytes()
    assert os.readlink(top / "copy/d/rel") == "f"


async def test_a_stream_lives_on_when_the_root_is_closed(root: ContainerRoot) -> None:
    other = root.duplicate()
    _, stream = await Copies().pack(other, "/d/f")
    everything = Copies().pack_all(other)
    other.close()
    assert b"text" in b"".join([chunk async for chunk in stream])
    assert b"text" in b"".join([chunk async for chunk in everything])


@pytest.mark.parametrize("path", ["/nosuch", "/out", "/real/"])
async def test_what_is_not_there_is_told_before_the_stream(root: ContainerRoot, path: str) -> None:
    with pytest.raises(NotFound):
        await Copies().pack(root, path + "/x")
    with pytest.raises(NotFound):
        await Copies().stat(root, path + "/x")
    with pytest.raises(NotFound):
        await Copies().unpack(root, path, chunks(one_file("x", b"")))


@pytest.mark.parametrize("leave", ["close", "forget"])
async def test_a_reader_that_leaves_ends_the_thread(root: ContainerRoot, top: Path, leave: str) -> None:
    (top / "d/big").write_bytes(bytes(20 << 20))
    _, stream = await Copies().pack(root, "/d")
    await anext(stream)
    assert workers() == 1
    if leave == "close":
        await stream.aclose()
    del stream
    gc.collect()
    await asyncio.to_thread(wait_for, lambda: workers() == 0, what="no thread is left")


async def test_a_failure_in_the_middle_ends_the_stream_with_it(root: ContainerRoot, top: Path) -> None:
    (top / "d/big").write_bytes(bytes(30 << 20))
    _, stream = await Copies().pack(root, "/d/big")
    await anext(stream)
    os.truncate(top / "d/big", 5)
    with pytest.raises(PierError, match="shorter"):
        async for _ in stream:
            pass


@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress, lzma.compress, zstandard.compress, bytes])
async def test_compressed_bodies(root: ContainerRoot, top: Path, compress: Callable[[bytes], bytes]) -> None:
    await Copies().unpack(root, "/d", chunks(compress(one_file("new", b"content" * 1000)), 100))
    assert (top / "d/new").read_bytes() == b"content" * 1000


async def test_bodies_that_are_no_archives(root: ContainerRoot) -> None:
    copies = Copies()
    await copies.unpack(root, "/d", chunks(b""))
    with pytest.raises(PierError, match="invalid tar header"):
        await copies.unpack(root, "/d", chunks(b"no tar at all" * 1000))
    with pytest.raises(InvalidArgument, match="ends too early"):
        await copies.unpack(root, "/d", chunks(gzip.compress(one_file("x", b"y" * 10_000))[:-20]))


async def test_what_follows_the_archive_is_read_to_its_end(root: ContainerRoot) -> None:
    read = 0

    async def body() -> AsyncIterator[bytes]:
        nonlocal read
        yield one_file("x", b"y")
        for _ in range(100):
            read += 1
            yield bytes(100_000)

    await Copies().unpack(root, "/d", body())
    assert read == 100


async def test_a_bad_archive_stops_the_sender(root: ContainerRoot) -> None:
    sent = 0

    async def body() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 1
            yield b"no tar at all" * 10_000
            await asyncio.sleep(0)

    with pytest.raises(PierError, match="invalid tar header"):
        async with asyncio.timeout(PATIENCE):
            await Copies().unpack(root, "/d", body())
    assert sent > 0


async def test_a_sender_that_breaks_off_leaves_no_thread(root: ContainerRoot) -> None:
    async def body() -> AsyncIterator[bytes]:
        yield one_file("x", b"y" * 100_000)[:5000]
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await Copies().unpack(root, "/d", body())
    assert workers() == 0


async def test_cancelling_waits_until_nothing_is_written_any_more(root: ContainerRoot) -> None:
    started = asyncio.Event()

    async def body() -> AsyncIterator[bytes]:
        yield one_file("x", b"y" * 100_000)[:5000]
        started.set()
        await asyncio.Event().wait()

    async with asyncio.TaskGroup() as group:
        job = group.create_task(Copies().unpack(root, "/d", body()))
        await started.wait()
        job.cancel()
    assert job.cancelled()
    assert workers() == 0


async def test_a_link_that_leads_nowhere_leaves_nothing_open(root: ContainerRoot, top: Path) -> None:
    (top / "loop").symlink_to("loop")
    with pytest.raises(PierError):
        await Copies().pack(root, "/loop")


@pytest.mark.parametrize("call", ["pack", "stat"])
async def test_a_reader_that_goes_while_its_path_is_looked_up_leaves_nothing_open(
    root: ContainerRoot, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    entered, gate = threading.Event(), threading.Event()

    def slow(name: str) -> None:
        true = getattr(copies, name)

        def wait(*args: object) -> object:
            entered.set()
            gate.wait(PATIENCE)
            return true(*args)

        monkeypatch.setattr(copies, name, wait)

    slow({"pack": "describe", "stat": "stat_path"}[call])
    async with asyncio.TaskGroup() as clients:
        client = clients.create_task(getattr(Copies(), call)(root, "/d"))
        await asyncio.to_thread(entered.wait, PATIENCE)
        client.cancel()
        await asyncio.sleep(0.01)
        assert not client.done()  # the thread is still in the root
        gate.set()
    assert client.cancelled()
