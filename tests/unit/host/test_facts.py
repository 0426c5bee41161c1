import os
import socket
from pathlib import Path

import pytest
from fakes.cgroups import record_hybrid, record_v2

from pier.domain.runtime import HostFacts
from pier.host.facts import hard_limits, operating_system, peer_pid, read_facts
from pier.host.hierarchy import find_hierarchy

LIMITS = """Limit                     Soft Limit           Hard Limit           Units
Max cpu time              unlimited            unlimited            seconds
Max processes             96365                96365                processes
Max open files            1024                 20000                files
Max nice priority         0                    0
Max realtime timeout      unlimited            unlimited            us
"""


def _process(root: Path, name: str, capabilities: str, *, oom: str = "0") -> None:
    directory = root / "proc" / name
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "status").write_text(f"Name:\tx\nCapBnd:\t{capabilities}\nSeccomp:\t0\n")
    (directory / "limits").write_text(LIMITS)
    (directory / "oom_score_adj").write_text(f"{oom}\n")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    record_hybrid(tmp_path)
    for name, text in {
        "proc/meminfo": "MemTotal:       16384 kB\nMemFree: 1 kB\n",
        "proc/sys/kernel/osrelease": "6.1.0-13-amd64\n",
        "proc/sys/kernel/hostname": "recorded\n",
        "proc/sys/fs/nr_open": "1048576\n",
        "sys/devices/system/cpu/online": "0-1,3\n",
        "sys/devices/system/node/online": "0\n",
        "etc/os-release": 'NAME="Debian"\nPRETTY_NAME="Debian GNU/Linux 12"\n',
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    _process(tmp_path, "self", "000001ffffffffff")
    _process(tmp_path, "7", "000001fffeffffff", oom="100")
    return tmp_path


def _facts(root: Path, pid: int) -> HostFacts:
    return read_facts(pid, find_hierarchy(root), root)


def test_host(root: Path) -> None:
    facts = _facts(root, 0)
    assert (facts.kernel, facts.hostname) == ("6.1.0-13-amd64", "recorded")
    assert facts.operating_system == "Debian GNU/Linux 12"
    assert facts.memory == 16 << 20
    assert (facts.online_cpus, facts.online_memory_nodes) == ("0-1,3", "0")
    assert (facts.cgroup_version, facts.has_seccomp, facts.has_apparmor) == (1, True, False)
    assert "memory" in facts.cgroup_controllers


def test_limits_are_those_of_containerd(root: Path) -> None:
    facts = _facts(root, 7)
    assert "CAP_SYS_ADMIN" in facts.capabilities
    assert "CAP_SYS_RESOURCE" not in facts.capabilities
    assert facts.hard_limits == {"nproc": 96365, "nofile": 20000, "nice": 0}
    assert facts.min_oom_score_adj == 100


def test_with_sys_resource_only_the_kernel_limits(root: Path) -> None:
    facts = _facts(root, 0)
    assert facts.hard_limits == {"nofile": 1048576}
    assert facts.min_oom_score_adj == -1000


def test_own_process_stands_in_for_one_that_is_out_of_sight(root: Path) -> None:
    assert _facts(root, 999) == _facts(root, 0)


def test_v2(tmp_path: Path) -> None:
    record_v2(tmp_path)
    facts = _facts(tmp_path, 0)
    assert (facts.cgroup_version, facts.swap_limit, facts.has_seccomp) == (2, True, False)
    assert facts.cgroup_controllers == {"cpuset", "cpu", "io", "memory", "pids"}


def test_apparmor(root: Path) -> None:
    enabled = root / "sys/module/apparmor/parameters/enabled"
    enabled.parent.mkdir(parents=True)
    enabled.write_text("Y\n")
    assert _facts(root, 0).has_apparmor


def test_limits_text() -> None:
    assert hard_limits(LIMITS)["nofile"] == 20000
    assert "cpu" not in hard_limits(LIMITS)
    assert hard_limits("") == {}


def test_operating_system_without_a_file(tmp_path: Path) -> None:
    assert operating_system(tmp_path) == "Linux"


def test_peer_is_the_process_that_listens(tmp_path: Path) -> None:
    path = str(tmp_path / "socket")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)
        assert peer_pid(path) == 0
        server.listen()
        assert peer_pid(path) == peer_pid(f"unix://{path}") == os.getpid()
    assert peer_pid(str(tmp_path / "absent")) == 0
