import pytest
from benchmark.image_data import LINES, tar_of
from benchmark.marks import CheckFailed
from benchmark.metrics.streams import only_file, verify_lines, write_lines


def test_lines_must_all_be_there_unchanged() -> None:
    verify_lines(LINES * 2, 2)
    with pytest.raises(CheckFailed, match="100000 lines came back of 200000"):
        verify_lines(LINES, 2)
    with pytest.raises(CheckFailed, match="changed"):
        verify_lines(b"X" + LINES[1:], 1)


def test_command_that_writes_them() -> None:
    assert write_lines(3) == ["sh", "-c", "i=0; while [ $i -lt 3 ]; do cat /lines; i=$((i+1)); done"]


def test_the_one_file_of_an_archive() -> None:
    assert only_file(tar_of({"big.bin": b"data"})) == b"data"
