import signal
import subprocess
from pathlib import Path

import pytest
from fakes.cgroups import record_hybrid, record_v1, record_v2

from pier.domain.errors import NotFound, PierError
from pier.host.hierarchy import cgroup_of, filesystem_path, find_hierarchy


def test_v2_only_where_it_is_what_is_mounted_there(tmp_path: Path) -> None:
    record_v2(tmp_path)
    hierarchy = find_hierarchy(tmp_path)
    assert hierarchy.version == 2
    assert hierarchy.controllers == {"cpuset", "cpu", "io", "memory", "pids"}
    assert hierarchy.directory("memory", "/pier/a") == tmp_path / "sys/fs/cgroup/pier/a"


def test_hybrid_counts_as_v1(tmp_path: Path) -> None:
    record_hybrid(tmp_path)
    hierarchy = find_hierarchy(tmp_path)
    assert hierarchy.version == 1
    assert "memory" in hierarchy.controllers
    assert not any("=" in name for name in hierarchy.controllers)


def test_controllers_may_share_a_mount(tmp_path: Path) -> None:
    record_v1(tmp_path)
    hierarchy = find_hierarchy(tmp_path)
    assert hierarchy.directory("cpu", "/x") == hierarchy.directory("cpuacct", "/x")
    with pytest.raises(NotFound, match="rdma"):
        hierarchy.directory("rdma", "/x")


def test_part_of_a_hierarchy_mounted_is_told_from_the_path(tmp_path: Path) -> None:
    record_v1(tmp_path, mount_root="/outer")
    memory = find_hierarchy(tmp_path).directory("memory", "/outer/pier/a")
    assert memory == tmp_path / "sys/fs/cgroup/memory/pier/a"


def test_swap_is_counted_where_the_file_is(tmp_path: Path) -> None:
    record_v1(tmp_path)
    assert find_hierarchy(tmp_path).counts_swap() is False
    (tmp_path / "sys/fs/cgroup/memory/memory.memsw.limit_in_bytes").write_text("1")
    assert find_hierarchy(tmp_path).counts_swap() is True


def test_cgroup_of_a_process(tmp_path: Path) -> None:
    record_hybrid(tmp_path)
    process = tmp_path / "proc/42"
    process.mkdir()
    (process / "cgroup").write_text("9:name=systemd:/s\n4:memory:/pier/a\n1:cpu,cpuacct:/other\n0::/v2\n")
    assert cgroup_of(42, find_hierarchy(tmp_path), tmp_path) == "/pier/a"
    with pytest.raises(NotFound, match="process 43 is gone"):
        cgroup_of(43, find_hierarchy(tmp_path), tmp_path)


def test_cgroup_of_a_process_on_v2(tmp_path: Path) -> None:
    record_v2(tmp_path)
    process = tmp_path / "proc/42"
    process.mkdir()
    (process / "cgroup").write_text("0::/pier.slice/pier-a.scope\n")
    assert cgroup_of(42, find_hierarchy(tmp_path), tmp_path) == "/pier.slice/pier-a.scope"


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ("/pier/a", "/pier/a"),
        ("pier/a", "/pier/a"),
        ("", "/"),
        ("pier.slice:pier:abc", "/pier.slice/pier-abc.scope"),
        ("a-b-c.slice:pier:abc", "/a.slice/a-b.slice/a-b-c.slice/pier-abc.scope"),
        ("-.slice:pier:abc", "/pier-abc.scope"),
    ],
)
def test_spec_paths_become_directories(given: str, path: str) -> None:
    assert filesystem_path(given) == path


def test_removal_takes_children_too_in_every_hierarchy(tmp_path: Path) -> None:
    record_hybrid(tmp_path)
    mounts = [tmp_path / "sys/fs/cgroup" / name for name in ("memory", "cpu", "unified")]
    for mount in mounts:
        (mount / "pier/a/inner").mkdir(parents=True)
        (mount / "pier/b").mkdir()
    hierarchy = find_hierarchy(tmp_path)
    hierarchy.remove("/pier/a")
    hierarchy.remove("/pier/a")
    for mount in mounts:
        assert [entry.name for entry in (mount / "pier").iterdir()] == ["b"]


@pytest.mark.parametrize("path", ["", "/", "/pier/../..", ".."])
def test_removal_of_the_root_or_outside_is_refused(tmp_path: Path, path: str) -> None:
    record_v1(tmp_path)
    with pytest.raises(PierError, match=r"root cgroup|may not contain"):
        find_hierarchy(tmp_path).remove(path)


def test_busy_cgroup_is_an_error_after_a_bounded_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    record_v1(tmp_path)
    busy = tmp_path / "sys/fs/cgroup/memory/pier/a"
    busy.mkdir(parents=True)
    (busy / "a-file-keeps-rmdir-from-it").touch()
    monkeypatch.setattr("pier.host.hierarchy._REMOVE_PAUSE", 0)
    with pytest.raises(PierError, match="cannot be removed"):
        find_hierarchy(tmp_path).remove("/pier/a")


def test_what_is_in_a_leftover_cgroup_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    record_v1(tmp_path)
    monkeypatch.setattr("pier.host.hierarchy._REMOVE_PAUSE", 0)
    inner = tmp_path / "sys/fs/cgroup/memory/pier/a/inner"
    inner.mkdir(parents=True)
    with subprocess.Popen(["sleep", "100"]) as left:
        (inner / "cgroup.procs").write_text(f"{left.pid}\n")
        with pytest.raises(PierError):  # no real cgroup: its file keeps rmdir from it
            find_hierarchy(tmp_path).remove("/pier/a")
    assert left.returncode == -signal.SIGKILL
