"""What this host is, and what its containerd may give away. Blocks: use in a thread."""

import os
import socket
import struct
from collections.abc import Mapping
from pathlib import Path

from pier.domain.runtime import HostFacts
from pier.host.hierarchy import Hierarchy
from pier.oci.capabilities import from_mask

_CONNECT_TIMEOUT = 2.0  # seconds
_LIMIT_NAMES: Mapping[str, str] = {  # proc(5), /proc/<pid>/limits
    "Max cpu time": "cpu",
    "Max file size": "fsize",
    "Max data size": "data",
    "Max stack size": "stack",
    "Max core file size": "core",
    "Max resident set": "rss",
    "Max processes": "nproc",
    "Max open files": "nofile",
    "Max locked memory": "memlock",
    "Max file locks": "locks",
    "Max pending signals": "sigpending",
    "Max msgqueue size": "msgqueue",
    "Max nice priority": "nice",
    "Max realtime priority": "rtprio",
    "Max realtime timeout": "rttime",
}


def peer_pid(address: str) -> int:
    """The process that listens on a unix socket (unix(7), SO_PEERCRED); 0 if nobody answers or it is out of sight."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(_CONNECT_TIMEOUT)
        try:
            connection.connect(address.removeprefix("unix://"))
        except OSError:
            return 0
        size = struct.calcsize("3i")
        pid, _, _ = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size))
        return int(pid)


def read_facts(containerd_pid: int, hierarchy: Hierarchy, root: Path = Path("/")) -> HostFacts:
    """Facts from /proc and /sys below `root`.

    Without containerd's pid (0) this process stands for it: both usually are children of the same init.
    """
    process = root / "proc" / (str(containerd_pid) if containerd_pid else "self")
    if not (process / "status").exists():
        process = root / "proc/self"
    status = _fields(process / "status")
    capabilities = from_mask(int(status.get("CapBnd", "0"), 16))
    may_raise = "CAP_SYS_RESOURCE" in capabilities
    kernel = os.uname()
    return HostFacts(
        kernel=_text(root / "proc/sys/kernel/osrelease") or kernel.release,
        operating_system=operating_system(root),
        hostname=_text(root / "proc/sys/kernel/hostname") or kernel.nodename,
        architecture=kernel.machine,
        cpus=len(os.sched_getaffinity(0)),
        online_cpus=_text(root / "sys/devices/system/cpu/online"),
        online_memory_nodes=_text(root / "sys/devices/system/node/online"),
        memory=int(_fields(root / "proc/meminfo").get("MemTotal", "0 kB").split()[0]) * 1024,
        cgroup_version=hierarchy.version,
        cgroup_controllers=hierarchy.controllers,
        has_seccomp="Seccomp" in status,
        has_apparmor=_text(root / "sys/module/apparmor/parameters/enabled") == "Y",
        has_systemd=(root / "run/systemd/system").is_dir(),
        capabilities=capabilities,
        hard_limits=_ceilings(root) if may_raise else hard_limits(_text(process / "limits")),
        min_oom_score_adj=-1000 if may_raise else int(_text(process / "oom_score_adj") or 0),
        swap_limit=hierarchy.counts_swap(),
    )


def operating_system(root: Path = Path("/")) -> str:
    """PRETTY_NAME of os-release(5)."""
    for path in ("etc/os-release", "usr/lib/os-release"):
        for line in _text(root / path).splitlines():
            name, _, value = line.partition("=")
            if name == "PRETTY_NAME":
                return value.strip().strip("\"'")
    return "Linux"


def hard_limits(limits: str) -> dict[str, int]:
    """The hard limits of a process by ulimit name, from the text of /proc/<pid>/limits; unlimited ones left out."""
    result = {}
    for line in limits.splitlines():
        for title, name in _LIMIT_NAMES.items():
            if line.startswith(title + " "):
                hard = line.removeprefix(title).split()[1]
                if hard.isdigit():
                    result[name] = int(hard)
    return result


def _ceilings(root: Path) -> dict[str, int]:
    """With CAP_SYS_RESOURCE only the kernel's own ceiling for open files is left."""
    most = _text(root / "proc/sys/fs/nr_open")
    return {"nofile": int(most)} if most.isdigit() else {}


def _fields(path: Path) -> dict[str, str]:
    pairs = (line.partition(":") for line in _text(path).splitlines())
    return {name: value.strip() for name, _, value in pairs}


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace").strip()
    except OSError:
        return ""
