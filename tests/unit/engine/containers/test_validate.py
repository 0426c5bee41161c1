"""What create refuses, in words that name the field."""

from dataclasses import replace

import pytest

from pier.domain.container import Config, Healthcheck, HostConfig, RestartPolicy
from pier.domain.errors import InvalidArgument, PierError, Unsupported
from pier.domain.network import PortBinding
from pier.domain.resources import Resources, Ulimit
from pier.domain.runtime import HostFacts
from pier.engine.containers.validate import check_config, check_host_config, check_name, check_update

FACTS = HostFacts(cpus=2)
MIB = 1 << 20


def refuse(
    host: HostConfig, error: type[PierError] = InvalidArgument, words: str = "", config: Config | None = None
) -> None:
    with pytest.raises(error, match=words):
        check_host_config(host, config or Config(), FACTS, lambda name: name == "runc")


@pytest.mark.parametrize("name", ["a", "a/b", "a b", "-a", "", "é1"])
def test_names(name: str) -> None:
    with pytest.raises(InvalidArgument, match="Invalid container name"):
        check_name(name)


def test_a_usual_request_passes() -> None:
    config = Config(
        working_dir="/srv", env=("A=1", "B"), exposed_ports=("80/tcp",), stop_signal="TERM", volumes=("/d",)
    )
    check_config(config)
    host = HostConfig(
        port_bindings={"80/tcp": (PortBinding(host_port="8000-8010"),)},
        resources=Resources(memory=64 * MIB, memory_swap=-1, nano_cpus=2_000_000_000),
        security_opt=("no-new-privileges", "seccomp=unconfined"),
    )
    check_host_config(host, config, FACTS, lambda name: name == "runc")


@pytest.mark.parametrize(
    "config",
    [
        Config(working_dir="srv"),
        Config(env=("=x",)),
        Config(env=("",)),
        Config(exposed_ports=("0/tcp",)),
        Config(exposed_ports=("80/icmp",)),
        Config(volumes=("data",)),
        Config(volumes=("/",)),
        Config(stop_signal="SIGNOPE"),
        Config(healthcheck=Healthcheck(interval=1)),
        Config(healthcheck=Healthcheck(test=("SHELL", "x"))),
        Config(healthcheck=Healthcheck(retries=-1)),
    ],
)
def test_bad_configs(config: Config) -> None:
    with pytest.raises(InvalidArgument):
        check_config(config)


@pytest.mark.parametrize(
    ("resources", "words"),
    [
        (Resources(memory=5 * MIB), "6MB"),
        (Resources(memory=8 * MIB, memory_swap=7 * MIB), "memoryswap"),
        (Resources(memory_swap=7 * MIB), "Memory limit"),
        (Resources(memory=8 * MIB, memory_reservation=9 * MIB), "reservation"),
        (Resources(memory_swappiness=101), "swappiness"),
        (Resources(nano_cpus=3_000_000_000), "range of CPUs"),
        (Resources(nano_cpus=1, cpu_quota=5000), "CPU Quota"),
        (Resources(nano_cpus=1, cpu_period=5000, cpu_quota=5000), "CPU Period"),
        (Resources(cpu_period=10), "period"),
        (Resources(cpu_quota=10), "quota"),
        (Resources(cpu_shares=-1), "shares"),
        (Resources(blkio_weight=5), "blkio"),
        (Resources(ulimits=(Ulimit(name="nofile", soft=2, hard=1),)), "nofile"),
    ],
)
def test_bad_resources(resources: Resources, words: str) -> None:
    refuse(HostConfig(resources=resources), words=words)


@pytest.mark.parametrize(
    ("wanted", "why"),
    [
        ("1,,", "invalid format: 1,,"),
        (",", "invalid format: ,"),
        ("1-", "invalid format: 1-"),
        ("-1", "invalid format: -1"),
        ("1-0", "invalid format: 1-0"),
        ("1-2-3", "invalid format: 1-2-3"),
        ("0x1", "invalid format: 0x1"),
        ("8193", "value of out range, maximum is 8192"),
    ],
)
def test_sets_of_cpus_and_memory_nodes(wanted: str, why: str) -> None:
    refuse(
        HostConfig(resources=Resources(cpuset_cpus=wanted)), words=f"^Invalid value {wanted} for cpuset cpus: {why}$"
    )
    refuse(
        HostConfig(resources=Resources(cpuset_mems=wanted)), words=f"^Invalid value {wanted} for cpuset mems: {why}$"
    )


