"""Project quotas, on a file system of the test's own where the kernel can mount one."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.quotas import ext4_with_quotas, write

from pier.domain.errors import InvalidArgument
from pier.domain.volume import Volume
from pier.volumes import quota
from pier.volumes.local import LocalVolumes


@pytest.fixture
def with_quotas(tmp_path: Path) -> Iterator[Path]:
    with ext4_with_quotas(tmp_path) as place:
        yield place


@pytest.mark.root
async def test_a_volume_holds_no_more_than_its_size(with_quotas: Path) -> None:
    volumes = LocalVolumes(with_quotas)
    small = await volumes.create(Volume(name="small", options={"size": "2M"}))
    large = await volumes.create(Volume(name="large", options={"size": "8M"}))
    free = await volumes.create(Volume(name="free"))
    assert write(Path(small.mountpoint) / "f", 4 << 20) <= 2 << 20
    os.mkdir(f"{small.mountpoint}/d")
    assert write(Path(small.mountpoint) / "d" / "g", 1 << 20) < 1 << 16
    assert write(Path(large.mountpoint) / "f", 4 << 20) == 4 << 20
    assert write(Path(free.mountpoint) / "f", 12 << 20) == 12 << 20
    await volumes.remove(small)
    again = await volumes.create(Volume(name="small", options={"size": "1M"}))
    assert write(Path(again.mountpoint) / "f", 4 << 20) <= 1 << 20


def test_most_file_systems_have_none(tmp_path: Path) -> None:
    assert not quota.is_supported(str(tmp_path))
    quota.release(str(tmp_path))


async def test_a_size_is_not_for_what_lies_elsewhere(tmp_path: Path) -> None:
    options = {"type": "tmpfs", "device": "tmpfs", "size": "1M"}
    with pytest.raises(InvalidArgument, match="write o=size="):
        await LocalVolumes(tmp_path).create(Volume(name="v", options=options))
