"""Every key of dockerd's HostConfig and Config with a value that means something: its effect is seen in the container
or on it, or the key is refused by name. The keys are those of the recorded bodies; one without an entry here fails.
"""

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from golden.scenario import BODIES, load
from support.cgroups import cgroups_at
from support.engine import Engine
from support.facilities import require
from support.wait import wait_for

pytestmark = [pytest.mark.root, pytest.mark.containerd, pytest.mark.compat, pytest.mark.slow]

Body = dict[str, Any]
# In no body, as dockerd leaves them out when they are empty, or the API dropped them.
FURTHER = {
    "HostConfig": {"StorageOpt", "KernelMemory", "KernelMemoryTCP"},
    "Config": {"NetworkDisabled", "ArgsEscaped", "MacAddress"},
}


@dataclass(frozen=True)
class Seen:
    """A script in the container says `pattern` (a regular expression, found anywhere); `body` is what it needs more."""

    value: Any
    script: str
    pattern: str
    body: Body = field(default_factory=dict)


@dataclass(frozen=True)
class Refused:
    """Create, or the start, is refused with this status and a text that names it."""

    value: Any
    status: int
    words: str


@dataclass(frozen=True)
class Stored:
    """For clients to read: dockerd itself does nothing with it, `why` says so."""

    value: Any
    why: str


@dataclass(frozen=True)
class Watched:
    """The effect is on the container's life, and `check` sees it."""

    value: Any
    check: Callable[[Engine, str], None]
    command: str = "sleep 1000"
    body: Body = field(default_factory=dict)


Entry = Seen | Refused | Stored | Watched


def v1_or_v2(controller: str, old: str, new: str) -> str:
    """A script that shows a limit of the container's own cgroup."""
    return f"cat /sys/fs/cgroup/{controller}/{old} 2>/dev/null || cat /sys/fs/cgroup/{new}"


def namespace(kind: str) -> str:
    return os.readlink(f"/proc/self/ns/{kind}")


def disk() -> tuple[str, str]:
    """Path and numbers of some disk."""
    for folder in sorted(Path("/sys/block").iterdir()):
        path = Path("/dev") / folder.name
        if not folder.name.startswith(("loop", "ram", "zram")) and path.is_block_device():
            return str(path), (folder / "dev").read_text().strip()
    require(False, "no disk in /dev")
    return "", ""


def throttle(kind: str, name: str) -> Seen:
    path, numbers = disk()
    script = v1_or_v2("blkio", f"blkio.throttle.{kind}_device", "io.max")
    return Seen([{"Path": path, "Rate": 1048576}], script, rf"{numbers} (1048576|.*{name}=1048576)")


# -- checks ------------------------------------------------------------------------------------------------------------


def inspect(engine: Engine, ref: str) -> Any:
    return engine.call("GET", f"/containers/{ref}/json").json()


def goes_at_its_end(engine: Engine, ref: str) -> None:
    engine.call("POST", f"/containers/{ref}/kill")
    wait_for(lambda: engine.call("GET", f"/containers/{ref}/json").status == 404, what="it is removed")


def is_started_again(engine: Engine, ref: str) -> None:
    wait_for(lambda: inspect(engine, ref)["RestartCount"] == 2, what="two restarts")


def has_no_log(engine: Engine, ref: str) -> None:
    assert engine.call("GET", f"/containers/{ref}/logs?stdout=1").status == 501


def is_published(engine: Engine, ref: str) -> None:
    (binding, *_) = inspect(engine, ref)["NetworkSettings"]["Ports"]["80/tcp"]
    assert int(binding["HostPort"]) > 0


def becomes_healthy(engine: Engine, ref: str) -> None:
    wait_for(lambda: inspect(engine, ref)["State"]["Health"]["Status"] == "healthy", what="it is healthy")


def ends_by_usr1(engine: Engine, ref: str) -> None:
    wait_for(lambda: b"ready" in engine.call("GET", f"/containers/{ref}/logs?stdout=1").body, what="the trap is set")
    engine.call("POST", f"/containers/{ref}/stop?t=20")
    assert inspect(engine, ref)["State"]["ExitCode"] == 33


