"""What separates a container from its host, as facts seen from inside."""

import ipaddress
import os
import socket
import time
from pathlib import Path

import pytest
from support.engine import Engine, mounts_below
from support.events import events_since

pytestmark = [pytest.mark.root, pytest.mark.containerd]

DEFAULT_CAPABILITIES = 0x00000000A80425FB  # Docker's fourteen


def inside(engine: Engine, image: str, script: str, *options: str) -> list[str]:
    """The lines that a script prints in a new container."""
    return engine.docker("run", "--rm", *options, image, "sh", "-c", script).check().lines


def test_hostname_is_the_short_id(engine: Engine, image: str) -> None:
    container_id = engine.docker("run", "-d", image, "sleep", "100").check().last
    assert engine.docker("exec", container_id, "hostname").check().last == container_id[:12]
    assert container_id[:12] != socket.gethostname()


def test_address_lies_in_the_bridges_subnet_and_names_resolve_by_hosts(engine: Engine, image: str) -> None:
    container_id = engine.docker("run", "-d", "--hostname", "self", image, "sleep", "100").check().last
    settings = engine.call("GET", f"/containers/{container_id}/json").json()["NetworkSettings"]
    address = ipaddress.ip_address(settings["IPAddress"])
    assert address in ipaddress.ip_interface(engine.bip).network
    shown = engine.docker("exec", container_id, "ip", "-o", "-4", "addr", "show", "dev", "eth0").check().stdout
    assert f" {address}/24 " in shown
    route = engine.docker("exec", container_id, "ip", "route").check().stdout
    assert f"default via {engine.bip.split('/')[0]} dev eth0" in route
    hosts = engine.docker("exec", container_id, "cat", "/etc/hosts").check().lines
    assert [line.split() for line in hosts if "self" in line] == [[str(address), "self"]]


def test_the_command_is_pid_1_and_sees_no_other_process(engine: Engine, image: str) -> None:
    lines = inside(engine, image, "echo $$; ls /proc | grep -c '^[0-9]'; cat /proc/1/comm; true")
    assert lines[0] == "1"
    assert int(lines[1]) <= 4  # the shell, ls and grep
    assert lines[2] == "sh"


def test_host_processes_are_neither_seen_nor_signalled(engine: Engine, image: str) -> None:
    own = os.getpid()
    assert inside(engine, image, f"kill -0 {own} 2>/dev/null && echo reached || echo none") == ["none"]


def test_root_file_system_is_the_images_and_not_the_hosts(engine: Engine, image: str) -> None:
    marker = engine.data_root / "host-marker"
    marker.touch()
    try:
        script = f"test -e {marker} && echo host; readlink /proc/1/root; echo x > /written && cat /written"
        assert inside(engine, image, script) == ["/", "x"]
        assert not Path("/written").exists()
    finally:
        marker.unlink()


def test_two_containers_of_one_image_do_not_share_writes(engine: Engine, image: str) -> None:
    engine.docker("run", "--name", "writer", image, "sh", "-c", "echo x > /file").check()
    assert inside(engine, image, "test -e /file || echo absent") == ["absent"]


def test_mount_table_shows_the_containers_own_mounts_only(engine: Engine, image: str) -> None:
    points = {line.split()[4]: line for line in inside(engine, image, "cat /proc/self/mountinfo")}
    assert {"/", "/proc", "/dev", "/dev/pts", "/dev/shm", "/dev/mqueue", "/sys", "/etc/hosts"} <= set(points)
    assert " - overlay " in points["/"]
    assert " ro," in points["/sys"]
    known = ("/proc", "/dev", "/sys", "/etc/hosts", "/etc/hostname", "/etc/resolv.conf")
    assert [point for point in points if point != "/" and not point.startswith(known)] == []


def test_each_namespace_is_another_than_the_hosts(engine: Engine, image: str) -> None:
    kinds = ["mnt", "net", "uts", "pid", "ipc"]
    lines = inside(engine, image, "; ".join(f"readlink /proc/self/ns/{kind}" for kind in kinds))
    for kind, line in zip(kinds, lines, strict=True):
        assert line.startswith(f"{kind}:")
        assert line != os.readlink(f"/proc/self/ns/{kind}")


