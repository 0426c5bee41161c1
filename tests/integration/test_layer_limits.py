"""--storage-opt size=: a container's own layer is limited where containerd's store has project quotas."""

from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import load_image
from support.containerd import Containerd
from support.engine import Engine
from support.images import BUSYBOX
from support.quotas import ext4_with_quotas

pytestmark = [pytest.mark.root, pytest.mark.containerd]


def test_a_container_writes_no_more_than_its_size(new_engine: Callable[..., Engine], tmp_path: Path) -> None:
    with ext4_with_quotas(tmp_path, 128) as place, Containerd(place / "c") as containerd:
        engine = new_engine(address=containerd.address).start()
        load_image(engine)
        fill = ["dd", "if=/dev/zero", "of=/file", "bs=1M", "count=8"]
        done = engine.docker("run", "--name", "small", "--storage-opt", "size=4M", BUSYBOX, *fill)
        assert done.code != 0
        assert "No space left on device" in done.stderr or "Disk quota exceeded" in done.stderr
        assert engine.docker("run", "--rm", BUSYBOX, *fill).code == 0
        small = engine.docker("inspect", "--format", "{{.HostConfig.StorageOpt}}", "small")
        assert small.check().last == "map[size:4M]"
        engine.docker("rm", "small").check()


def test_elsewhere_it_is_refused(engine: Engine) -> None:
    done = engine.docker("create", "--storage-opt", "size=1G", BUSYBOX)
    assert done.code == 1
    assert "--storage-opt is supported only for overlay over xfs with 'pquota' mount option" in done.stderr