def is_killed_after_a_second(engine: Engine, ref: str) -> None:  # ten seconds are the default
    wait_for(lambda: engine.call("POST", f"/containers/{ref}/stop").status == 304, what="it is down", timeout=9)


def is_found_by_label(engine: Engine, ref: str) -> None:
    (row,) = engine.call("GET", '/containers/json?filters={"label":["key=1"]}').json()
    assert row["Id"] == ref


def shows_annotations(engine: Engine, ref: str) -> None:
    rows = engine.call("GET", "/containers/json").json()
    assert [row["HostConfig"]["Annotations"] for row in rows if row["Id"] == ref] == [{"a.b": "c"}]


def keeps_stdin_open(engine: Engine, ref: str) -> None:
    assert inspect(engine, ref)["State"]["Running"]  # cat without stdin would have ended at once


def has_an_anonymous_volume(engine: Engine, ref: str) -> None:
    (point,) = inspect(engine, ref)["Mounts"]
    assert (point["Type"], point["Destination"]) == ("volume", "/declared")


# -- the table ---------------------------------------------------------------------------------------------------------


NOT_ON_LINUX = dict.fromkeys(("CpuCount", "CpuPercent", "KernelMemory", "KernelMemoryTCP"), (501, "no such limit"))
NOT_ON_LINUX |= dict.fromkeys(("IOMaximumBandwidth", "IOMaximumIOps"), (400, "QoS maximum"))


def limits() -> dict[str, Entry]:
    """The part of HostConfig that dockerd calls resources."""
    path, numbers = disk()
    memory = {"Memory": 32 << 20}
    return {
        **{key: Refused(32 << 20, *refusal) for key, refusal in NOT_ON_LINUX.items()},
        "BlkioDeviceReadBps": throttle("read_bps", "rbps"),
        "BlkioDeviceReadIOps": throttle("read_iops", "riops"),
        "BlkioDeviceWriteBps": throttle("write_bps", "wbps"),
        "BlkioDeviceWriteIOps": throttle("write_iops", "wiops"),
        "BlkioWeight": Seen(500, "cd /sys/fs/cgroup; cat blkio/blkio*weight io*weight", "500|4950"),  # the latter on v2
        "BlkioWeightDevice": Seen(
            [{"Path": path, "Weight": 500}],
            "cat /sys/fs/cgroup/blkio/blkio*weight_device /sys/fs/cgroup/io*weight",
            f"^{numbers} 500|weight_device: operation not supported|only where BFQ",
        ),
        "CpuPeriod": Seen(50_000, v1_or_v2("cpu", "cpu.cfs_period_us", "cpu.max"), "50000"),
        "CpuQuota": Seen(25_000, v1_or_v2("cpu", "cpu.cfs_quota_us", "cpu.max"), "25000"),
        "CpuRealtimePeriod": Seen(
            950_000, v1_or_v2("cpu", "cpu.rt_period_us", "cpu.rt_period_us"), "950000|real-?time.*discarded"
        ),
        "CpuRealtimeRuntime": Seen(
            1_000,
            v1_or_v2("cpu", "cpu.rt_runtime_us", "cpu.rt_runtime_us"),
            "^1000$|rt_runtime_us: invalid argument|real-?time.*discarded",
        ),
        "CpuShares": Seen(512, v1_or_v2("cpu", "cpu.shares", "cpu.weight"), "^(512|20)$"),
        "CpusetCpus": Seen("0", "grep Cpus_allowed_list /proc/self/status", r":\s0$"),
        "CpusetMems": Seen("0", v1_or_v2("cpuset", "cpuset.mems", "cpuset.mems"), "^0$"),
        "DeviceCgroupRules": Seen(["c 42:42 r"], "cat /sys/fs/cgroup/devices/devices.list || echo v2", "c 42:42 r|v2"),
        "DeviceRequests": Refused([{"Driver": "x", "Count": 1, "Capabilities": [["gpu"]]}], 500, "device driver"),
        "Devices": Seen(
            [{"PathOnHost": "/dev/null", "PathInContainer": "/dev/nothing", "CgroupPermissions": "rw"}],
            "stat -c %t:%T /dev/nothing",
            "1:3",
        ),
        "Memory": Seen(32 << 20, v1_or_v2("memory", "memory.limit_in_bytes", "memory.max"), str(32 << 20)),
        "MemoryReservation": Seen(
            16 << 20, v1_or_v2("memory", "memory.soft_limit_in_bytes", "memory.low"), str(16 << 20)
        ),
        "MemorySwap": Seen(
            48 << 20,
            v1_or_v2("memory", "memory.memsw.limit_in_bytes", "memory.swap.max"),
            f"{48 << 20}|{16 << 20}|swap.*discarded",
            memory,
        ),
        "MemorySwappiness": Seen(
            10, v1_or_v2("memory", "memory.swappiness", "memory.max"), "^10$|swappiness.*discarded"
        ),
        "NanoCpus": Seen(500_000_000, v1_or_v2("cpu", "cpu.cfs_quota_us", "cpu.max"), "50000"),
        "OomKillDisable": Seen(
            True,
            "cat /sys/fs/cgroup/memory/memory.oom_control || echo v2",
            "oom_kill_disable 1|OomKillDisable discarded",
            memory,
        ),
        "OomScoreAdj": Seen(600, "cat /proc/self/oom_score_adj", "^600$"),
        "PidsLimit": Seen(50, v1_or_v2("pids", "pids.max", "pids.max"), "^50$"),
        "Ulimits": Seen([{"Name": "nofile", "Soft": 100, "Hard": 200}], "ulimit -n; ulimit -Hn", "100\n200"),
    }


