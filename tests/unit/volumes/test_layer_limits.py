"""What a container may write beside its image."""

import os
from pathlib import Path

import pytest
from support.quotas import ext4_with_quotas, write

from pier.domain.errors import InvalidArgument
from pier.domain.mount import FilesystemMount
from pier.volumes.layer_limits import LayerLimits


def overlay(folder: Path) -> list[FilesystemMount]:
    for name in ("fs", "work"):
        (folder / name).mkdir()
    options = ("index=off", f"workdir={folder}/work", f"upperdir={folder}/fs", "lowerdir=/a:/b")
    return [FilesystemMount(type="overlay", source="overlay", options=options)]


async def test_a_file_system_without_quotas_is_named(tmp_path: Path) -> None:
    limits, layers = LayerLimits(), overlay(tmp_path)
    with pytest.raises(
        InvalidArgument, match=f"supported only for overlay over xfs.*no project quotas for {tmp_path}/fs"
    ):
        await limits.limit(layers, 1 << 20)
    await limits.release(layers)
    with pytest.raises(InvalidArgument, match="no project quotas for this snapshotter"):
        await limits.limit([FilesystemMount(type="bind", source="/x")], 1 << 20)


@pytest.mark.root
async def test_both_directories_of_an_overlay_share_the_limit(tmp_path: Path) -> None:
    with ext4_with_quotas(tmp_path) as place:
        limits, layers = LayerLimits(), overlay(place)
        await limits.limit(layers, 2 << 20)
        assert write(place / "fs" / "f", 4 << 20) <= 2 << 20
        assert write(place / "work" / "g", 1 << 20) < 1 << 16
        (place / "work" / "h").touch()
        os.rename(place / "work" / "h", place / "fs" / "h")  # as an overlay does: across projects it could not
        await limits.release(layers)
        assert write(place / "fs" / "f", 4 << 20) == 4 << 20
