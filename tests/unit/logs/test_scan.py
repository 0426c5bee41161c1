import gzip
from pathlib import Path

import pytest

from pier.logs import jsonformat, localformat
from pier.logs.drivers import encoder_for, format_of
from pier.logs.logfile import open_logs
from pier.logs.options import JSON_FILE, LOCAL, FileOptions
from pier.logs.scan import Scan, Selection

SECOND = 1_000_000_000
BASE = 1_795_568_448 * SECOND


class Style:
    """One driver's files."""

    def __init__(self, driver: str) -> None:
        self.options = FileOptions(driver=driver)

    def line(self, number: int, stream: str = "stdout") -> bytes:
        """Line `number` of a log: its time is BASE + number seconds."""
        encoder = encoder_for(self.options, {})
        text = f"line {number}\n".encode()
        return encoder.encode(text, 1 + (stream == "stderr"), BASE + number * SECOND, final=True, room=1 << 20)[0]

    def scan(self, path: Path, selection: Selection) -> Scan:
        return Scan(path, selection, format_of(self.options))


def numbers(scan: Scan) -> list[int]:
    """Reads to the present end."""
    found = []
    while (batch := scan.next()) is not None:
        found += [(entry.time - BASE) // SECOND for entry in batch]
    return found


@pytest.fixture(params=[JSON_FILE, LOCAL])
def style(request: pytest.FixtureRequest) -> Style:
    return Style(request.param)


@pytest.fixture
def log(tmp_path: Path, style: Style) -> Path:
    """Three files: 0-9 compressed, 10-19, 20-29."""
    path = tmp_path / "log"
    (tmp_path / "log.2.gz").write_bytes(gzip.compress(b"".join(map(style.line, range(10)))))
    (tmp_path / "log.1").write_bytes(b"".join(map(style.line, range(10, 20))))
    path.write_bytes(b"".join(map(style.line, range(20, 30))))
    return path


def test_reads_all_files_oldest_first(log: Path, style: Style) -> None:
    assert numbers(style.scan(log, Selection())) == list(range(30))


@pytest.mark.parametrize("tail", [0, 1, 9, 10, 11, 20, 25, 30, 100])
@pytest.mark.parametrize("stride", [1 << 18, 100])
def test_tail_counts_back_over_files(
    log: Path, style: Style, tail: int, stride: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jsonformat, "_STRIDE", stride)
    monkeypatch.setattr(localformat, "_BLOCK", stride)
    assert numbers(style.scan(log, Selection(tail=tail))) == list(range(30))[max(0, 30 - tail) :]


@pytest.mark.parametrize("since", [0, 1, 5, 10, 15, 20, 29, 30, 1000])
@pytest.mark.parametrize("stride", [1 << 18, 200])
def test_since_is_inclusive_and_found_by_bisection(
    log: Path, style: Style, since: int, stride: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jsonformat, "_STRIDE", stride)
    monkeypatch.setattr(localformat, "_BLOCK", stride)
    assert numbers(style.scan(log, Selection(since=BASE + since * SECOND))) == list(range(min(since, 30), 30))


def test_until_is_inclusive_and_ends_it(log: Path, style: Style) -> None:
    scan = style.scan(log, Selection(until=BASE + 12 * SECOND))
    assert numbers(scan) == list(range(13))
    assert scan.exhausted


def test_tail_counts_before_since_and_before_the_choice_of_streams(tmp_path: Path, style: Style) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"".join(style.line(n, "stderr" if n % 2 else "stdout") for n in range(10)))
    assert numbers(style.scan(path, Selection(tail=4, since=BASE + 8 * SECOND))) == [8, 9]
    assert numbers(style.scan(path, Selection(tail=4, stderr=False))) == [6, 8]
    assert numbers(style.scan(path, Selection(stdout=False))) == [1, 3, 5, 7, 9]


def test_a_log_that_is_not_there_yet_is_found_later(tmp_path: Path, style: Style) -> None:
    path = tmp_path / "log"
    scan = style.scan(path, Selection())
    assert numbers(scan) == []
    path.write_bytes(style.line(1))
    assert numbers(scan) == [1]


def test_a_torn_last_line_waits_for_its_end(tmp_path: Path, style: Style) -> None:
    path = tmp_path / "log"
    whole = style.line(1) + style.line(2)
    path.write_bytes(whole[:-10])
    scan = style.scan(path, Selection())
    assert numbers(scan) == [1]
    path.write_bytes(whole)
    assert numbers(scan) == [2]


def test_following_over_several_rotations_loses_and_repeats_nothing(tmp_path: Path, style: Style) -> None:
    path, first, second = (tmp_path / name for name in ("log", "log.1", "log.2"))
    path.write_bytes(style.line(1))
    scan = style.scan(path, Selection())
    assert numbers(scan) == [1]
    with path.open("ab") as old:
        old.write(style.line(2))  # not seen before it is rotated away
    path.rename(first)
    path.write_bytes(b"")
    assert numbers(scan) == [2]
    path.write_bytes(style.line(3))
    first.rename(second)
    path.rename(first)
    (tmp_path / "log.2.gz").write_bytes(gzip.compress(second.read_bytes()))
    second.unlink()
    path.write_bytes(style.line(4))
    assert numbers(scan) == [3, 4]
    with path.open("ab") as current:
        current.write(style.line(5))
    assert numbers(scan) == [5]


def test_tail_zero_does_not_come_back_to_old_lines_after_a_rotation(tmp_path: Path, style: Style) -> None:
    path = tmp_path / "log"
    path.write_bytes(style.line(1) + style.line(2))
    scan = style.scan(path, Selection(tail=0))
    assert numbers(scan) == []
    path.rename(tmp_path / "log.1")
    path.write_bytes(style.line(3))
    assert numbers(scan) == [3]


def test_a_log_emptied_by_hand_is_read_from_its_new_beginning(tmp_path: Path, style: Style) -> None:
    path = tmp_path / "log"
    path.write_bytes(style.line(1) + style.line(2))
    scan = style.scan(path, Selection())
    assert numbers(scan) == [1, 2]
    path.write_bytes(style.line(3))
    assert numbers(scan) == [3]


def test_a_damaged_line_costs_only_itself(tmp_path: Path) -> None:
    path = tmp_path / "log"
    style = Style(JSON_FILE)
    path.write_bytes(b"\0\0\0\n" + style.line(1) + b'{"log":"x"\n' + style.line(2) + b"\xff\xfe\n" + style.line(3))
    assert numbers(style.scan(path, Selection())) == [1, 2, 3]
    assert open_logs(path, format_of(style.options))[0].begins == BASE + SECOND


def test_a_file_met_twice_during_a_rotation_counts_once(tmp_path: Path, style: Style) -> None:
    path = tmp_path / "log"
    path.write_bytes(style.line(1))
    (tmp_path / "log.1").write_bytes(style.line(1))
    assert numbers(style.scan(path, Selection())) == [1]