def host_config() -> dict[str, Entry]:
    return {
        "Annotations": Watched({"a.b": "c"}, shows_annotations),
        "AutoRemove": Watched(True, goes_at_its_end),
        "Binds": Seen(["/etc:/mnt:ro"], "test -e /mnt/passwd && echo seen; touch /mnt/x", "seen"),
        "CapAdd": Seen(["SYS_PTRACE"], "grep CapBnd /proc/self/status", "a80c25fb|not.*given"),
        "CapDrop": Seen(["MKNOD"], "grep CapEff /proc/self/status", "a00425fb"),
        "Cgroup": Refused("container:x", 501, "HostConfig.Cgroup"),
        "CgroupParent": Seen("PARENT/walk", "cat /proc/self/cgroup", r"/walk/[0-9a-f]{64}", {"CgroupnsMode": "host"}),
        "CgroupnsMode": Seen("private", "readlink /proc/self/ns/cgroup", f"^(?!{re.escape(namespace('cgroup'))})"),
        "ConsoleSize": Seen([33, 99], "sleep 0.3; stty size", "33 99", {"Config": {"Tty": True}}),
        "ContainerIDFile": Stored("/tmp/cid", "the client writes that file"),
        "Dns": Seen(["192.0.2.9"], "cat /etc/resolv.conf", "nameserver 192.0.2.9"),
        "DnsOptions": Seen(["ndots:7"], "cat /etc/resolv.conf", "options .*ndots:7"),
        "DnsSearch": Seen(["example.org"], "cat /etc/resolv.conf", "search example.org"),
        "ExtraHosts": Seen(["db:192.0.2.7"], "cat /etc/hosts", r"192\.0\.2\.7\s+db"),
        "GroupAdd": Seen(["1234"], "id -G", "1234"),
        "Init": Seen(True, "cat /proc/1/comm", "init|tini|install one"),
        "IpcMode": Seen("host", "readlink /proc/self/ns/ipc", re.escape(namespace("ipc"))),
        "Isolation": Refused("hyperv", 400, "invalid isolation"),
        "Links": Refused(["x:y"], 400, "could not get container for x"),
        "LogConfig": Watched({"Type": "none"}, has_no_log),
        "MaskedPaths": Seen(["/proc/uptime"], "wc -c < /proc/uptime", "^0"),
        "Mounts": Seen([{"Type": "bind", "Source": "/etc", "Target": "/mnt"}], "ls /mnt", "passwd"),
        "NetworkMode": Seen("none", "ls /sys/class/net | xargs", "^lo$"),
        "PidMode": Seen("host", "readlink /proc/self/ns/pid", re.escape(namespace("pid"))),
        "PortBindings": Watched(
            {"80/tcp": [{"HostIp": "127.0.0.1"}]}, is_published, body={"Config": {"ExposedPorts": {"80/tcp": {}}}}
        ),
        "Privileged": Seen(True, "grep Seccomp: /proc/self/status", r":\s0"),
        "PublishAllPorts": Watched(True, is_published, body={"Config": {"ExposedPorts": {"80/tcp": {}}}}),
        "ReadonlyPaths": Seen(["/tmp"], "touch /tmp/x 2>&1", "Read-only file system"),
        "ReadonlyRootfs": Seen(True, "touch /x 2>&1", "Read-only file system"),
        "RestartPolicy": Watched({"Name": "on-failure", "MaximumRetryCount": 2}, is_started_again, "exit 3"),
        "Runtime": Refused("nope", 400, "runtime name: nope"),
        "SecurityOpt": Seen(["no-new-privileges"], "grep NoNewPrivs /proc/self/status", r":\s1"),
        "ShmSize": Seen(1 << 20, "df -k /dev/shm | tail -1", r"\s1024\s"),
        "StorageOpt": Refused({"size": "1G"}, 400, "--storage-opt is supported only for overlay over xfs"),
        "Sysctls": Seen({"net.ipv4.ip_default_ttl": "65"}, "cat /proc/sys/net/ipv4/ip_default_ttl", "65"),
        "Tmpfs": Seen({"/scratch": "size=1m"}, "grep /scratch /proc/mounts", "tmpfs .*size=1024k"),
        "UTSMode": Seen("host", "readlink /proc/self/ns/uts", re.escape(namespace("uts"))),
        "UsernsMode": Seen("host", "readlink /proc/self/ns/user", re.escape(namespace("user"))),
        "VolumeDriver": Seen("local", "ls -d /own", "/own", body={"HostConfig": {"Binds": ["own:/own"]}}),
        "VolumesFrom": Seen(["key-donor"], "ls /donated", "given"),
    }


