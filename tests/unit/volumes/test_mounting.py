"""Real mounts of tmpfs and directories."""

from pathlib import Path

import pytest
from support.facilities import require_root

from pier.domain.errors import PierError
from pier.volumes import mounting
from pier.volumes.options import MountPlan, plan_mount

pytestmark = pytest.mark.root


@pytest.fixture
def target(tmp_path: Path) -> Path:
    require_root()
    path = tmp_path / "with blank"
    path.mkdir()
    return path


def plan(kind: str, device: str, o: str = "") -> MountPlan:
    made = plan_mount("v", {"type": kind, "device": device, "o": o})
    assert made is not None
    return made


def test_what_is_mounted_is_seen_and_can_be_taken_off(target: Path) -> None:
    assert not mounting.is_mounted(str(target))
    for _ in range(2):
        mounting.mount(plan("tmpfs", "tmpfs", "size=64k,mode=700"), str(target))
    assert mounting.is_mounted(str(target))
    assert target.stat().st_mode & 0o777 == 0o700
    mounting.unmount(str(target))
    mounting.unmount(str(target))
    assert not mounting.is_mounted(str(target))


def test_a_bind_can_be_read_only(target: Path, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "f").write_text("x")
    mounting.mount(plan("none", str(source), "bind,ro"), str(target))
    try:
        assert (target / "f").read_text() == "x"
        with pytest.raises(OSError, match="Read-only"):
            (target / "g").touch()
    finally:
        mounting.unmount(str(target))
    (source / "g").touch()


@pytest.mark.parametrize(
    ("kind", "device", "o", "words"),
    [
        ("none", "/no/such", "bind", "mount /no/such:.*, flags: 0x1000: no such file or directory"),
        ("nosuch", "x", "", "failed to mount local volume: mount x:.*: no such device"),
        ("nfs", ":/x", "addr=no-such-host.invalid", "error resolving passed in network volume address no-such-host"),
    ],
)
def test_a_refusal_says_what_was_tried(target: Path, kind: str, device: str, o: str, words: str) -> None:
    with pytest.raises(PierError, match=words):
        mounting.mount(plan(kind, device, o), str(target))
    assert not mounting.is_mounted(str(target))
