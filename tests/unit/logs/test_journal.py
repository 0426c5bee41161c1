import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pier.logs.checkpoint import Checkpoint
from pier.logs.drivers import encoder_for, format_of
from pier.logs.formats import Record
from pier.logs.journal import Journal
from pier.logs.options import JSON_FILE, LOCAL, FileOptions
from pier.logs.rotation import LogFile
from pier.logs.spool import Spool


class Bench:
    """A journal over spools that a test fills by hand; `restart` is what a new pierd would do."""

    def __init__(self, folder: Path, pool: ThreadPoolExecutor, options: FileOptions) -> None:
        self.folder, self.pool, self.options = folder, pool, options
        self.log = folder / "log"
        self.journal = self.restart()
        self.journal.begin()

    def restart(self) -> Journal:
        self.spools = {1: Spool(self.folder / "out"), 2: Spool(self.folder / "err")}
        file = LogFile(self.log, self.options, self.pool)
        self.journal = Journal(file, encoder_for(self.options, {}), Checkpoint(self.folder / "checkpoint"), self.spools)
        return self.journal

    def feed(self, stream: int, data: bytes) -> None:
        reader, writer = os.pipe()
        os.write(writer, data)
        self.spools[stream].fill(reader)
        os.close(reader)
        os.close(writer)

    def write(self, *, final: bool = False) -> None:
        self.journal.write([(number, spool.end) for number, spool in self.spools.items()], final=final)

    def entries(self) -> list[Record]:
        files = [Path(f"{self.log}.{n}") for n in range(9, 0, -1)] + [self.log]
        read = format_of(self.options).decode
        return [entry for file in files if file.exists() for entry in read(file.read_bytes())]

    def text(self) -> str:
        return b"".join(entry.text for entry in self.entries()).decode()


@pytest.fixture(params=[JSON_FILE, LOCAL])
def bench(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Callable[..., Bench]]:
    with ThreadPoolExecutor(1) as pool:
        yield lambda **options: Bench(tmp_path, pool, FileOptions(driver=request.param, **options))


def test_an_unfinished_line_waits_for_its_end(bench: Callable[..., Bench]) -> None:
    it = bench()
    it.feed(1, b"one\ntw")
    it.write()
    assert it.text() == "one\n"
    assert it.journal.position(1) == 4
    it.feed(1, b"o\nthree")
    it.write()
    assert it.text() == "one\ntwo\n"
    it.write(final=True)
    assert it.text() == "one\ntwo\nthree"
    assert it.journal.position(1) == it.spools[1].end


def test_both_streams_go_into_one_file_with_growing_times(bench: Callable[..., Bench]) -> None:
    it = bench()
    for number in range(5):
        it.feed(1, b"o%d\n" % number)
        it.feed(2, b"e%d\n" % number)
        it.write()
    entries = it.entries()
    assert [entry.stream for entry in entries] == [1, 2] * 5
    times = [entry.time for entry in entries]
    assert len(set(times)) == 10


def test_rotation_falls_between_lines_and_each_file_begins_later(bench: Callable[..., Bench]) -> None:
    it = bench(max_size=1000, max_file=10)
    it.feed(1, b"".join(b"%04d\n" % n for n in range(110)))
    it.write()
    assert it.text() == "".join(f"{n:04}\n" for n in range(110))
    files = sorted(it.folder.glob("log*"))
    assert len(files) > 3
    assert all(1000 <= file.stat().st_size < 1200 for file in files if file.name != "log")
    firsts = [format_of(it.options).first_time(file.read_bytes()) for file in files]
    assert len(set(firsts)) == len(files)


def test_after_a_kill_between_append_and_checkpoint_nothing_is_repeated(bench: Callable[..., Bench]) -> None:
    it = bench()
    it.feed(1, b"one\n")
    it.write()
    saved = (it.folder / "checkpoint").read_bytes()
    it.feed(1, b"two\nthr")
    it.write()
    (it.folder / "checkpoint").write_bytes(saved)  # as if it had been killed before it could save
    with it.log.open("ab") as log:
        log.write(b'{"log":"torn' if it.options.driver == JSON_FILE else b"\0\0\0\x17\x0a\x06std")
    it.restart().resume()
    it.feed(1, b"ee\n")
    it.write(final=True)
    assert it.text() == "one\ntwo\nthree\n"


def test_a_kill_in_the_middle_of_rotation_repeats_nothing(bench: Callable[..., Bench]) -> None:
    it = bench(max_size=10, max_file=5)
    it.feed(1, b"one\n")
    it.write()
    it.log.rename(f"{it.log}.1")  # the new file was not made yet
    it.restart().resume()
    it.feed(1, b"two\n")
    it.write()
    assert it.text() == "one\ntwo\n"


def test_a_new_process_goes_on_in_the_old_log(bench: Callable[..., Bench]) -> None:
    it = bench()
    it.feed(1, b"first run\n")
    it.write()
    last = it.entries()[-1].time
    for name in ("out", "err", "checkpoint"):
        (it.folder / name).unlink()
    it.restart().begin()
    it.feed(1, b"second run\n")
    it.write()
    assert it.text() == "first run\nsecond run\n"
    assert it.entries()[-1].time > last


def test_skipped_output_is_left_out_up_to_a_line_and_counted(bench: Callable[..., Bench]) -> None:
    it = bench()
    it.feed(1, b"first\n")
    it.write()
    it.feed(1, b"lost\nhalf lost\nkept\n")
    it.journal.skip(1, 14)  # within `half lost`
    assert it.journal.position(1) == 14
    it.write()
    assert it.text() == "first\nkept\n"
    assert it.journal.dropped == len(b"lost\nhalf lost\n")
    assert it.journal.dropped_lines == 2


def test_lines_given_up_while_others_are_written_count_once(
    bench: Callable[..., Bench], monkeypatch: pytest.MonkeyPatch
) -> None:
    it = bench()
    it.feed(1, b"".join(b"%04d\n" % n for n in range(100)))
    append = it.journal._file.append

    def slow(lines: bytes) -> None:
        monkeypatch.undo()
        it.feed(1, b"lost\nlost\nlost\nkept\n")
        it.journal.skip(1, 512)  # the batch in hand goes in all the same
        append(lines)

    monkeypatch.setattr(it.journal._file, "append", slow)
    it.write()
    it.write()
    assert it.text().splitlines() == [f"{n:04}" for n in range(100)] + ["kept"]
    assert (it.journal.dropped_lines, it.journal.dropped) == (3, 15)


def test_spool_given_up_before_the_crash_is_skipped_after_it(bench: Callable[..., Bench]) -> None:
    it = bench(non_blocking=True)
    it.feed(1, b"x" * 60000 + b"\n")
    it.feed(1, b"y" * 60000 + b"\n")
    it.feed(1, b"kept\n")
    it.spools[1]._punched = 0
    it.spools[1].release(it.spools[1].end)
    it.restart()
    it.journal.resume()
    assert it.spools[1].floor > 100_000
    it.write()
    assert it.text() == "kept\n"


def test_a_failed_append_is_retried_from_the_same_place(
    bench: Callable[..., Bench], monkeypatch: pytest.MonkeyPatch
) -> None:
    it = bench()
    it.feed(1, b"one\n")

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        with pytest.raises(OSError, match="No space"):
            it.write()
    assert it.journal.position(1) == 0
    it.write()
    assert it.text() == "one\n"
