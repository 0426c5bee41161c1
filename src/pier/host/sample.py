"""One reading of a container's cgroup: files of cgroup v1 and v2 turned into one shape. Blocks: use in a thread.

Sources: the kernel's Documentation/admin-guide/cgroup-v1/*.rst and cgroup-v2.rst. A file that is not there (its
controller is not enabled) leaves its value out.
"""

import os
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from pier.domain.errors import NotFound
from pier.domain.runtime import BlkioEntry, ResourceSample
from pier.host.hierarchy import Hierarchy

_TICK = 1_000_000_000 // os.sysconf("SC_CLK_TCK")  # ns
_MICROSECOND = 1_000
_CONTROLLERS_V1 = ("cpu", "cpuacct", "memory", "pids", "blkio")
_NO_LIMIT = 1 << 62  # v1 shows "unlimited" as the largest multiple of the page size

# Docker's name -> v1 files that may hold it: CFQ's, BFQ's and, on any scheduler, the throttling layer's.
_BLKIO_V1: Mapping[str, tuple[str, ...]] = {
    "io_service_bytes": (
        "blkio.io_service_bytes_recursive",
        "blkio.bfq.io_service_bytes_recursive",
        "blkio.throttle.io_service_bytes_recursive",
        "blkio.throttle.io_service_bytes",
    ),
    "io_serviced": (
        "blkio.io_serviced_recursive",
        "blkio.bfq.io_serviced_recursive",
        "blkio.throttle.io_serviced_recursive",
        "blkio.throttle.io_serviced",
    ),
    "io_queue": ("blkio.io_queued_recursive",),
    "io_service_time": ("blkio.io_service_time_recursive",),
    "io_wait_time": ("blkio.io_wait_time_recursive",),
    "io_merged": ("blkio.io_merged_recursive",),
    "io_time": ("blkio.time_recursive",),
    "sectors": ("blkio.sectors_recursive",),
}
_IO_STAT_OPS = {"rbytes": "read", "wbytes": "write"}


def read_sample(hierarchy: Hierarchy, cgroup_path: str, root: Path = Path("/")) -> ResourceSample:
    """Raises NotFound when the cgroup is gone."""
    names = ("",) if hierarchy.version == 2 else _CONTROLLERS_V1
    directories = {
        name: hierarchy.directory(name, cgroup_path) for name in names if not name or name in hierarchy.controllers
    }
    if not any(directory.is_dir() for directory in directories.values()):
        raise NotFound(f"cgroup {cgroup_path} is gone")
    system, online = _system_cpu(root)
    sample = ResourceSample(read_at=time.time_ns(), system_cpu=system, online_cpus=online)
    return _add_v2(sample, directories[""]) if hierarchy.version == 2 else _add_v1(sample, directories)


def read_oom_kills(hierarchy: Hierarchy, cgroup_path: str) -> int:
    """How many processes of a cgroup the kernel has killed for want of memory; 0 when the cgroup is gone.

    `oom_kill` of memory.events (v2), or of memory.oom_control (v1, since Linux 4.13).
    """
    try:
        directory = hierarchy.directory("memory", cgroup_path)
    except NotFound:
        return 0
    name = "memory.events" if hierarchy.version == 2 else "memory.oom_control"
    return _pairs(directory / name).get("oom_kill", 0)


def _system_cpu(root: Path) -> tuple[int, int]:
    """(time of all CPUs in ns, CPUs online), from /proc/stat; steal and guest are not counted, as in Docker."""
    lines = (root / "proc/stat").read_text().splitlines()
    ticks = sum(int(field) for field in lines[0].split()[1:8])
    return ticks * _TICK, sum(1 for line in lines if line.startswith("cpu") and line[3].isdigit())


def _add_v1(sample: ResourceSample, directories: Mapping[str, Path]) -> ResourceSample:
    for controller, add in (
        ("cpuacct", _add_cpuacct_v1),
        ("cpu", _add_throttling_v1),
        ("memory", _add_memory_v1),
        ("pids", _add_pids),
        ("blkio", _add_blkio_v1),
    ):
        if controller in directories:
            sample = add(sample, directories[controller])
    return sample


