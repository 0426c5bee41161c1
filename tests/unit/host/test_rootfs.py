"""What needs no overlay; tests/integration/host has the rest."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.descriptors import open_descriptors

from pier.domain.errors import NotFound, PierError, Unsupported
from pier.domain.mount import FilesystemMount
from pier.host import rootfs


@pytest.fixture(autouse=True)
def _no_descriptor_leaks() -> Iterator[None]:
    before = open_descriptors()
    yield
    assert open_descriptors() - before == set()


@pytest.fixture
def mounts(tmp_path: Path) -> list[FilesystemMount]:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/file").write_text("text")
    (tmp_path / "loop").symlink_to("loop")
    return [FilesystemMount(type="bind", source=str(tmp_path), options=("rbind", "ro"))]


def test_plain_directory_is_opened_without_a_mount(mounts: list[FilesystemMount]) -> None:
    with rootfs.open_snapshot(mounts) as root:
        assert rootfs.read_file(root, "/etc/file", limit=10) == b"text"
        assert rootfs.read_file(root, "/etc/absent", limit=10) is None
        assert rootfs.read_file(root, "/etc/file/below", limit=10) is None


def test_what_cannot_be_read_is_an_error(mounts: list[FilesystemMount]) -> None:
    with rootfs.open_snapshot(mounts) as root:
        with pytest.raises(PierError, match="cannot be reached"):
            rootfs.read_file(root, "/loop", limit=10)
        with pytest.raises(PierError, match="not a regular file"):
            rootfs.read_file(root, "/etc", limit=10)
        with pytest.raises(PierError, match="4 bytes, more than the 3"):
            rootfs.read_file(root, "/etc/file", limit=3)


def test_directory_or_nothing(mounts: list[FilesystemMount]) -> None:
    with rootfs.open_snapshot(mounts) as root:
        with rootfs.open_directory(root, "/etc") as directory:
            assert directory is not None
            assert os.listdir(directory) == ["file"]
        with rootfs.open_directory(root, "/etc/file") as nothing:
            assert nothing is None
        with pytest.raises(PierError, match="cannot be reached"), rootfs.open_directory(root, "/loop"):
            pass


def test_snapshots_that_are_not_there_or_not_understood(tmp_path: Path) -> None:
    absent = FilesystemMount(type="bind", source=str(tmp_path / "absent"))
    with pytest.raises(PierError, match="cannot be opened"), rootfs.open_snapshot([absent]):
        pass
    with pytest.raises(Unsupported), rootfs.open_snapshot([]):
        pass


def test_root_of_a_process_that_is_gone() -> None:
    with pytest.raises(NotFound), rootfs.open_process_root(2**22 + 1):
        pass