def test_capabilities_are_dockers_default_within_what_the_host_has(engine: Engine, image: str) -> None:
    own = int(status_field(Path("/proc/self/status").read_text().splitlines(), "CapBnd"), 16)
    lines = inside(engine, image, "cat /proc/self/status")
    for field in ("CapBnd", "CapEff", "CapPrm"):
        assert int(status_field(lines, field), 16) == DEFAULT_CAPABILITIES & own
    assert int(status_field(lines, "CapAmb"), 16) == 0


def test_capabilities_can_be_dropped(engine: Engine, image: str) -> None:
    lines = inside(engine, image, "cat /proc/self/status; chown 1:1 /tmp", "--cap-drop", "ALL", "--cap-add", "CHOWN")
    assert int(status_field(lines, "CapEff"), 16) == 1


def test_a_seccomp_filter_is_active_unless_unconfined(engine: Engine, image: str) -> None:
    assert status_field(inside(engine, image, "cat /proc/self/status"), "Seccomp") == "2"
    free = inside(engine, image, "cat /proc/self/status", "--security-opt", "seccomp=unconfined")
    assert status_field(free, "Seccomp") == "0"


def test_sensitive_kernel_files_are_masked_or_read_only(engine: Engine, image: str) -> None:
    script = (
        "cat /proc/kcore 2>/dev/null | wc -c; ls /sys/firmware | wc -l; echo 1 > /proc/sysrq-trigger || echo refused"
    )
    lines = inside(engine, image, script)
    assert lines == ["0", "0", "refused"]


def test_only_the_default_devices_are_there_and_disks_cannot_be_made(engine: Engine, image: str) -> None:
    lines = inside(engine, image, "ls /dev; mknod /disk b 8 0 && head -c1 /disk || echo refused")
    assert lines[-1] == "refused"
    assert {"null", "zero", "full", "random", "urandom", "tty", "ptmx"} <= set(lines)
    assert not [name for name in lines if name.startswith(("sd", "vd", "loop", "mem", "kmsg"))]


def test_memory_limit_ends_a_process_that_takes_more(engine: Engine, image: str) -> None:
    done = engine.docker(
        "run", "--name", "big", "--memory", "16m", image, "sh", "-c", "tail -c 209715200 /dev/zero | wc -c"
    )
    state = engine.call("GET", "/containers/big/json").json()["State"]
    assert state["OOMKilled"] is True
    assert "209715200" not in done.stdout


def test_oom_of_the_only_process_is_137_with_an_event_before_die(engine: Engine, image: str) -> None:
    since = time.time()
    done = engine.docker("run", "--name", "big", "--memory", "16m", image, "tail", "-c", "209715200", "/dev/zero")
    assert done.code == 137
    actions = [event["Action"] for event in events_since(engine, since, container=["big"])]
    assert actions.index("oom") < actions.index("die")


def test_pids_limit_refuses_more_processes(engine: Engine, image: str) -> None:
    script = "for i in 1 2 3 4 5 6 7 8 9; do sleep 20 & done; echo started"
    done = engine.docker("run", "--rm", "--pids-limit", "5", image, "sh", "-c", script)
    assert "fork" in done.stderr
    assert done.code != 0 or "started" not in done.stdout


def test_cpu_limit_is_in_the_cgroup(engine: Engine, image: str) -> None:
    script = "cat /sys/fs/cgroup/cpu/cpu.cfs_quota_us 2>/dev/null || cut -d' ' -f1 /sys/fs/cgroup/cpu.max"
    assert inside(engine, image, script, "--cpus", "0.5") == ["50000"]


def test_containers_cgroup_lies_under_the_engines_parent(engine: Engine, image: str) -> None:
    container_id = engine.docker("run", "-d", image, "sleep", "100").check().last
    pid = engine.call("GET", f"/containers/{container_id}/json").json()["State"]["Pid"]
    lines = Path(f"/proc/{pid}/cgroup").read_text().splitlines()
    assert any(line.endswith(f"{engine.cgroup_parent}/{container_id}") for line in lines)


