"""What every container finds in its root; the mount of a real snapshot is seen by tests/integration."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.descriptors import open_descriptors

from pier.host.init_layer import make_entries


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    before = open_descriptors()
    (tmp_path / "root").mkdir()
    yield tmp_path / "root"
    assert open_descriptors() - before == set()


def fill(root: Path) -> None:
    handle = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    try:
        make_entries(handle)
    finally:
        os.close(handle)


def test_an_empty_root_gets_all_of_it(root: Path) -> None:
    previous = os.umask(0o077)
    try:
        fill(root)
    finally:
        os.umask(previous)
    found = {str(path.relative_to(root)): path for path in root.rglob("*")}
    assert sorted(found) == [
        ".dockerenv",
        "dev",
        "dev/console",
        "dev/pts",
        "dev/shm",
        "etc",
        "etc/hostname",
        "etc/hosts",
        "etc/mtab",
        "etc/resolv.conf",
        "proc",
        "sys",
    ]
    assert found["etc/mtab"].readlink() == Path("/proc/mounts")
    assert {stat.S_IMODE(path.lstat().st_mode) for name, path in found.items() if name != "etc/mtab"} == {0o755}
    assert found[".dockerenv"].read_bytes() == b""


def test_what_the_image_has_there_gives_way_and_its_directories_stay(root: Path, tmp_path: Path) -> None:
    (root / "etc").mkdir(mode=0o711)
    (root / "etc/hosts").write_text("1.2.3.4 image")
    (root / "etc/resolv.conf").symlink_to(tmp_path / "outside")
    (root / "etc/hostname").mkdir()
    (root / "proc").symlink_to("/nowhere")
    fill(root)
    assert (root / "etc/hosts").read_bytes() == b""
    assert not (root / "etc/resolv.conf").is_symlink()
    assert (root / "etc/hostname").is_dir()
    assert (root / "proc").is_dir()
    assert not (tmp_path / "outside").exists()
    assert stat.S_IMODE((root / "etc").stat().st_mode) == 0o711


def test_links_to_directories_are_followed_but_never_out_of_the_root(root: Path, tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (root / "usr/etc").mkdir(parents=True)
    (root / "etc").symlink_to("/usr/etc")
    (root / "dev").symlink_to("../../../..")
    fill(root)
    assert (root / "usr/etc/hosts").exists()
    assert (root / "pts").is_dir()
    assert not list((tmp_path / "etc").iterdir())


def test_made_twice_it_is_the_same(root: Path) -> None:
    fill(root)
    fill(root)
    assert (root / "etc/mtab").is_symlink()