def config() -> dict[str, Entry]:
    second = 1_000_000_000
    check = {"Test": ["CMD-SHELL", "true"], "Interval": second}
    return {
        "ArgsEscaped": Stored(True, "of Windows images only"),
        "AttachStderr": Stored(True, "clients read it to decide what to attach to"),
        "AttachStdin": Stored(True, "clients read it to decide what to attach to"),
        "AttachStdout": Stored(True, "clients read it to decide what to attach to"),
        "Cmd": Seen(["sh", "-c", "echo $0 told"], "", "sh told"),
        "Domainname": Seen("example.org", "cat /proc/sys/kernel/domainname", "example.org"),
        "Entrypoint": Seen(["sh", "-c", "echo entered"], "", "entered"),
        "Env": Seen(["A=1"], "echo A is $A", "A is 1"),
        "ExposedPorts": Watched({"80/tcp": {}}, lambda engine, ref: _exposes(engine, ref)),
        "Healthcheck": Watched(check, becomes_healthy),
        "Hostname": Seen("named", "hostname", "^named$"),
        "Image": Refused("not-there", 404, "No such image: not-there"),
        "Labels": Watched({"key": "1"}, is_found_by_label),
        "MacAddress": Seen("02:42:ac:11:00:99", "cat /sys/class/net/eth0/address", "02:42:ac:11:00:99"),
        "NetworkDisabled": Seen(True, "ls /sys/class/net | xargs", "^lo$"),
        "OnBuild": Stored(["RUN true"], "of images: commit hands it on"),
        "OpenStdin": Watched(True, keeps_stdin_open, "cat"),
        "Shell": Watched(
            ["sh", "-c", "exit 0", "-"],
            becomes_healthy,
            body={"Config": {"Healthcheck": {**check, "Test": ["CMD-SHELL", "false"]}}},
        ),
        "StdinOnce": Stored(True, "seen where a client half-closes an attach: tests/integration/test_attach.py"),
        "StopSignal": Watched("SIGUSR1", ends_by_usr1, "trap 'exit 33' USR1; echo ready; while :; do sleep 0.1; done"),
        "StopTimeout": Watched(1, is_killed_after_a_second, "trap '' TERM; while :; do sleep 0.1; done"),
        "Tty": Seen(True, "tty", "/dev/(pts/0|console)"),
        "User": Seen("app", "id -un", "^app$"),
        "Volumes": Watched({"/declared": {}}, has_an_anonymous_volume),
        "WorkingDir": Seen("/made/here", "pwd", "^/made/here$"),
    }


