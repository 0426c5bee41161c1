import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from pier.logs import spool as module
from pier.logs.spool import Spool


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    reader, writer = os.pipe()
    yield reader, writer
    os.close(reader)
    os.close(writer)


def put(spool: Spool, pipe: tuple[int, int], data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(pipe[1], rest[:60000]) :]
        spool.fill(pipe[0])


def test_positions_grow_and_bytes_are_read_at_any_of_them(tmp_path: Path, pipe: tuple[int, int]) -> None:
    spool = Spool(tmp_path / "s")
    put(spool, pipe, b"hello ")
    put(spool, pipe, b"world")
    assert spool.end == spool.held == 11
    assert spool.read(0, 100) == b"hello world"
    assert spool.read(6, 3) == b"wor"
    assert spool.read(11, 3) == b""


def test_an_empty_pipe_raises_and_one_without_writer_gives_nothing(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "s")
    reader, writer = os.pipe()
    with pytest.raises(BlockingIOError):
        spool.fill(reader)
    os.close(writer)
    assert spool.fill(reader) == 0
    os.close(reader)


def test_what_is_released_takes_no_room_and_the_rest_keeps_its_place(tmp_path: Path, pipe: tuple[int, int]) -> None:
    spool = Spool(tmp_path / "s")
    put(spool, pipe, b"x" * (4 << 20) + b"the end")
    spool.release(spool.end - 7)
    assert spool.held == 7
    assert os.stat(spool.path).st_blocks * 512 <= 8192
    assert os.stat(spool.path).st_size == spool.end
    assert spool.read(spool.end - 7, 100) == b"the end"


def test_room_is_given_back_once_all_is_read(tmp_path: Path, pipe: tuple[int, int]) -> None:
    spool = Spool(tmp_path / "s")
    put(spool, pipe, b"x" * (100 << 10))
    spool.release(spool.end)
    assert os.stat(spool.path).st_blocks * 512 <= 4096


def test_a_reopened_spool_goes_on_at_its_end(tmp_path: Path, pipe: tuple[int, int]) -> None:
    first = Spool(tmp_path / "s")
    put(first, pipe, b"a" * (2 << 20))
    first.release(first.end - 10)
    second = Spool(tmp_path / "s")
    assert second.end == first.end
    assert first.floor - 8192 <= second.floor <= first.floor
    put(second, pipe, b"more")
    assert second.read(first.end - 3, 100) == b"aaamore"


def test_it_is_full_at_its_bound(tmp_path: Path, pipe: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BOUND", 1000)
    spool = Spool(tmp_path / "s")
    put(spool, pipe, b"x" * 999)
    assert not spool.is_full
    put(spool, pipe, b"x")
    assert spool.is_full
    spool.release(1)
    assert not spool.is_full


def test_bytes_that_go_past_it_count_and_take_no_room(tmp_path: Path, pipe: tuple[int, int]) -> None:
    spool = Spool(tmp_path / "s")
    spool.skip(3 << 20)
    assert (spool.end, spool.held) == (3 << 20, 0)
    put(spool, pipe, b"kept")
    assert spool.read((3 << 20), 100) == b"kept"
    assert os.stat(spool.path).st_blocks * 512 <= 8192