def test_cpus_and_memory_nodes_that_the_host_does_not_have() -> None:
    facts = replace(FACTS, online_cpus="0-1,3", online_memory_nodes="0")
    for fitting in (Resources(cpuset_cpus="0,3", cpuset_mems="0"), Resources()):
        check_update(fitting, facts)
    with pytest.raises(InvalidArgument, match=r"^Requested CPUs are not available - requested 2, available: 0-1,3$"):
        check_update(Resources(cpuset_cpus="2"), facts)
    with pytest.raises(
        InvalidArgument, match=r"^Requested memory nodes are not available - requested 0-1, available: 0$"
    ):
        check_update(Resources(cpuset_mems="0-1"), facts)


def test_restart_policies() -> None:
    refuse(HostConfig(auto_remove=True, restart_policy=RestartPolicy(name="always")), words="AutoRemove")
    refuse(HostConfig(restart_policy=RestartPolicy(name="always", maximum_retry_count=1)), words="maximum retry")
    refuse(HostConfig(restart_policy=RestartPolicy(name="sometimes")), words="unknown policy")  # type: ignore[arg-type]


def test_modes() -> None:
    refuse(HostConfig(userns_mode="private"), Unsupported, "UsernsMode")
    refuse(HostConfig(storage_opt={"other": "1"}), InvalidArgument, "Unknown option other")
    refuse(HostConfig(storage_opt={"size": "x"}), InvalidArgument, "invalid size: 'x'")
    refuse(HostConfig(cgroup="container:x"), Unsupported, "HostConfig.Cgroup has no effect")
    refuse(HostConfig(pid_mode="private"), words="PID mode")
    refuse(HostConfig(ipc_mode="odd"), words="IPC mode")
    refuse(HostConfig(isolation="hyperv"), words="isolation")
    refuse(HostConfig(extra_hosts=("db",)), words='bad format for add-host: "db"')
    refuse(HostConfig(runtime="nope"), words="unknown or invalid runtime name: nope")
    refuse(HostConfig(oom_score_adj=1001), words="oom score")
    refuse(HostConfig(port_bindings={"80/tcp": (PortBinding(host_port="99999"),)}), words="port specification")
    refuse(HostConfig(security_opt=("bogus=1",)), PierError, 'invalid --security-opt 2: "bogus=1"')
    refuse(HostConfig(security_opt=("writable-cgroups=potato",)), PierError, "writable-cgroups=potato")


def test_a_shared_network_leaves_nothing_of_its_own_to_set() -> None:
    host = HostConfig(network_mode="container:x")
    refuse(host, words="hostname", config=Config(hostname="h"))
    refuse(host, words="exposing", config=Config(exposed_ports=("80/tcp",)))
    refuse(HostConfig(network_mode="container:x", publish_all_ports=True), words="publishing")
    refuse(HostConfig(network_mode="container:x", dns=("1.1.1.1",)), words="dns")
    refuse(HostConfig(network_mode="container:x", links=("db",)), words="container type network can't be used with")
    refuse(HostConfig(network_mode="host", links=("db",)), words="host type networking can't be used with links")


@pytest.mark.parametrize("mode", ["container", "container:"])
def test_whose_network_is_shared_must_be_said(mode: str) -> None:
    refuse(HostConfig(network_mode=mode), words="invalid container format container:<name|id>")


def test_names_of_annotations_and_places_of_tmpfs() -> None:
    refuse(HostConfig(annotations={"": "x"}), InvalidArgument, "invalid Annotations")
    for path in ("", "x"):
        refuse(HostConfig(tmpfs={path: ""}), InvalidArgument, f"invalid mount path: '{path}'")
    for path in ("/", "//", "/a/../."):
        refuse(HostConfig(tmpfs={path: ""}), InvalidArgument, "destination can't be '/'")