def test_network_none_has_loopback_only(engine: Engine, image: str) -> None:
    assert inside(engine, image, "ls /sys/class/net; cat /proc/net/route | wc -l", "--network", "none") == ["lo", "1"]


def test_network_host_is_the_hosts(engine: Engine, image: str) -> None:
    lines = inside(engine, image, "readlink /proc/self/ns/net; hostname", "--network", "host")
    assert lines == [os.readlink("/proc/self/ns/net"), socket.gethostname()]


def test_on_the_hosts_network_names_and_servers_that_are_asked_for_count(engine: Engine, image: str) -> None:
    show = "cat /etc/hosts; echo; cat /etc/resolv.conf"
    plain = inside(engine, image, show, "--network", "host")
    assert plain == [
        *Path("/etc/hosts").read_text().splitlines(),
        "",
        *Path("/etc/resolv.conf").read_text().splitlines(),
    ]
    lines = inside(engine, image, show, "--network", "host", "--add-host", "db:192.0.2.7", "--dns", "192.0.2.53")
    assert lines[0] == "127.0.0.1\tlocalhost"
    assert "192.0.2.7\tdb" in lines
    assert [line for line in lines if line.startswith("nameserver")] == ["nameserver 192.0.2.53"]


def test_a_service_on_the_hosts_loopback_is_out_of_reach(engine: Engine, image: str) -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        port = server.getsockname()[1]
        gateway = engine.bip.split("/")[0]
        script = (
            f"ip route add 127.0.0.0/8 via {gateway} 2>/dev/null; nc -w 2 {gateway} {port} </dev/null || echo refused"
        )
        assert inside(engine, image, script, "--cap-add", "NET_ADMIN") == ["refused"]


def status_field(lines: list[str], name: str) -> str:
    """A field of /proc/<pid>/status."""
    return next(line.split()[1] for line in lines if line.startswith(f"{name}:"))


def test_shareable_ipc_is_joined_with_its_shared_memory(engine: Engine, image: str) -> None:
    donor = ("--name", "donor", "--ipc", "shareable", "--shm-size", "1m")
    engine.docker("run", "-d", *donor, image, "sleep", "100").check()
    engine.docker("exec", "donor", "sh", "-c", "echo shared > /dev/shm/x").check()
    script = "cat /dev/shm/x; df -k /dev/shm | tail -1 | awk '{print $2}'; readlink /proc/self/ns/ipc"
    lines = inside(engine, image, script, "--ipc", "container:donor")
    own = engine.docker("exec", "donor", "readlink", "/proc/self/ns/ipc").check().last
    assert lines == ["shared", "1024", own]
    refused = engine.docker("run", "--rm", "--ipc", "container:nobody", image, "true")
    assert (refused.code, "No such container: nobody" in refused.stderr) == (125, True)


def test_shared_memory_goes_with_its_owner_and_stays_with_who_has_joined(engine: Engine, image: str) -> None:
    engine.docker("run", "-d", "--name", "donor", "--ipc", "shareable", image, "sleep", "100").check()
    engine.docker("run", "-d", "--name", "joined", "--ipc", "container:donor", image, "sleep", "100").check()
    assert len(mounts_below(engine.exec_root / "shm")) == 1
    engine.docker("exec", "joined", "sh", "-c", "echo mine > /dev/shm/x").check()
    engine.docker("rm", "-f", "donor").check()
    assert mounts_below(engine.exec_root / "shm") == []
    assert list((engine.exec_root / "shm").iterdir()) == []
    assert engine.docker("exec", "joined", "cat", "/dev/shm/x").check().stdout == "mine\n"


def test_a_pid_namespace_is_joined(engine: Engine, image: str) -> None:
    engine.docker("run", "-d", "--name", "owner", image, "sleep", "777").check()
    done = engine.docker(
        "run", "--rm", "--pid", "container:owner", image, "sh", "-c", "ps; cat /proc/1/cmdline"
    ).check()
    assert "sleep 777" in done.stdout
    assert "sleep\x00777" in done.stdout
    engine.docker("kill", "owner").check()
    refused = engine.docker("run", "--rm", "--pid", "container:owner", image, "true")
    assert refused.code == 125
    assert "owner" in refused.stderr or "not running" in refused.stderr
