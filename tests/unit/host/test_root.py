"""Paths of a root; tests/integration/host has the roots made of mounts."""

import errno
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.descriptors import open_descriptors

from pier.domain.errors import NotFound, Unsupported
from pier.host.root import ContainerRoot, open_running_root, open_stopped_root


@pytest.fixture
def root(tmp_path: Path) -> Iterator[ContainerRoot]:
    (tmp_path / "root/etc").mkdir(parents=True)
    (tmp_path / "root/etc/passwd").write_text("inside")
    (tmp_path / "outside").write_text("outside")
    (tmp_path / "root/absolute").symlink_to("/etc/passwd")
    (tmp_path / "root/climbing").symlink_to("../../../../../../outside")
    (tmp_path / "root/real").symlink_to(tmp_path / "outside")
    before = open_descriptors()
    opened = ContainerRoot(os.open(tmp_path / "root", os.O_PATH | os.O_DIRECTORY))
    yield opened
    opened.close()
    assert open_descriptors() - before == set()


def read(root: ContainerRoot, path: str) -> str:
    with os.fdopen(root.open(path, os.O_RDONLY)) as file:
        return file.read()


def test_links_are_followed_inside(root: ContainerRoot) -> None:
    assert read(root, "/absolute") == "inside"
    assert read(root, "../../etc/passwd") == "inside"


@pytest.mark.parametrize("path", ["climbing", "real", "/../../outside", "etc/../../outside"])
def test_nothing_leads_out(root: ContainerRoot, path: str) -> None:
    with pytest.raises(FileNotFoundError):
        root.open(path, os.O_RDONLY)


def test_magic_links_are_not_followed() -> None:
    root = ContainerRoot(os.open("/proc", os.O_PATH))
    with pytest.raises(OSError) as found:
        root.open("self/root/etc/passwd", os.O_RDONLY)
    assert found.value.errno == errno.ELOOP
    root.close()


def test_a_directory_can_be_the_root_of_a_path(root: ContainerRoot) -> None:
    directory = root.open("etc", os.O_PATH)
    os.close(root.open("/../passwd", os.O_PATH, directory))
    with pytest.raises(FileNotFoundError):
        root.open("/etc/passwd", os.O_PATH, directory)
    os.close(directory)


def test_below_a_directory_no_link_is_followed(root: ContainerRoot) -> None:
    with pytest.raises(OSError) as found:
        root.open_beneath("absolute", os.O_RDONLY, root.descriptor)
    assert found.value.errno == errno.ELOOP
    with pytest.raises(OSError) as found:
        root.open_beneath("../outside", os.O_RDONLY, root.descriptor)
    assert found.value.errno == errno.EXDEV


def test_a_directory_swapped_for_a_link_never_leads_out(root: ContainerRoot, tmp_path: Path) -> None:
    """A container that renames as fast as it can while the engine resolves."""
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret/passwd").write_text("outside")
    home, link = tmp_path / "root/etc", tmp_path / "root/link"
    link.symlink_to("../secret")
    stop = threading.Event()

    def swap() -> None:
        while not stop.is_set():
            os.rename(home, tmp_path / "root/aside")
            os.rename(link, home)
            os.rename(home, link)
            os.rename(tmp_path / "root/aside", home)

    thread = threading.Thread(target=swap)
    thread.start()
    seen = set()
    try:
        for _ in range(3000):
            try:
                seen.add(read(root, "/etc/passwd"))
            except OSError:
                seen.add("error")
    finally:
        stop.set()
        thread.join()
    assert "outside" not in seen
    assert "inside" in seen


def test_a_duplicate_lives_on(root: ContainerRoot) -> None:
    twin = root.duplicate()
    root.close()
    root.close()
    assert read(twin, "/etc/passwd") == "inside"
    twin.close()


def test_a_process_that_is_gone_or_another_one() -> None:
    with pytest.raises(NotFound):
        open_running_root(2**22 + 1, "/pier/x", ())
    with pytest.raises(NotFound, match="/pier/not-this-one is gone"):
        open_running_root(os.getpid(), "/pier/not-this-one", ())


def test_a_snapshot_of_several_mounts_is_refused() -> None:
    with pytest.raises(Unsupported):
        open_stopped_root((), (), writable=False)
