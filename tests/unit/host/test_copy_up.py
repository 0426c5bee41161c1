"""What needs no root; tests/integration/host has owners and overlays."""

import os
import resource
from pathlib import Path

import pytest

from pier.domain.errors import PierError
from pier.host import copy_up
from pier.host.copy_up import copy_directory


def _copy(source: Path, target: Path) -> None:
    descriptor = os.open(source, os.O_RDONLY | os.O_DIRECTORY)
    try:
        copy_directory(descriptor, str(target))
    finally:
        os.close(descriptor)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    directory = tmp_path / "source"
    directory.mkdir()
    return directory


@pytest.fixture
def target(tmp_path: Path) -> Path:
    directory = tmp_path / "target"
    directory.mkdir()
    return directory


def test_tree_with_modes_times_and_links(source: Path, target: Path) -> None:
    (source / "a/b").mkdir(parents=True)
    (source / "a/b/file").write_bytes(b"x" * 2_500_000)
    (source / "a/b/file").chmod(0o640)
    (source / "a/b/empty").touch()
    os.link(source / "a/b/file", source / "again")
    (source / "link").symlink_to("a/b/file")
    os.utime(source / "a", ns=(10**18, 10**18 + 7))
    source.chmod(0o750)

    _copy(source, target)

    assert (target / "a/b/file").read_bytes() == b"x" * 2_500_000
    assert (target / "a/b/file").stat().st_mode & 0o7777 == 0o640
    assert (target / "a/b/empty").stat().st_size == 0
    assert (target / "again").stat().st_ino == (target / "a/b/file").stat().st_ino
    assert os.readlink(target / "link") == "a/b/file"
    assert (target / "a").stat().st_mtime_ns == 10**18 + 7
    assert target.stat().st_mode & 0o7777 == 0o750


def test_links_out_of_the_source_are_copied_not_followed(source: Path, target: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret/file").write_text("secret")
    (source / "directory").symlink_to(tmp_path / "secret")
    _copy(source, target)
    assert (target / "directory").is_symlink()
    assert list((tmp_path / "secret").iterdir()) == [tmp_path / "secret/file"]


def test_deep_trees_need_no_recursion(source: Path, target: Path) -> None:
    descriptors = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, descriptors[1]))
    path = source
    for _ in range(900):
        path = path / "d"
        path.mkdir()
    try:
        _copy(source, target)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, descriptors)
    assert (target / path.relative_to(source)).is_dir()


def test_failures_name_the_destination(source: Path, target: Path) -> None:
    (source / "file").touch()
    (target / "file").touch()
    with pytest.raises(PierError, match=str(target)):
        _copy(source, target)
    with pytest.raises(PierError, match="absent"):
        _copy(source, target / "absent")


def test_a_file_that_has_become_a_pipe_holds_nobody_up(source: Path, target: Path) -> None:
    """A container may write to what is copied."""
    (source / "file").touch()
    facts = (source / "file").stat()
    (source / "file").unlink()
    os.mkfifo(source / "file")
    handles = [os.open(path, os.O_RDONLY | os.O_DIRECTORY) for path in (source, target)]
    with pytest.raises(PierError, match="become something else"):
        copy_up._copy_file("file", facts, *handles)
    for handle in handles:
        os.close(handle)
