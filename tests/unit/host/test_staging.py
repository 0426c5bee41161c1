"""Parts of directories, mounted where a runtime finds them: what is bound is what was looked up."""

import os
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.facilities import require_root

from pier.domain.errors import InvalidArgument, NotFound
from pier.domain.mount import FilesystemMount
from pier.host.staging import Staging

pytestmark = pytest.mark.root
ID = secrets.token_hex(32)


@pytest.fixture
def staging(tmp_path: Path) -> Iterator[Staging]:
    require_root()
    made = Staging(tmp_path / "staged")
    yield made
    made.unstage(ID)


@pytest.fixture
def volume(tmp_path: Path) -> Path:
    path = tmp_path / "volume"
    (path / "a" / "b").mkdir(parents=True)
    (path / "a" / "f").write_text("inside")
    (path / "to-a").symlink_to("a")
    (path / "out").symlink_to("/etc")
    (path / "up").symlink_to("../..")
    return path


def test_a_directory_and_a_file_are_mounted_and_go(staging: Staging, volume: Path) -> None:
    there = Path(staging.stage_directory(ID, "0", str(volume), "a"))
    assert sorted(os.listdir(there)) == ["b", "f"]
    file = Path(staging.stage_directory(ID, "1", str(volume), "a/f"))
    assert file.read_text() == "inside"
    linked = Path(staging.stage_directory(ID, "2", str(volume), "to-a"))
    assert (linked / "f").exists()
    assert staging.list_ids() == [ID]
    staging.unstage(ID)
    staging.unstage(ID)
    assert staging.list_ids() == []
    assert (volume / "a" / "f").read_text() == "inside"


def test_a_link_that_is_changed_later_leads_nowhere_else(staging: Staging, volume: Path) -> None:
    there = Path(staging.stage_directory(ID, "0", str(volume), "to-a"))
    (volume / "to-a").unlink()
    (volume / "to-a").symlink_to("/etc")
    assert sorted(os.listdir(there)) == ["b", "f"]


def test_what_was_left_by_a_crash_is_covered_and_all_of_it_goes(staging: Staging, volume: Path) -> None:
    for _ in range(2):
        there = Path(staging.stage_directory(ID, "0", str(volume), "a"))
    assert (there / "f").exists()
    staging.unstage(ID)
    assert (volume / "a" / "f").exists()


@pytest.mark.parametrize("subpath", ["out", "up", "a/../../x"])
def test_no_way_leads_out(staging: Staging, volume: Path, subpath: str) -> None:
    with pytest.raises(InvalidArgument, match="path concatenation escapes the base directory"):
        staging.stage_directory(ID, "0", str(volume), subpath)


def test_what_is_not_there(staging: Staging, volume: Path) -> None:
    with pytest.raises(NotFound, match=r"cannot access path .*/nope: no such file or directory"):
        staging.stage_directory(ID, "0", str(volume), "nope")


def test_an_image_is_read_only(staging: Staging, tmp_path: Path) -> None:
    lower, upper = tmp_path / "lower", tmp_path / "upper"
    for layer in (lower, upper):
        layer.mkdir()
        (layer / layer.name).touch()
    layers = [FilesystemMount(type="overlay", source="overlay", options=(f"lowerdir={upper}:{lower}",))]
    there = Path(staging.stage_image(ID, "0", layers, ""))
    assert sorted(os.listdir(there)) == ["lower", "upper"]
    with pytest.raises(OSError, match="Read-only"):
        (there / "new").touch()
    part = Path(staging.stage_image(ID, "1", layers, "lower"))
    assert part.is_file()
    with pytest.raises(NotFound, match="cannot access path the image/nope"):
        staging.stage_image(ID, "2", layers, "nope")
