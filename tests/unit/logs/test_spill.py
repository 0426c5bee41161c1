import os
from pathlib import Path

from pier.logs.spill import Spill


def test_bytes_keep_their_position_and_the_file_has_no_name(tmp_path: Path) -> None:
    data = os.urandom(3 << 20)
    source = tmp_path / "spool"
    source.write_bytes(data)
    descriptor = os.open(source, os.O_RDONLY)
    spill = Spill(tmp_path)
    spill.copy(descriptor, 1000, 2 << 20)
    assert spill.end == 0
    spill.extend(1000, 2 << 20)
    spill.copy(descriptor, 2 << 20, 3 << 20)
    spill.extend(2 << 20, 3 << 20)
    assert (spill.begin, spill.end) == (1000, 3 << 20)
    assert spill.read(1000, 50) == data[1000:1050]
    assert spill.read((3 << 20) - 5, 50) == data[-5:]
    assert os.listdir(tmp_path) == ["spool"]
    os.close(descriptor)
    spill.close()


def test_what_is_read_is_given_back_to_the_disk(tmp_path: Path) -> None:
    source = tmp_path / "spool"
    source.write_bytes(b"x" * (4 << 20))
    descriptor = os.open(source, os.O_RDONLY)
    spill = Spill(tmp_path)
    spill.copy(descriptor, 0, 4 << 20)
    spill.extend(0, 4 << 20)
    spill.release(3 << 20)
    assert os.fstat(spill._fd).st_blocks * 512 <= (1 << 20) + 8192
    spill.release(8 << 20)
    assert os.fstat(spill._fd).st_blocks * 512 <= 8192
    os.close(descriptor)
    spill.close()
