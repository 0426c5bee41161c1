import os
from pathlib import Path

import pytest

from pier.logs.holes import punch


def test_whole_pages_go_and_the_rest_keeps_its_place(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(b"x" * 100_000)
    descriptor = os.open(path, os.O_RDWR)
    assert punch(descriptor, 0, 50_000) == 12 * 4096
    assert os.fstat(descriptor).st_size == 100_000
    assert os.pread(descriptor, 5, 12 * 4096 - 2) == b"\0\0xxx"
    assert punch(descriptor, 12 * 4096, 50_000) == 12 * 4096
    os.close(descriptor)


def test_a_file_without_holes_is_told(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    with pytest.raises(OSError, match="cannot free"):
        punch(writer, 0, 8192)
    os.close(reader)
    os.close(writer)
