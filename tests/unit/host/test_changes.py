"""Changes of a writable layer on one layer of an image, which needs no mount; whiteouts need root."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.descriptors import open_descriptors

from pier.domain.archive import ChangeKind
from pier.domain.errors import PierError, Unsupported
from pier.domain.mount import FilesystemMount
from pier.host.changes import find_changes

A, C, D = ChangeKind.ADDED, ChangeKind.MODIFIED, ChangeKind.DELETED


class Layers:
    def __init__(self, top: Path) -> None:
        self.upper, self.lower = top / "upper", top / "lower"
        self.upper.mkdir()
        for path in ("etc/cron", "usr/lib"):
            (self.lower / path).mkdir(parents=True)
        for path in ("etc/passwd", "etc/cron/daily", "usr/lib/a", "usr/lib/b"):
            (self.lower / path).write_text("image")
        (self.lower / "lib").symlink_to("usr/lib")

    @property
    def mounts(self) -> list[FilesystemMount]:
        options = (f"upperdir={self.upper}", "workdir=/w", f"lowerdir={self.lower}")
        return [FilesystemMount(type="overlay", source="overlay", options=options)]

    def copy_up(self, path: str) -> None:
        """A directory as overlayfs makes it when something below is changed: with the image's owner, mode and times."""
        for part in (*[*reversed(Path(path).parents)][1:], Path(path)):
            before = os.stat(self.lower / part)
            if not (self.upper / part).exists():
                (self.upper / part).mkdir(mode=stat.S_IMODE(before.st_mode))
        self.settle()

    def settle(self) -> None:
        for directory, _, _ in os.walk(self.upper, topdown=False):
            here = os.path.relpath(directory, self.upper)
            if (self.lower / here).exists():
                facts = os.stat(self.lower / here)
                os.utime(directory, ns=(facts.st_atime_ns, facts.st_mtime_ns))

    def write(self, path: str) -> None:
        (self.upper / path).parent.mkdir(parents=True, exist_ok=True)
        (self.upper / path).write_text("container")
        self.settle()

    def delete(self, path: str) -> None:
        os.mknod(self.upper / path, stat.S_IFCHR, os.makedev(0, 0))
        self.settle()

    def changes(self) -> list[tuple[str, ChangeKind]]:
        return [(change.path, change.kind) for change in find_changes(self.mounts)]


@pytest.fixture
def layers(tmp_path: Path) -> Iterator[Layers]:
    before = open_descriptors()
    yield Layers(tmp_path)
    assert open_descriptors() - before == set()


def test_nothing_has_changed(layers: Layers) -> None:
    assert layers.changes() == []
    layers.copy_up("etc/cron")
    assert layers.changes() == []


def test_added_files_change_the_directories_above(layers: Layers) -> None:
    layers.write("etc/cron/hourly")
    layers.write("new/deep/file")
    assert layers.changes() == [
        ("/etc", C),
        ("/etc/cron", C),
        ("/etc/cron/hourly", A),
        ("/new", A),
        ("/new/deep", A),
        ("/new/deep/file", A),
    ]


def test_modified_files(layers: Layers) -> None:
    layers.write("etc/passwd")
    assert layers.changes() == [("/etc", C), ("/etc/passwd", C)]


def test_a_directory_with_another_mode_or_time_has_changed(layers: Layers) -> None:
    layers.copy_up("usr/lib")
    (layers.upper / "usr/lib").chmod(0o700)
    layers.settle()
    assert layers.changes() == [("/usr", C), ("/usr/lib", C)]
    layers.copy_up("etc/cron")
    os.utime(layers.upper / "etc/cron", (1, 1))
    assert layers.changes()[:2] == [("/etc", C), ("/etc/cron", C)]


@pytest.mark.root
def test_deleted_files(layers: Layers) -> None:
    layers.copy_up("etc/cron")
    layers.delete("etc/passwd")
    layers.delete("etc/never-there")
    assert layers.changes() == [("/etc", C), ("/etc/passwd", D)]


@pytest.mark.root
def test_a_directory_that_was_replaced(layers: Layers) -> None:
    """rm -r and mkdir: overlayfs marks the new one opaque."""
    layers.write("usr/lib/b")
    layers.write("usr/lib/c")
    os.setxattr(layers.upper / "usr/lib", "trusted.overlay.opaque", b"y")
    assert layers.changes() == [
        ("/usr", C),
        ("/usr/lib", C),
        ("/usr/lib/a", D),
        ("/usr/lib/b", C),
        ("/usr/lib/c", A),
    ]


def test_what_was_a_link_in_the_image_has_no_past_below(layers: Layers) -> None:
    layers.write("lib/a")
    assert layers.changes() == [("/lib", C), ("/lib/a", A)]


def test_links_in_the_layer_are_not_followed(layers: Layers, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/x").write_text("x")
    (layers.upper / "link").symlink_to(tmp_path / "outside")
    assert layers.changes() == [("/link", A)]


def test_an_image_without_layers(tmp_path: Path) -> None:
    (tmp_path / "only").mkdir()
    (tmp_path / "only/file").write_text("x")
    mount = FilesystemMount(type="bind", source=str(tmp_path / "only"), options=("rbind", "rw"))
    assert [(change.path, change.kind) for change in find_changes([mount])] == [("/file", A)]


def test_other_snapshots_are_refused(layers: Layers) -> None:
    with pytest.raises(Unsupported):
        find_changes([FilesystemMount(type="ext4", source="/dev/x")])
    with pytest.raises(Unsupported):
        find_changes([FilesystemMount(type="overlay", source="overlay", options=("lowerdir=/a:/b",))])
    layers.upper.rmdir()
    with pytest.raises(PierError, match="cannot be read"):
        layers.changes()