def _exposes(engine: Engine, ref: str) -> None:
    assert inspect(engine, ref)["NetworkSettings"]["Ports"] == {"80/tcp": None}


TABLES = {"HostConfig": host_config() | limits(), "Config": config()}


def recorded_keys(part: str) -> set[str]:
    """The keys of every container's HostConfig or Config that dockerd has shown."""
    found: set[str] = set()

    def walk(value: Any) -> None:
        if isinstance(value, dict):
            if "GraphDriver" in value and part in value and "HostConfig" in value:
                found.update(value[part])
            for item in value.values():
                walk(item)

    for path in BODIES.glob("*.json"):
        walk(load(path.stem))
    return found | FURTHER[part]


def cases() -> Iterator[tuple[str, str]]:
    for part in ("HostConfig", "Config"):
        for key in sorted(recorded_keys(part) | TABLES[part].keys()):
            yield part, key


@pytest.fixture
def donor(engine: Engine, image: str) -> None:
    """The container of VolumesFrom."""
    body = {"Image": image, "Cmd": ["touch", "/donated/given"], "Volumes": {"/donated": {}}}
    assert engine.call("POST", "/containers/create?name=key-donor", body).status == 201
    engine.call("POST", "/containers/key-donor/start")
    engine.call("POST", "/containers/key-donor/wait")


@pytest.mark.parametrize(("part", "key"), cases())
@pytest.mark.usefixtures("donor")
def test_every_key_has_its_effect_or_is_refused(engine: Engine, image: str, part: str, key: str) -> None:
    assert key in TABLES[part], f"dockerd has {part}.{key}: say in this file what becomes of it"
    entry = TABLES[part][key]
    value = entry.value.replace("PARENT", engine.cgroup_parent) if isinstance(entry.value, str) else entry.value
    body = body_of(entry, image, part, key, value)
    made = engine.call("POST", "/containers/create", body)
    if isinstance(entry, Refused) and made.status != 201:
        assert (made.status, entry.words in made.message) == (entry.status, True), made.body
        return
    assert made.status == 201, made.body
    container_id = made.json()["Id"]
    started = engine.call("POST", f"/containers/{container_id}/start")
    match entry:
        case Refused():
            assert (started.status, entry.words in started.message) == (entry.status, True), started.body
        case Stored():
            assert inspect(engine, container_id)[part][key] == value
        case Watched():
            assert started.status == 204, started.body
            entry.check(engine, container_id)
        case Seen():
            said = "\n".join([*made.json()["Warnings"], *output_of(engine, container_id, started.body)])
            assert re.search(entry.pattern, said, re.MULTILINE), said
    remove_parents(engine)


def body_of(entry: Entry, image: str, part: str, key: str, value: Any) -> Body:
    further = dict(getattr(entry, "body", {}))
    command = entry.script if isinstance(entry, Seen) else getattr(entry, "command", "sleep 1000")
    body: Body = {"Image": image, "Cmd": ["sh", "-c", command], **further.pop("Config", {})}
    if key == "Entrypoint":
        del body["Cmd"]
    if part == "Config":
        return {**body, key: value, "HostConfig": further}
    return {**body, "HostConfig": {**further, key: value}}


def output_of(engine: Engine, container_id: str, refusal: bytes) -> list[str]:
    """What it printed, and the error of a start that failed."""
    if refusal:
        return [refusal.decode()]
    engine.call("POST", f"/containers/{container_id}/wait")
    terminal = inspect(engine, container_id)["Config"]["Tty"]
    rest = engine.call("GET", f"/containers/{container_id}/logs?stdout=1&stderr=1").body
    if terminal:
        return rest.decode().splitlines()
    text = b""
    while rest:
        size = int.from_bytes(rest[4:8], "big")
        text, rest = text + rest[8 : 8 + size], rest[8 + size :]
    return [*text.decode().splitlines(), *inspect(engine, container_id).get("Warnings", [])]


def remove_parents(engine: Engine) -> None:
    engine.remove_all_containers()
    for folder in cgroups_at(f"{engine.cgroup_parent}/walk"):  # of CgroupParent's own test: nobody else's to remove
        folder.rmdir()
