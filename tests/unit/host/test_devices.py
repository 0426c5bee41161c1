import os
import stat
from pathlib import Path

import pytest

from pier.domain.errors import PierError
from pier.host.devices import device_numbers


def test_one_device_and_a_link_to_it(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to("/dev/null")
    for path in ("/dev/null", str(link)):
        below, kind, major, minor, mode, _, _ = device_numbers(path)[0]
        assert (below, kind, major, minor, mode) == ("", "c", 1, 3, 0o666)


@pytest.mark.root
def test_directory_gives_all_devices_below_it(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "pts").mkdir()
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to("/dev/null")
    os.mknod(tmp_path / "block", stat.S_IFBLK | 0o600, os.makedev(7, 1))
    os.mknod(tmp_path / "deep/char", stat.S_IFCHR | 0o600, os.makedev(1, 5))
    os.mknod(tmp_path / "pts/0", stat.S_IFCHR | 0o600, os.makedev(136, 0))
    found = {entry[0]: entry[1:4] for entry in device_numbers(str(tmp_path))}
    assert found == {"block": ("b", 7, 1), "deep/char": ("c", 1, 5)}


def test_absent_and_plain_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(PierError, match="not a device node"):
        device_numbers(str(tmp_path))
    with pytest.raises(PierError, match="no such file or directory"):
        device_numbers(str(tmp_path / "absent"))
    (tmp_path / "file").touch()
    with pytest.raises(PierError, match="not a device node"):
        device_numbers(str(tmp_path / "file"))
