"""The local volume driver, on a real directory."""

import asyncio
import os
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from pier.domain.errors import InvalidArgument, PierError
from pier.domain.volume import Volume
from pier.volumes import mounting
from pier.volumes.local import LocalVolumes

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
    assert await volumes.is_empty(volume.mountpoint)
    (Path(volume.mountpoint) / ".hidden").touch()
    assert not await volumes.is_empty(volume.mountpoint)


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
    with pytest.raises(PierError, match=r"cannot look into volume .*gone: No such file"):
        await LocalVolumes(tmp_path).is_empty(str(tmp_path / "gone"))


TMPFS = Volume(name="quick", options={"type": "tmpfs", "device": "tmpfs", "o": "size=1m"})


@pytest.mark.root
async def test_what_lies_elsewhere_is_mounted_while_somebody_uses_it(tmp_path: Path) -> None:
    volumes = LocalVolumes(tmp_path)
    volume = await volumes.create(TMPFS)
    assert not mounting.is_mounted(volume.mountpoint)
    assert await volumes.mount(volume, "one") == volume.mountpoint
    await volumes.mount(volume, "two")
    (Path(volume.mountpoint) / "f").touch()
    await volumes.unmount(volume, "one")
    await volumes.unmount(volume, "one")
    assert (Path(volume.mountpoint) / "f").exists()
    await volumes.unmount(volume, "two")
    assert not mounting.is_mounted(volume.mountpoint)


@pytest.mark.root
async def test_after_a_crash_what_nobody_uses_is_unmounted(tmp_path: Path) -> None:
    first = LocalVolumes(tmp_path)
    used, idle = await first.create(TMPFS), await first.create(replace(TMPFS, name="idle"))
    for volume in (used, idle):
        await first.mount(volume, "one")
    second = LocalVolumes(tmp_path)
    await second.start([used, idle], {"quick": {"one"}})
    assert [mounting.is_mounted(one.mountpoint) for one in (used, idle)] == [True, False]
    await second.unmount(used, "one")
    assert not mounting.is_mounted(used.mountpoint)


@pytest.mark.root
async def test_removing_leaves_what_was_mounted_alone(tmp_path: Path) -> None:
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "f").touch()
    volumes = LocalVolumes(tmp_path)
    bind = Volume(name="b", options={"type": "none", "device": str(tmp_path / "theirs"), "o": "bind"})
    volume = await volumes.create(bind)
    await volumes.mount(volume, "one")
    await volumes.remove(volume)
    assert (tmp_path / "theirs" / "f").exists()
    assert not list((tmp_path / "volumes").iterdir())


async def test_a_size_needs_quotas(tmp_path: Path) -> None:
    with pytest.raises(InvalidArgument, match="quota size requested but no quota support"):
        await LocalVolumes(tmp_path).create(Volume(name="v", options={"size": "10M"}))


async def test_what_a_creation_made_goes_and_what_was_there_before_stays(tmp_path: Path) -> None:
    volumes = LocalVolumes(tmp_path)
    made = await volumes.create(Volume(name="made"))
    await volumes.undo_create(Volume(name="made"))
    assert not Path(made.mountpoint).parent.exists()
    await volumes.undo_create(Volume(name="made"))
    older = await volumes.create(Volume(name="older"))
    Path(older.mountpoint, "f").write_bytes(b"x")  # noqa: ASYNC240 - as above
    await volumes.undo_create(Volume(name="older"))
    assert Path(older.mountpoint, "f").read_bytes() == b"x"  # noqa: ASYNC240 - as above


async def test_servers_that_do_not_answer_hold_up_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gate = threading.Event()
    monkeypatch.setattr(mounting, "mount", lambda plan, target: gate.wait(10))
    volumes = LocalVolumes(tmp_path)
    made = [await volumes.create(replace(TMPFS, name=f"v{number}")) for number in range(40)]
    async with asyncio.TaskGroup() as users:
        for volume in made:
            users.create_task(volumes.mount(volume, "one"))
        await asyncio.sleep(0.05)
        async with asyncio.timeout(5):
            await asyncio.to_thread(os.getpid)
            await volumes.create(replace(TMPFS, name="other"))
        gate.set()
