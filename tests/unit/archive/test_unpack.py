"""Tars, many of them hostile, into a directory of a root."""

import io
import os
import stat
import subprocess
import tarfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from pier.archive.paths import open_directory, parse_path
from pier.archive.unpack import UnpackOptions, clean_name, unpack_tree
from pier.domain.errors import PierError
from pier.host.root import ContainerRoot

pytestmark = pytest.mark.root  # owners are set
SYM, HARD, DIR, FIFO, CHR = tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE


def tar(*members: tuple[str, Mapping[str, Any]], format_: int = tarfile.PAX_FORMAT) -> bytes:
    """Each member a name and TarInfo's fields; `data` is a file's content."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=format_) as archive:
        for name, fields in members:
            info = tarfile.TarInfo(name)
            data = fields.get("data", b"")
            for key, value in fields.items():
                if key != "data":
                    setattr(info, key, value)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def unpack(root: ContainerRoot, data: bytes, path: str = "/d", **options: Any) -> None:
    chunks: Iterator[list[bytes]] = iter([[data[at : at + 700]] for at in range(0, len(data), 700)])
    directory = open_directory(root, parse_path(path))
    try:
        unpack_tree(root, directory, lambda: next(chunks, []), UnpackOptions(**options))
    finally:
        os.close(directory)


def test_files_directories_and_links(root: ContainerRoot, top: Path) -> None:
    unpack(
        root,
        tar(
            ("new/", {"type": DIR, "mode": 0o750, "mtime": 5, "uid": 7, "gid": 8}),
            ("new/file", {"data": b"content" * 500, "mode": 0o4711, "uid": 1000, "gid": 1001, "mtime": 9}),
            ("new/link", {"type": SYM, "linkname": "file", "uid": 3, "gid": 4, "mtime": 11}),
            ("new/hard", {"type": HARD, "linkname": "new/file"}),
            ("new/fifo", {"type": FIFO, "mode": 0o620}),
        ),
    )
    new = top / "d/new"
    facts = os.stat(new / "file")
    assert (new / "file").read_bytes() == b"content" * 500
    assert (stat.S_IMODE(facts.st_mode), facts.st_uid, facts.st_gid, facts.st_mtime) == (0o4711, 1000, 1001, 9)
    assert os.stat(new / "hard").st_ino == facts.st_ino
    link = os.lstat(new / "link")
    assert (os.readlink(new / "link"), link.st_uid, link.st_gid, link.st_mtime) == ("file", 3, 4, 11)
    directory = os.stat(new)
    assert (stat.S_IMODE(directory.st_mode), directory.st_uid, directory.st_mtime) == (0o750, 7, 5)
    assert stat.S_IMODE(os.stat(new / "fifo").st_mode) == 0o620


def test_parents_that_the_archive_lacks_are_made(root: ContainerRoot, top: Path) -> None:
    unpack(root, tar(("a/b/c", {"data": b"x", "uid": 5})))
    facts = os.stat(top / "d/a/b")
    assert (stat.S_IMODE(facts.st_mode), facts.st_uid) == (0o755, 0)
    assert (top / "d/a/b/c").read_text() == "x"


def test_owners_may_be_given(root: ContainerRoot, top: Path) -> None:
    unpack(root, tar(("x", {"uid": 5, "gid": 6}), ("l", {"type": SYM, "linkname": "x"})), owner=(12, 13))
    assert [(os.lstat(top / "d" / name).st_uid, os.lstat(top / "d" / name).st_gid) for name in ("x", "l")] == [
        (12, 13),
        (12, 13),
    ]


@pytest.mark.parametrize("name", ["../escape", "a/../../escape", "/../escape", "..", "./../../x"])
def test_names_that_climb_out_are_refused(root: ContainerRoot, top: Path, name: str) -> None:
    with pytest.raises(PierError, match="leads out"):
        unpack(root, tar((name, {"data": b"x"})))
    assert not (top / "escape").exists()


def test_absolute_names_count_from_the_directory(root: ContainerRoot, top: Path) -> None:
    unpack(root, tar(("/etc/passwd", {"data": b"x"})))
    assert (top / "d/etc/passwd").read_text() == "x"
    assert not (top / "etc").exists()


@pytest.mark.parametrize("target", ["/", "/..", "../../../../..", "../secret", "."])
def test_files_put_through_a_link_stay_inside(root: ContainerRoot, top: Path, tmp_path: Path, target: str) -> None:
    """The classic: a link, then a member below its name."""
    unpack(root, tar(("way", {"type": SYM, "linkname": target})))
    with suppress(PierError):
        unpack(root, tar(("way/secret", {"data": b"overwritten"})))
    assert (tmp_path / "secret").read_text() == "outside"
    assert not (top / "secret").exists()  # not even elsewhere in the container


def test_a_link_in_the_place_of_a_file_is_replaced_not_followed(root: ContainerRoot, top: Path, tmp_path: Path) -> None:
    (top / "d/out").symlink_to(tmp_path / "secret")
    unpack(root, tar(("out", {"data": b"mine"})))
    assert (tmp_path / "secret").read_text() == "outside"
    assert (top / "d/out").read_text() == "mine"


def test_hard_links_lead_to_nothing_outside(root: ContainerRoot, top: Path, tmp_path: Path) -> None:
    with pytest.raises(PierError, match="invalid hardlink target"):
        unpack(root, tar(("hard", {"type": HARD, "linkname": "../../secret"})))
    with pytest.raises(PierError, match="not there"):
        unpack(root, tar(("hard", {"type": HARD, "linkname": str(tmp_path / "secret")})))
    (top / "d/up").symlink_to("../..")
    with pytest.raises(PierError, match="not there"):
        unpack(root, tar(("hard", {"type": HARD, "linkname": "up/secret"})))
    (top / "d/link").symlink_to(tmp_path / "secret")
    unpack(root, tar(("hard", {"type": HARD, "linkname": "link"})))  # of the link itself
    assert os.path.islink(top / "d/hard")
    assert os.stat(tmp_path / "secret").st_nlink == 1


def test_devices_are_made_and_not_opened(root: ContainerRoot, top: Path) -> None:
    unpack(root, tar(("null", {"type": CHR, "devmajor": 1, "devminor": 3, "mode": 0o666, "gid": 9})))
    facts = os.stat(top / "d/null")
    assert (stat.S_ISCHR(facts.st_mode), facts.st_rdev, stat.S_IMODE(facts.st_mode), facts.st_gid) == (
        True,
        os.makedev(1, 3),
        0o666,
        9,
    )


def test_a_fifo_in_the_way_does_not_block(root: ContainerRoot, top: Path) -> None:
    os.mkfifo(top / "d/fifo")
    unpack(root, tar(("fifo", {"data": b"x"})))
    assert (top / "d/fifo").read_text() == "x"


def test_directories_and_files_take_each_others_place(root: ContainerRoot, top: Path) -> None:
    (top / "d/sub/inner").mkdir()
    unpack(root, tar(("sub", {"data": b"file"}), ("f", {"type": DIR}), ("f/x", {"data": b"x"})))
    assert (top / "d/sub").read_text() == "file"
    assert (top / "d/f/x").read_text() == "x"


def test_unless_that_is_forbidden(root: ContainerRoot, top: Path) -> None:
    with pytest.raises(PierError, match='cannot overwrite directory "sub" with non-directory'):
        unpack(root, tar(("sub", {"data": b"x"})), no_overwrite=True)
    with pytest.raises(PierError, match='cannot overwrite non-directory "f" with directory'):
        unpack(root, tar(("f", {"type": DIR})), no_overwrite=True)
    unpack(root, tar(("sub", {"type": DIR, "mode": 0o700}), ("f", {"data": b"new"})), no_overwrite=True)
    assert (top / "d/f").read_text() == "new"


def test_the_directory_itself_keeps_what_it_has(root: ContainerRoot, top: Path) -> None:
    before = os.stat(top / "d").st_mode
    unpack(root, tar(("./", {"type": DIR, "mode": 0o111}), ("./x", {"data": b"x"})))
    assert os.stat(top / "d").st_mode == before
    assert (top / "d/x").read_text() == "x"


def test_attributes_are_kept_but_not_the_kernels_own(root: ContainerRoot, top: Path) -> None:
    value = bytes.fromhex("0100000200040000000000000000000000000000")
    headers = {
        "SCHILY.xattr.security.capability": value.decode("utf-8", "surrogateescape"),
        "SCHILY.xattr.trusted.overlay.opaque": "y",
    }
    unpack(root, tar(("x", {"data": b"x", "mode": 0o755, "pax_headers": headers})))
    assert os.listxattr(top / "d/x") == ["security.capability"]
    assert os.getxattr(top / "d/x", "security.capability") == value


def test_a_link_in_a_parents_place_that_leads_nowhere(root: ContainerRoot, top: Path) -> None:
    (top / "d/dangling").symlink_to("/nowhere")
    with pytest.raises(PierError, match="leads nowhere"):
        unpack(root, tar(("dangling/x", {"data": b"x"})))
    with pytest.raises(PierError, match="not a directory"):
        unpack(root, tar(("f/x", {"data": b"x"})))


def test_links_swapped_while_files_are_written(root: ContainerRoot, top: Path, tmp_path: Path) -> None:
    """The container turns a directory into a link to the host and back, as fast as it can."""
    (tmp_path / "host").mkdir()
    stop = threading.Event()

    def swap() -> None:
        while not stop.is_set():
            try:
                os.rename(top / "d/sub", top / "aside")
                os.symlink(tmp_path / "host", top / "d/sub")
                os.unlink(top / "d/sub")
                os.rename(top / "aside", top / "d/sub")
            except OSError:  # the unpacking has put something there
                continue

    thread = threading.Thread(target=swap)
    thread.start()
    members: list[tuple[str, Mapping[str, Any]]] = [
        (f"{where}/{number}", {"data": b"x"}) for number in range(150) for where in ("sub", "other")
    ]
    try:
        for _ in range(10):
            try:
                unpack(root, tar(*members))
            except PierError:
                continue
    finally:
        stop.set()
        thread.join()
    assert os.listdir(tmp_path / "host") == []
    assert (tmp_path / "secret").read_text() == "outside"


@pytest.mark.parametrize(
    ("name", "clean"),
    [("a/./b//c/", "a/b/c"), ("/a", "a"), ("./", ""), (".", ""), ("a/../b", "b"), ("a/..", ""), ("", "")],
)
def test_clean_names(name: str, clean: str) -> None:
    assert clean_name(name) == clean


def test_a_directory_too_deep_to_be_replaced_is_an_error_like_others(root: ContainerRoot, top: Path) -> None:
    here = os.open(top / "d", os.O_PATH)
    for _ in range(1500):
        os.mkdir("sub2", dir_fd=here)
        below = os.open("sub2", os.O_PATH, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    with pytest.raises(PierError, match="the directory sub2 in the container is too deep"):
        unpack(root, tar(("sub2", {"data": b"x"})))
    subprocess.run(["rm", "-rf", top / "d/sub2"], check=True)
