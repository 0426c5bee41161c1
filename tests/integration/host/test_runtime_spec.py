"""Specs as runc understands them: a real container of busybox tells what it sees. No network is set up."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pier.domain.container import Config, Container, HostConfig
from pier.domain.ids import new_id
from pier.domain.mount import MountPoint
from pier.domain.resources import Resources, Ulimit
from pier.domain.runtime import ProcessUser
from pier.host.facts import read_facts
from pier.host.hierarchy import find_hierarchy
from pier.oci.capabilities import DEFAULT_CAPABILITIES, from_mask
from pier.oci.inputs import Namespaces, SpecInputs
from pier.oci.spec import build_spec

pytestmark = [
    pytest.mark.root,
    pytest.mark.skipif(not shutil.which("runc") or not shutil.which("busybox"), reason="needs runc and busybox"),
]

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    """Runs a shell text in a container made by build_spec; keyword arguments go to SpecInputs and Container."""
    bundle = tmp_path / "bundle"
    binaries = bundle / "rootfs/bin"
    binaries.mkdir(parents=True)
    shutil.copy(shutil.which("busybox") or "", binaries / "busybox")
    for name in ("sh", "ls", "cat", "grep", "df", "id", "mount", "hostname", "awk", "dd", "unshare", "chroot", "test"):
        (binaries / name).symlink_to("busybox")
    container_id = new_id()
    cgroup = f"/pier-test-{os.getpid()}/{container_id}"
    facts = read_facts(0, find_hierarchy())

    def start(text: str, host_config: HostConfig | None = None, **more: Any) -> subprocess.CompletedProcess[str]:
        inputs = SpecInputs(
            container=Container(
                id=container_id,
                name="test",
                created_at=0,
                image_ref="",
                image_id="",
                config=more.pop("config", Config()),
                host_config=host_config or HostConfig(network_mode="none"),
                mount_points=more.pop("mount_points", ()),
                path="/bin/sh",
                args=("-c", text),
            ),
            facts=facts,
            hostname="box",
            cgroups_path=cgroup,
            namespaces=Namespaces(network=""),
            **more,
        )
        (bundle / "config.json").write_text(json.dumps(build_spec(inputs).spec))
        command = ["runc", "--root", str(tmp_path / "state"), "run", "--bundle", str(bundle), container_id]
        return subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False
        )

    yield start
    subprocess.run(
        ["runc", "--root", str(tmp_path / "state"), "delete", "--force", container_id], capture_output=True, check=False
    )
    with contextlib.suppress(FileNotFoundError):
        find_hierarchy().remove(f"/pier-test-{os.getpid()}")


def _output(result: subprocess.CompletedProcess[str]) -> str:
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_process_sees_its_own_host_and_is_pid_1(run: Run) -> None:
    assert _output(run("hostname; echo $$; id -u; id -g; echo $HOME; pwd")).split() == ["box", "1", "0", "0", "/", "/"]


def test_filter_and_capabilities_are_dockers_defaults(run: Run) -> None:
    status = dict(line.split(":\t") for line in _output(run("cat /proc/self/status")).splitlines() if ":\t" in line)
    bounding = read_facts(0, find_hierarchy()).capabilities
    assert status["Seccomp"] == "2"
    for name in ("CapEff", "CapPrm", "CapBnd"):
        assert from_mask(int(status[name], 16)) == set(DEFAULT_CAPABILITIES) & bounding
    for name in ("CapInh", "CapAmb"):
        assert int(status[name], 16) == 0


def test_filter_refuses_new_namespaces(run: Run) -> None:
    result = run("unshare -U true")
    assert result.returncode != 0
    assert "not permitted" in result.stderr
    unconfined = HostConfig(network_mode="none", security_opt=("seccomp=unconfined",))
    assert "Seccomp:\t0" in _output(run("grep Seccomp: /proc/self/status", unconfined))


def test_other_users_have_no_capabilities_and_their_groups(run: Run) -> None:
    user = ProcessUser(uid=1000, gid=1001, additional_gids=(1001, 29), home="/home/web")
    output = _output(run("id -u; id -g; id -G; echo $HOME; grep CapEff /proc/self/status", user=user))
    assert output.splitlines() == ["1000", "1001", "1001 29", "/home/web", "CapEff:\t0000000000000000"]


def test_paths_of_the_host_are_hidden_or_closed(run: Run) -> None:
    result = run("cat /proc/keys /proc/interrupts /proc/timer_list; echo 1 > /proc/sys/vm/swappiness")
    assert result.stdout == ""
    assert "Read-only file system" in result.stderr
    mounts = [line.split() for line in _output(run("cat /proc/self/mounts")).splitlines()]
    options = {mount[1]: mount[3].split(",") for mount in mounts}
    assert "ro" in options["/sys"]
    assert "ro" in options["/proc/sys"]
    assert "/proc/interrupts" in options


def test_devices_are_the_harmless_ones(run: Run) -> None:
    names = set(_output(run("ls /dev")).split())
    assert {"null", "zero", "full", "random", "urandom", "tty", "ptmx", "pts", "shm", "mqueue"} <= names
    assert names <= {"null", "zero", "full", "random", "urandom", "tty", "ptmx", "pts", "shm", "mqueue", "console",
                     "fd", "core", "stdin", "stdout", "stderr"}  # fmt: skip


def test_shared_memory_has_its_size(run: Run) -> None:
    host_config = HostConfig(network_mode="none", shm_size=8 << 20)
    assert _output(run("df -k /dev/shm | awk 'END {print $2}'", host_config)).strip() == "8192"


def test_memory_limit_kills(run: Run) -> None:
    host_config = HostConfig(network_mode="none", resources=Resources(memory=16 << 20, memory_swap=16 << 20))
    result = run("dd if=/dev/zero of=/dev/null bs=64M count=1", host_config)
    assert result.returncode == 128 + signal.SIGKILL


def test_process_limit_and_open_files(run: Run) -> None:
    resources = Resources(pids_limit=9, ulimits=(Ulimit(name="nofile", soft=100, hard=200),))
    host_config = HostConfig(network_mode="none", resources=resources)
    output = _output(run("ulimit -n; ulimit -Hn; cat /sys/fs/cgroup/pids/pids.max 2>/dev/null", host_config))
    assert output.split()[:2] == ["100", "200"]


def test_network_namespace_lets_everybody_bind_and_ping(run: Run) -> None:
    script = "cat /proc/sys/net/ipv4/ip_unprivileged_port_start /proc/sys/net/ipv4/ping_group_range"
    assert _output(run(script)).split() == ["0", "0", "2147483647"]


def test_mounts_of_the_user(run: Run, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data/file").write_text("from the host")
    (tmp_path / "hosts").write_text("127.0.0.1 localhost\n")
    points = (
        MountPoint(type="bind", destination="/ro", source=str(tmp_path / "data"), writable=False),
        MountPoint(type="bind", destination="/rw", source=str(tmp_path / "data")),
        MountPoint(type="tmpfs", destination="/tmp/fs", options=("size=1m",)),
    )
    result = run(
        "cat /ro/file /etc/hosts; echo new > /rw/made; df -k /tmp/fs | awk 'END {print $2}'; echo x > /ro/no",
        mount_points=points,
        files={"hosts": str(tmp_path / "hosts")},
    )
    assert result.stdout == "from the host127.0.0.1 localhost\n1024\n"
    assert "Read-only file system" in result.stderr
    assert (tmp_path / "data/made").read_text() == "new\n"


def test_read_only_root(run: Run) -> None:
    host_config = HostConfig(network_mode="none", readonly_rootfs=True)
    result = run("echo a > /dev/shm/x && cat /dev/shm/x; echo b > /no", host_config)
    assert result.stdout == "a\n"
    assert "Read-only file system" in result.stderr


def test_privileged_gets_what_this_host_has(run: Run) -> None:
    host_config = HostConfig(network_mode="none", privileged=True)
    output = _output(
        run("grep -E 'CapEff|Seccomp:' /proc/self/status; mount -t tmpfs x /bin && echo mounted", host_config)
    )
    assert "Seccomp:\t0" in output
    assert "mounted" in output


def test_no_new_privileges_and_oom_score(run: Run) -> None:
    host_config = HostConfig(network_mode="none", security_opt=("no-new-privileges",), oom_score_adj=321)
    output = _output(run("grep NoNewPrivs /proc/self/status; cat /proc/self/oom_score_adj", host_config))
    assert output.split() == ["NoNewPrivs:", "1", "321"]


def test_init_binary_is_pid_1(run: Run, tmp_path: Path) -> None:
    init = tmp_path / "init"
    init.write_text('#!/bin/sh\nshift\necho "init runs $1"\nexec "$@"\n')
    init.chmod(0o755)
    assert _output(run("echo program", init_binary=str(init))).splitlines() == ["init runs /bin/sh", "program"]
