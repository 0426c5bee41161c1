import gzip
from pathlib import Path

import pytest

from pier.logs.jsonformat import JsonFormat
from pier.logs.logfile import OpenLog, open_logs


def line(second: int) -> bytes:
    return b'{"log":"x\\n","stream":"stdout","time":"1970-01-01T00:00:%02dZ"}\n' % second


def opened(path: Path) -> OpenLog:
    (log,) = open_logs(path, JsonFormat())
    return log


def test_files_come_oldest_first_whatever_is_missing(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(line(9))
    (tmp_path / "log.2").write_bytes(line(5))  # an interrupted rotation left .1 out
    (tmp_path / "log.3.gz").write_bytes(gzip.compress(line(2)))
    (tmp_path / "log.3").write_bytes(line(2))  # and a compression its source
    logs = open_logs(path, JsonFormat())
    assert [log.read_lines() for log in logs] == [line(2), line(5), line(9)]


def test_an_empty_current_file_is_there_an_empty_old_one_is_not(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.touch()
    (tmp_path / "log.1").touch()
    assert [log.begins for log in open_logs(path, JsonFormat())] == [0]


def test_a_file_that_was_empty_is_known_once_it_has_a_line(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.touch()
    log = opened(path)
    assert log.read_lines() == b""
    path.write_bytes(line(3) + line(4))
    assert log.read_lines() == line(3) + line(4)
    assert log.begins == 3_000_000_000


@pytest.mark.parametrize("torn", [b"", b'{"log":"to'])
def test_a_torn_last_line_does_not_count(tmp_path: Path, torn: bytes) -> None:
    path = tmp_path / "log"
    path.write_bytes(line(1) + line(2) + line(3) + torn)
    log = opened(path)
    assert log.seek_tail(2) == 2
    assert log.read_lines() == line(2) + line(3)
    assert log.seek_tail(0) == 0
    assert log.read_lines() == b""
    assert log.seek_tail(9) == 3
    assert log.read_lines() == line(1) + line(2) + line(3)


def test_seeking_a_time_never_goes_beyond_it(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"".join(line(second) for second in range(60)))
    for second in (0, 30, 59):
        log = opened(path)
        log.seek_time(second * 1_000_000_000)
        assert line(second) in log.read_lines()
