from pathlib import Path

import pytest
from support.facilities import require_root

from pier.domain.errors import PierError
from pier.host import syscalls
from pier.host.shm import SharedMemory

WEB = "a" * 64


def test_nothing_there_is_no_error(tmp_path: Path) -> None:
    shm = SharedMemory(tmp_path / "shm")
    assert shm.list_ids() == []
    shm.remove(WEB)


def test_a_refused_mount_says_whose_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(syscalls, "mount", refuse)
    with pytest.raises(PierError, match=f"shared memory of container {WEB} cannot be mounted"):
        SharedMemory(tmp_path).ensure(WEB, 1 << 20)


@pytest.mark.root
def test_it_is_mounted_once_with_its_size_and_leaves_nothing(tmp_path: Path) -> None:
    require_root()
    shm = SharedMemory(tmp_path / "shm")
    path = Path(shm.ensure(WEB, 1 << 20))
    try:
        (path / "kept").write_text("x")
        assert shm.ensure(WEB, 2 << 20) == str(path)
        assert (path / "kept").exists()
        assert path.stat().st_mode & 0o7777 == 0o1777
        facts = [line for line in Path("/proc/mounts").read_text().splitlines() if str(path) in line]
        assert len(facts) == 1
        assert "size=1024k" in facts[0]
        assert shm.list_ids() == [WEB]
    finally:
        shm.remove(WEB)
    assert shm.list_ids() == []
    assert not path.exists()
