"""The local volume driver, on a real directory."""

import os
from pathlib import Path

import pytest

from pier.domain.errors import PierError
from pier.domain.volume import Volume
from pier.volumes import LocalVolumes

DATA = Volume(name="data")


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


async def test_a_volume_is_a_directory_that_others_cannot_list(tmp_path: Path) -> None:
    volume = await LocalVolumes(tmp_path / "root").create(DATA)
    content = tmp_path / "root" / "volumes" / "data" / "_data"
    assert volume.mountpoint == str(content)
    assert [mode(path) for path in (content, content.parent, content.parent.parent)] == [0o755, 0o701, 0o701]


async def test_what_is_there_is_kept(tmp_path: Path) -> None:
    volumes = LocalVolumes(tmp_path)
    volume = await volumes.create(DATA)
    (Path(volume.mountpoint) / "f").write_text("kept")
    await volumes.create(DATA)
    assert (Path(volume.mountpoint) / "f").read_text() == "kept"


async def test_remove_takes_all_and_may_be_done_twice(tmp_path: Path) -> None:
    volumes = LocalVolumes(tmp_path)
    volume = await volumes.create(DATA)
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "f").touch()
    os.symlink(outside, Path(volume.mountpoint) / "link")
    (Path(volume.mountpoint) / "d" / "e").mkdir(parents=True)
    await volumes.remove(volume)
    await volumes.remove(volume)
    assert not list((tmp_path / "volumes").iterdir())
    assert (outside / "f").exists()  # a link is removed, not followed


async def test_empty_until_something_is_in_it(tmp_path: Path) -> None:
    volumes = LocalVolumes(tmp_path)
    volume = await volumes.create(DATA)
    assert await volumes.is_empty(volume)
    (Path(volume.mountpoint) / ".hidden").touch()
    assert not await volumes.is_empty(volume)


async def test_size_counts_what_is_on_the_disk_once(tmp_path: Path) -> None:
    volumes = LocalVolumes(tmp_path)
    volume = await volumes.create(DATA)
    content = Path(volume.mountpoint)
    empty = await volumes.size(volume)
    (content / "d").mkdir()
    (content / "d" / "f").write_bytes(os.urandom(1 << 20))
    os.link(content / "d" / "f", content / "again")
    with (content / "sparse").open("wb") as sparse:
        sparse.truncate(1 << 30)
    assert 1 << 20 <= await volumes.size(volume) - empty < 2 << 20


async def test_errors_name_the_volume_and_the_reason(tmp_path: Path) -> None:
    (tmp_path / "volumes").touch()
    with pytest.raises(PierError, match="cannot create the directory of volume data"):
        await LocalVolumes(tmp_path).create(DATA)
    with pytest.raises(PierError, match="cannot look into volume data: No such file"):
        await LocalVolumes(tmp_path).is_empty(Volume(name="data", mountpoint=str(tmp_path / "gone")))