def _add_cpuacct_v1(sample: ResourceSample, directory: Path) -> ResourceSample:
    ticks = _pairs(directory / "cpuacct.stat")
    return replace(
        sample,
        cpu_total=_number(directory / "cpuacct.usage") or 0,
        cpu_per_cpu=tuple(int(field) for field in _text(directory / "cpuacct.usage_percpu").split()),
        cpu_user=ticks.get("user", 0) * _TICK,
        cpu_kernel=ticks.get("system", 0) * _TICK,
    )


def _add_throttling_v1(sample: ResourceSample, directory: Path) -> ResourceSample:
    stat = _pairs(directory / "cpu.stat")
    return replace(
        sample,
        throttled_periods=stat.get("nr_periods", 0),
        throttled_count=stat.get("nr_throttled", 0),
        throttled_time=stat.get("throttled_time", 0),
    )


def _add_memory_v1(sample: ResourceSample, directory: Path) -> ResourceSample:
    limit = _number(directory / "memory.limit_in_bytes")
    return replace(
        sample,
        memory_usage=_number(directory / "memory.usage_in_bytes"),
        memory_max_usage=_number(directory / "memory.max_usage_in_bytes"),
        memory_limit=None if limit is None or limit >= _NO_LIMIT else limit,
        memory_failcnt=_number(directory / "memory.failcnt"),
        memory_stats=_pairs(directory / "memory.stat"),
    )


def _add_blkio_v1(sample: ResourceSample, directory: Path) -> ResourceSample:
    found = {}
    if not directory.is_dir():
        return sample
    for name, files in _BLKIO_V1.items():
        text = next(filter(None, (_text(directory / file) for file in files)), "")
        entries = tuple(entry for line in text.splitlines() if (entry := _blkio_entry(line)) is not None)
        found[name] = entries
    return replace(sample, blkio=found)


def _blkio_entry(line: str) -> BlkioEntry | None:
    """`8:0 Read 4096`; the last line, `Total 4096`, belongs to no device."""
    fields = line.split()
    major, separator, minor = fields[0].partition(":") if fields else ("", "", "")
    if not separator or len(fields) not in (2, 3):
        return None
    return BlkioEntry(
        major=int(major), minor=int(minor), op=fields[1] if len(fields) == 3 else "", value=int(fields[-1])
    )


def _add_v2(sample: ResourceSample, directory: Path) -> ResourceSample:
    cpu = _pairs(directory / "cpu.stat")
    return replace(
        _add_pids(sample, directory),
        cpu_total=cpu.get("usage_usec", 0) * _MICROSECOND,
        cpu_user=cpu.get("user_usec", 0) * _MICROSECOND,
        cpu_kernel=cpu.get("system_usec", 0) * _MICROSECOND,
        throttled_periods=cpu.get("nr_periods", 0),
        throttled_count=cpu.get("nr_throttled", 0),
        throttled_time=cpu.get("throttled_usec", 0) * _MICROSECOND,
        memory_usage=_number(directory / "memory.current"),
        memory_limit=_number(directory / "memory.max"),
        memory_failcnt=_pairs(directory / "memory.events").get("oom"),
        memory_stats=_pairs(directory / "memory.stat"),
        blkio=_blkio_v2(directory),
    )


def _blkio_v2(directory: Path) -> dict[str, tuple[BlkioEntry, ...]]:
    """io.stat: `8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=0 dios=0`, one line a device; Docker shows the bytes."""
    entries = []
    for line in _text(directory / "io.stat").splitlines():
        numbers, *values = line.split()
        major, _, minor = numbers.partition(":")
        for key, _, value in (entry.partition("=") for entry in values):
            if key in _IO_STAT_OPS:
                op = _IO_STAT_OPS[key]
                entries.append(BlkioEntry(major=int(major), minor=int(minor), op=op, value=int(value)))
    return {"io_service_bytes": tuple(entries)} if entries else {}


def _add_pids(sample: ResourceSample, directory: Path) -> ResourceSample:
    """pids.current and pids.max, alike in both versions."""
    return replace(sample, pids_current=_number(directory / "pids.current"), pids_limit=_number(directory / "pids.max"))


def _number(path: Path) -> int | None:
    """A file of one number; None if it is not there or says `max`."""
    text = _text(path)
    return int(text) if text.isdigit() else None


def _pairs(path: Path) -> dict[str, int]:
    """A file of `name number` lines."""
    fields = (line.split() for line in _text(path).splitlines())
    return {line[0]: int(line[1]) for line in fields if len(line) == 2 and line[1].isdigit()}


def _text(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""
