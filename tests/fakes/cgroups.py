"""Recorded trees of /proc and /sys/fs/cgroup, as three layouts of cgroups show them."""

from pathlib import Path

_STAT = "cpu  100 0 50 1000 10 0 5 0 0 0\ncpu0 50 0 25 500 5 0 2 0 0 0\ncpu1 50 0 25 500 5 0 3 0 0 0\nintr 1 2 3\n"


def _mounts(root: Path, lines: list[str]) -> None:
    (root / "proc/self").mkdir(parents=True, exist_ok=True)
    (root / "proc/self/mountinfo").write_text("".join(f"{line}\n" for line in lines))
    (root / "proc/stat").write_text(_STAT)


def record_v1(root: Path, *, mount_root: str = "/") -> None:
    """Pure version 1, cpu and cpuacct together, as Debian 9 had it."""
    lines = ["25 20 0:22 / /sys rw,nosuid - sysfs sysfs rw", "30 25 0:26 / /sys/fs/cgroup ro - tmpfs tmpfs ro,mode=755"]
    for number, controllers in enumerate(("cpu,cpuacct", "memory", "pids", "blkio", "devices", "freezer", "cpuset")):
        where = f"/sys/fs/cgroup/{controllers}"
        (root / where.lstrip("/")).mkdir(parents=True)
        lines.append(
            f"{31 + number} 30 0:{27 + number} {mount_root} {where} rw shared:9 - cgroup cgroup rw,{controllers}"
        )
    _mounts(root, lines)


def record_hybrid(root: Path) -> None:
    """Version 1 in use, an almost empty version 2 beside it."""
    lines = ["30 25 0:26 / /sys/fs/cgroup ro - tmpfs tmpfs ro,mode=755"]
    for number, name in enumerate(("cpu", "cpuacct", "memory", "pids", "blkio", "devices")):
        where = f"/sys/fs/cgroup/{name}"
        (root / where.lstrip("/")).mkdir(parents=True)
        lines.append(f"{31 + number} 30 0:{27 + number} / {where} rw - cgroup cgroup rw,{name}")
    for name, filesystem, options in (("systemd", "cgroup", "rw,xattr,name=systemd"), ("unified", "cgroup2", "rw")):
        (root / f"sys/fs/cgroup/{name}").mkdir()
        lines.append(f"50 30 0:50 / /sys/fs/cgroup/{name} rw - {filesystem} {filesystem} {options}")
    (root / "sys/fs/cgroup/unified/cgroup.controllers").write_text("hugetlb\n")
    _mounts(root, lines)


def record_v2(root: Path) -> None:
    """Pure version 2, as systemd mounts it."""
    (root / "sys/fs/cgroup").mkdir(parents=True)
    (root / "sys/fs/cgroup/cgroup.controllers").write_text("cpuset cpu io memory pids\n")
    _mounts(root, ["30 25 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate,memory_recursiveprot"])


def write_files(directory: Path, files: dict[str, str]) -> None:
    """Fills a cgroup."""
    directory.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (directory / name).write_text(text)
