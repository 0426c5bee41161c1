"""Archives from the engine, some of them hostile: a container may have made them up."""

import io
import os
import stat
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from pier.cli.container.copy_out import extract
from pier.cli.errors import CliError


def tar(*members: tuple[str, Mapping[str, Any]]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, fields in members:
            info = tarfile.TarInfo(name)
            data = fields.get("data", b"")
            for key, value in fields.items():
                if key != "data":
                    setattr(info, key, value)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def unpack(data: bytes, place: Path, name: str = "d", *, keep_owner: bool = False) -> int:
    return extract(iter([data[:700], data[700:]]), name, str(place), keep_owner=keep_owner)


TREE = tar(
    ("d/", {"type": tarfile.DIRTYPE, "mode": 0o500, "mtime": 5}),
    ("d/f", {"data": b"text", "mode": 0o4711, "mtime": 7, "uid": 12}),
    ("d/l", {"type": tarfile.SYMTYPE, "linkname": "/etc/passwd"}),
    ("d/h", {"type": tarfile.LNKTYPE, "linkname": "d/f"}),
    ("d/p", {"type": tarfile.FIFOTYPE, "mode": 0o600}),
)


def test_a_tree(tmp_path: Path) -> None:
    assert unpack(TREE, tmp_path / "new") == len(TREE)
    facts = os.stat(tmp_path / "new/f")
    assert (stat.S_IMODE(facts.st_mode), facts.st_mtime, facts.st_uid) == (0o4711, 7, os.getuid())
    assert (tmp_path / "new/h").samefile(tmp_path / "new/f")
    assert os.readlink(tmp_path / "new/l") == "/etc/passwd"
    assert stat.S_ISFIFO(os.lstat(tmp_path / "new/p").st_mode)
    directory = os.stat(tmp_path / "new")
    assert (stat.S_IMODE(directory.st_mode), directory.st_mtime) == (0o500, 5)


@pytest.mark.root
def test_owners_when_asked(tmp_path: Path) -> None:
    unpack(TREE, tmp_path / "new", keep_owner=True)
    assert os.stat(tmp_path / "new/f").st_uid == 12


@pytest.mark.parametrize("name", ["d/../../x", "../x", "/../x"])
def test_names_that_lead_out(tmp_path: Path, name: str) -> None:
    (tmp_path / "in").mkdir()
    with pytest.raises(CliError, match="leads out of it"):
        unpack(tar((name, {"data": b"x"})), tmp_path / "in/place")


def test_links_of_the_archive_are_not_written_through(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    hostile = tar(
        ("d", {"type": tarfile.DIRTYPE, "mode": 0o755}),
        ("d/way", {"type": tarfile.SYMTYPE, "linkname": str(tmp_path / "outside")}),
        ("d/way/x", {"data": b"x"}),
    )
    with pytest.raises(CliError, match="is a link"):
        unpack(hostile, tmp_path / "new")
    with pytest.raises(CliError, match="cannot overwrite"):
        unpack(
            tar(
                ("d", {"type": tarfile.DIRTYPE, "mode": 0o755}),
                ("d/way", {"type": tarfile.SYMTYPE, "linkname": str(tmp_path / "outside")}),
                ("d/way", {"type": tarfile.DIRTYPE, "mode": 0o777}),
            ),
            tmp_path / "other",
        )
    assert os.listdir(tmp_path / "outside") == []


def test_a_link_in_a_files_place_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("kept")
    (tmp_path / "new").mkdir()
    (tmp_path / "new/f").symlink_to(tmp_path / "kept")
    unpack(TREE, tmp_path / "new")
    assert ((tmp_path / "kept").read_text(), (tmp_path / "new/f").read_text()) == ("kept", "text")


def test_directories_and_files_do_not_take_each_others_place(tmp_path: Path) -> None:
    (tmp_path / "new/f").mkdir(parents=True)
    with pytest.raises(CliError, match="cannot overwrite directory"):
        unpack(TREE, tmp_path / "new")


@pytest.mark.parametrize("cut", [700, 1700])
def test_archives_that_are_cut(tmp_path: Path, cut: int) -> None:
    data = tar(("d", {"data": b"x" * 3000}))
    with pytest.raises(CliError, match="damaged"):
        unpack(data[:cut], tmp_path / "new")
