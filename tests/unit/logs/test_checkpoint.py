from pathlib import Path

from pier.logs.checkpoint import Checkpoint, Mark


def test_the_last_mark_is_found_by_the_next_to_open_it(tmp_path: Path) -> None:
    first = Checkpoint(tmp_path / "c")
    assert first.load() is None
    first.save(Mark(1, 2, 3, 4, 5))
    first.save(Mark(stdout=10, stderr=20, inode=30, size=40, time=1795568448952893952))
    assert Checkpoint(tmp_path / "c").load() == Mark(10, 20, 30, 40, 1795568448952893952)


def test_what_is_no_checkpoint_is_none(tmp_path: Path) -> None:
    (tmp_path / "c").write_bytes(b"\0" * 48)
    assert Checkpoint(tmp_path / "c").load() is None
