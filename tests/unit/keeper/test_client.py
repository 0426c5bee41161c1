"""The client against a real keeper process (no root needed)."""

import asyncio
import os
import signal
import socket
import struct
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from pier.domain.errors import Unavailable
from pier.keeper.client import Keeper


def pid_of(path: Path) -> int:
    """The process that listens there (unix(7), SO_PEERCRED)."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as probe:
        probe.connect(str(path))
        pid: int = struct.unpack("3i", probe.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0]
        return pid


@pytest.fixture
async def path(tmp_path: Path) -> AsyncIterator[Path]:
    path = tmp_path / "keeper.sock"
    yield path
    if path.exists():
        os.kill(pid_of(path), signal.SIGTERM)


async def until(condition: object, timeout: float = 10) -> None:
    async with asyncio.timeout(timeout):
        while not condition():  # type: ignore[operator]  # noqa: ASYNC110 - another process changes it
            await asyncio.sleep(0.01)


def pipe_with(data: bytes) -> tuple[int, int]:
    reader, writer = os.pipe()
    os.write(writer, data)
    return reader, writer


async def test_bytes_in_a_pipe_survive_the_one_who_put_it(path: Path) -> None:
    first = Keeper(path)
    reader, writer = pipe_with(b"last words")
    await first.put("io/a/stdout", reader)
    os.close(reader)
    os.close(writer)
    await first.close()

    second = Keeper(path)
    taken = await second.take("io/a/stdout")
    assert taken is not None
    assert os.read(taken, 100) == b"last words"
    os.close(taken)
    await second.close()


async def test_takes_any_number_of_times_until_forgotten(path: Path) -> None:
    keeper = Keeper(path)
    reader, writer = os.pipe()
    await keeper.put("x", reader)
    await keeper.put("y", reader)
    for _ in range(2):
        taken = await keeper.take("x")
        assert taken is not None
        os.close(taken)
    assert await keeper.names() == ["x", "y"]
    await keeper.forget("x", "unknown")
    assert await keeper.take("x") is None
    assert await keeper.names() == ["y"]
    os.close(reader)
    os.close(writer)
    await keeper.close()


async def test_forgetting_closes_the_keepers_end(path: Path) -> None:
    keeper = Keeper(path)
    reader, writer = os.pipe()
    await keeper.put("x", reader)
    os.close(reader)
    os.write(writer, b"somebody could still read this")
    await keeper.forget("x")
    with pytest.raises(BrokenPipeError):
        os.write(writer, b"nobody can")
    os.close(writer)
    await keeper.close()


async def test_lists_more_names_than_fit_one_answer(path: Path) -> None:
    keeper = Keeper(path)
    reader, writer = os.pipe()
    wanted = [f"io/{n:03}/stdout" for n in range(300)]
    for name in wanted:
        await keeper.put(name, reader)
    assert await keeper.names() == wanted
    await keeper.forget(*wanted)
    assert await keeper.names() == []
    os.close(reader)
    os.close(writer)
    await keeper.close()


async def test_a_killed_keeper_is_started_and_filled_again(path: Path) -> None:
    keeper = Keeper(path)
    reader, writer = pipe_with(b"kept")
    await keeper.put("x", reader)
    os.close(reader)
    old = pid_of(path)
    async with asyncio.TaskGroup() as group:
        watch = group.create_task(keeper.run(), name="keeper")
        os.kill(old, signal.SIGKILL)

        async def refilled() -> None:
            other = Keeper(path)
            while await other.take("x") is None:  # noqa: ASYNC110 - another process answers
                await asyncio.sleep(0.01)
            await other.close()

        await asyncio.wait_for(refilled(), 10)
        watch.cancel()
    assert pid_of(path) != old
    taken = await keeper.take("x")
    assert taken is not None
    assert os.read(taken, 10) == b"kept"
    os.close(taken)
    os.close(writer)
    await keeper.close()


async def test_it_runs_in_a_session_of_its_own(path: Path) -> None:
    keeper = Keeper(path)
    await keeper.start()
    pid = pid_of(path)
    assert os.getsid(pid) == pid
    assert os.getsid(pid) != os.getsid(0)
    await keeper.close()


async def test_it_ends_when_it_holds_nothing_and_nobody_is_there(path: Path) -> None:
    keeper = Keeper(path, idle=0.05)
    reader, writer = os.pipe()
    await keeper.put("x", reader)
    pid = pid_of(path)
    await keeper.close()

    second = Keeper(path, idle=0.05)  # found alive, as it holds something
    assert await second.names() == ["x"]
    assert pid_of(path) == pid
    await second.forget("x")
    await second.close()
    await until(lambda: not path.exists())
    os.close(reader)
    os.close(writer)


async def test_it_ends_when_nobody_can_reach_it_any_more(path: Path) -> None:
    keeper = Keeper(path, idle=0.05)
    reader, writer = os.pipe()
    await keeper.put("x", reader)
    os.close(reader)
    os.unlink(path)
    os.write(writer, b"it still holds the other end")
    await keeper.close()

    def is_gone() -> bool:
        try:
            os.write(writer, b".")
        except BrokenPipeError:
            return True
        return False

    await until(is_gone)
    os.close(writer)


async def test_what_cannot_be_started_says_so_but_fails_no_put(tmp_path: Path) -> None:
    keeper = Keeper(tmp_path / "missing" / "keeper.sock")
    with pytest.raises(Unavailable, match="cannot start the keeper"):
        await keeper.start()
    reader, writer = os.pipe()
    await keeper.put("x", reader)
    assert await keeper.take("x") is None
    os.close(reader)
    os.close(writer)
    await keeper.close()


async def test_requests_at_the_same_time_get_their_own_answers(path: Path) -> None:
    keeper = Keeper(path)
    pipes = [pipe_with(str(n).encode()) for n in range(20)]
    await asyncio.gather(*[keeper.put(f"p{n}", reader) for n, (reader, _) in enumerate(pipes)])
    taken = await asyncio.gather(*[keeper.take(f"p{n}") for n in range(20)])
    assert [os.read(descriptor, 10) for descriptor in taken if descriptor is not None] == [
        str(n).encode() for n in range(20)
    ]
    for descriptor in [d for d in taken if d is not None] + [end for pipe in pipes for end in pipe]:
        os.close(descriptor)
    await keeper.forget(*[f"p{n}" for n in range(20)])
    await keeper.close()


async def test_what_is_forgotten_before_its_turn_is_not_put(path: Path) -> None:
    keeper = Keeper(path)
    await keeper.start()
    connection = keeper._socket
    reader, writer = os.pipe()
    await asyncio.gather(keeper.names(), keeper.put("x", reader), keeper.forget("x"))
    assert keeper._socket is connection  # a closed descriptor cannot be sent, which looked like a keeper that died
    await asyncio.gather(keeper.put("x", reader), keeper.put("x", writer), keeper.put("y", reader))
    assert await keeper.names() == ["x", "y"]
    taken = await keeper.take("x")
    assert taken is not None
    assert os.write(taken, b"1") == 1  # the second one
    for descriptor in (reader, writer, taken):
        os.close(descriptor)
    await keeper.close()
