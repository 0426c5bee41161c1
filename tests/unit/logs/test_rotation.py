import gzip
import os
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path

import pytest

from pier.logs.drivers import encoder_for
from pier.logs.options import JSON_FILE, LOCAL, UNBOUNDED, FileOptions
from pier.logs.rotation import LogFile, compress


@pytest.fixture
def pool() -> Iterator[Executor]:
    with ThreadPoolExecutor(1) as pool:
        yield pool


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def test_the_oldest_file_falls_off(tmp_path: Path, pool: Executor) -> None:
    file = LogFile(tmp_path / "l", FileOptions(max_size=5, max_file=3), pool)
    for line in (b"one__\n", b"two__\n", b"three\n", b"four_\n"):
        if file.is_full:
            file.rotate()
        file.append(line)
    assert names(tmp_path) == ["l", "l.1", "l.2"]
    assert [(tmp_path / name).read_bytes() for name in names(tmp_path)] == [b"four_\n", b"three\n", b"two__\n"]


def test_the_last_of_the_disk_is_left_to_the_engine(
    tmp_path: Path, pool: Executor, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = LogFile(tmp_path / "l", FileOptions(max_size=UNBOUNDED, max_file=1), pool)
    file.append(b"before\n")
    disk = os.statvfs(tmp_path)
    monkeypatch.setattr("pier.logs.rotation.KEPT_FREE", disk.f_bavail * disk.f_frsize * 2)
    with pytest.raises(OSError, match="No space left on device but for"):
        file.append(b"after\n")
    assert (tmp_path / "l").read_bytes() == b"before\n"


def test_a_single_file_is_begun_anew_under_a_reader(tmp_path: Path, pool: Executor) -> None:
    file = LogFile(tmp_path / "l", FileOptions(max_size=5, max_file=1), pool)
    file.append(b"one__\n")
    with (tmp_path / "l").open("rb") as reader:
        file.rotate()
        file.append(b"two__\n")
        assert reader.read() == b"one__\n"
    assert names(tmp_path) == ["l"]
    assert (tmp_path / "l").read_bytes() == b"two__\n"


def test_older_files_are_compressed(tmp_path: Path, pool: Executor) -> None:
    file = LogFile(tmp_path / "l", FileOptions(max_size=1, max_file=3, compress=True), pool)
    for line in (b"one\n", b"two\n", b"three\n"):
        if file.is_full:
            file.rotate()
        file.append(line)
    pool.shutdown()
    assert names(tmp_path) == ["l", "l.1.gz", "l.2.gz"]
    assert gzip.decompress((tmp_path / "l.2.gz").read_bytes()) == b"one\n"


def test_a_failed_compression_leaves_the_plain_file(tmp_path: Path) -> None:
    (tmp_path / "l.1").write_bytes(b"x")
    (tmp_path / "l.1.gz.tmp").mkdir()
    with pytest.raises(OSError, match="directory"):
        compress(tmp_path / "l.1", tmp_path / "l.1.gz")
    assert (tmp_path / "l.1").read_bytes() == b"x"


def test_room_ends_at_the_bound(tmp_path: Path, pool: Executor) -> None:
    file = LogFile(tmp_path / "l", FileOptions(max_size=10, max_file=2), pool)
    file.append(b"12345678")
    assert (file.room, file.is_full) == (2, False)
    file.append(b"90x")
    assert (file.room, file.is_full) == (0, True)
    assert LogFile(tmp_path / "l", FileOptions(max_size=UNBOUNDED), pool).is_full is False


@pytest.mark.parametrize("driver", [JSON_FILE, LOCAL])
def test_a_torn_last_record_is_cut_and_the_last_whole_one_tells_its_time(
    tmp_path: Path, pool: Executor, driver: str
) -> None:
    options = FileOptions(driver=driver)
    whole = b"".join(
        encoder_for(options, {}).encode(b"text\n", 1, time, final=True, room=1 << 20)[0] for time in (5, 7)
    )
    for torn in (b"", whole[:3], whole[:9], b"\0" * 30):
        (tmp_path / "l").write_bytes(whole + torn)
        file = LogFile(tmp_path / "l", options, pool)
        assert file.recover() == 7
        assert (tmp_path / "l").read_bytes() == whole
        assert file.recover() == 7


@pytest.mark.parametrize("driver", [JSON_FILE, LOCAL])
def test_an_empty_file_has_no_last_record(tmp_path: Path, pool: Executor, driver: str) -> None:
    assert LogFile(tmp_path / "l", FileOptions(driver=driver), pool).recover() == 0


def test_a_file_emptied_by_hand_is_written_from_its_beginning(tmp_path: Path, pool: Executor) -> None:
    file = LogFile(tmp_path / "l", FileOptions(max_size=100), pool)
    file.append(b"x" * 90 + b"\n")
    os.truncate(tmp_path / "l", 0)
    file.append(b"new\n")
    assert (tmp_path / "l").read_bytes() == b"new\n"
    assert file.size == 4


def test_a_write_that_fails_leaves_nothing_behind(
    tmp_path: Path, pool: Executor, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = LogFile(tmp_path / "l", FileOptions(), pool)
    file.append(b"good\n")
    write = os.write
    left = [3]

    def failing(descriptor: int, data: memoryview) -> int:
        if not left[0]:
            raise OSError(28, "No space left on device")
        count, left[0] = left[0], 0
        return write(descriptor, data[:count])

    monkeypatch.setattr(os, "write", failing)
    with pytest.raises(OSError, match="No space"):
        file.append(b"not all of it\n")
    monkeypatch.undo()
    assert (tmp_path / "l").read_bytes() == b"good\n"
    file.append(b"again\n")
    assert (tmp_path / "l").read_bytes() == b"good\nagain\n"


def test_an_interrupted_rotation_is_no_obstacle(tmp_path: Path, pool: Executor) -> None:
    for name in ("l.2", "l.3"):  # .1 is missing
        (tmp_path / name).write_bytes(name.encode())
    file = LogFile(tmp_path / "l", FileOptions(max_size=1, max_file=4), pool)
    file.append(b"x\n")
    file.rotate()
    assert names(tmp_path) == ["l", "l.1", "l.3"]
    assert (tmp_path / "l.3").read_bytes() == b"l.2"
