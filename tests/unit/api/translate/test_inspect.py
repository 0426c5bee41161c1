"""The shapes of inspect and of the list against bodies that dockerd 28.5 sent, key for key and in order."""

import json
from dataclasses import replace
from typing import Any

from fakes.containers import IMAGE, NETWORK, SECOND, WEB, a_container

from pier.api.translate.inspect import describe_container, describe_state
from pier.api.translate.listing import describe_status, describe_summary
from pier.domain.container import (
    Config,
    Health,
    Healthcheck,
    HealthProbe,
    HostConfig,
    State,
    Status,
)
from pier.domain.mount import MountPoint
from pier.domain.network import Endpoint, EndpointRequest, PortBinding, PublishedPort
from pier.domain.resources import Resources
from pier.engine.containers.inspect import ContainerDetails
from pier.engine.containers.listing import ContainerSummary
from pier.wire.shape import encode

NOW = 1_700_000_100 * SECOND
PUBLISHED = tuple(PublishedPort(port=80, protocol="tcp", host_ip=host, host_port=8080) for host in ("0.0.0.0", "::"))
ENDPOINT = Endpoint(
    network_id=NETWORK,
    network_name="bridge",
    endpoint_id="e" * 64,
    mac_address="02:42:ac:11:00:02",
    ipv4_address="172.17.0.2",
    ipv4_prefix=16,
    gateway="172.17.0.1",
    published=PUBLISHED,
)
CONTAINER = a_container(
    config=Config(
        image="busybox:latest",
        hostname=WEB[:12],
        cmd=("sleep", "30"),
        exposed_ports=("99/tcp", "80/tcp"),
        volumes=("/anon",),
        healthcheck=Healthcheck(test=("CMD-SHELL", "true")),
        labels={"a": "b"},
    ),
    host_config=HostConfig(
        binds=("v:/data",),
        port_bindings={"80/tcp": (PortBinding(host_port="8080"),)},
        tmpfs={"/tt": ""},
        cgroupns_mode="host",
        masked_paths=("/proc/kcore",),
        readonly_paths=("/proc/bus",),
        resources=Resources(oom_kill_disable=False),
    ),
    endpoints={"bridge": ENDPOINT},
    mount_points=(
        MountPoint(type="volume", destination="/data", source="/s/v", name="v", driver="local", mode="z"),
        MountPoint(type="bind", destination="/t", source="/tmp", mode="ro", writable=False, propagation="rprivate"),
        MountPoint(type="volume", destination="/anon", source="/s/a", name="f00", driver="local", anonymous=True),
        MountPoint(type="tmpfs", destination="/tt"),
    ),
    log_path="/c/x-json.log",
    state=State(status=Status.RUNNING, pid=7, started_at=NOW - 3 * SECOND, health=Health()),
)
ENDPOINT_JSON = {
    "IPAMConfig": None,
    "Links": None,
    "Aliases": None,
    "MacAddress": "02:42:ac:11:00:02",
    "DriverOpts": None,
    "GwPriority": 0,
    "NetworkID": NETWORK,
    "EndpointID": "e" * 64,
    "Gateway": "172.17.0.1",
    "IPAddress": "172.17.0.2",
    "IPPrefixLen": 16,
    "IPv6Gateway": "",
    "GlobalIPv6Address": "",
    "GlobalIPv6PrefixLen": 0,
    "DNSNames": None,
}


def inspected(container: Any = CONTAINER, version: int = 51, **details: Any) -> Any:
    return json.loads(encode(describe_container(ContainerDetails(container=container, **details), version)))


def test_the_keys_of_inspect() -> None:
    files = {"hosts": "/c/hosts", "hostname": "/c/hostname", "resolv.conf": "/c/resolv.conf"}
    shown = inspected(files=files, graph={"UpperDir": "/u"}, size_rw=0, size_root_fs=9, sandbox_id="s", sandbox_key="k")
    expected = (
        "Id Created Path Args State Image ResolvConfPath HostnamePath HostsPath LogPath Name RestartCount Driver "
        "Platform MountLabel ProcessLabel AppArmorProfile ExecIDs HostConfig GraphDriver SizeRw SizeRootFs Mounts "
        "Config NetworkSettings"
    )
    assert " ".join(shown) == expected
    assert (shown["Name"], shown["Image"], shown["ExecIDs"]) == ("/web", IMAGE, None)
    assert (shown["Path"], shown["Args"]) == ("sleep", ["30"])
    assert shown["GraphDriver"] == {"Data": {"UpperDir": "/u"}, "Name": "overlayfs"}
    assert shown["HostsPath"] == "/c/hosts"


def test_the_state() -> None:
    assert inspected()["State"] == {
        "Status": "running",
        "Running": True,
        "Paused": False,
        "Restarting": False,
        "OOMKilled": False,
        "Dead": False,
        "Pid": 7,
        "ExitCode": 0,
        "Error": "",
        "StartedAt": "2023-11-14T22:14:57Z",
        "FinishedAt": "0001-01-01T00:00:00Z",
        "Health": {"Status": "starting", "FailingStreak": 0, "Log": []},
    }


def test_probes_are_listed() -> None:
    probe = HealthProbe(started_at=SECOND, ended_at=2 * SECOND, exit_code=1, output="no")
    state = describe_state(State(health=Health(status="unhealthy", failing_streak=3, log=(probe,))))
    assert json.loads(encode(state))["Health"]["Log"] == [
        {"Start": "1970-01-01T00:00:01Z", "End": "1970-01-01T00:00:02Z", "ExitCode": 1, "Output": "no"}
    ]


def test_the_config() -> None:
    assert inspected()["Config"] == {
        "Hostname": WEB[:12],
        "Domainname": "",
        "User": "",
        "AttachStdin": False,
        "AttachStdout": False,
        "AttachStderr": False,
        "ExposedPorts": {"99/tcp": {}, "80/tcp": {}},
        "Tty": False,
        "OpenStdin": False,
        "StdinOnce": False,
        "Env": None,
        "Cmd": ["sleep", "30"],
        "Healthcheck": {"Test": ["CMD-SHELL", "true"]},
        "Image": "busybox:latest",
        "Volumes": {"/anon": {}},
        "WorkingDir": "",
        "Entrypoint": None,
        "OnBuild": None,
        "Labels": {"a": "b"},
    }


def test_the_host_config() -> None:
    host = inspected()["HostConfig"]
    nulls = {key for key, value in host.items() if value is None}
    assert nulls == {
        *("VolumesFrom", "CapAdd", "CapDrop", "ExtraHosts", "GroupAdd", "Links", "SecurityOpt"),
        *("DeviceCgroupRules", "DeviceRequests", "MemorySwappiness", "PidsLimit", "Dns", "DnsOptions", "DnsSearch"),
        *("BlkioWeightDevice", "BlkioDeviceReadBps", "BlkioDeviceWriteBps", "BlkioDeviceReadIOps"),
        *("BlkioDeviceWriteIOps", "Devices", "Ulimits"),
    }
    assert host["PortBindings"] == {"80/tcp": [{"HostIp": "", "HostPort": "8080"}]}
    assert host["LogConfig"] == {"Type": "json-file", "Config": {}}
    assert (host["Tmpfs"], host["ConsoleSize"]) == ({"/tt": ""}, [0, 0])
    assert not {"Init", "Sysctls", "StorageOpt", "Annotations", "Mounts"} & set(host)


def test_mounts_leave_out_the_tmpfs_of_the_host_config() -> None:
    assert inspected()["Mounts"] == [
        {
            "Type": "volume",
            "Name": "v",
            "Source": "/s/v",
            "Destination": "/data",
            "Driver": "local",
            "Mode": "z",
            "RW": True,
            "Propagation": "",
        },
        {
            "Type": "bind",
            "Source": "/tmp",
            "Destination": "/t",
            "Mode": "ro",
            "RW": False,
            "Propagation": "rprivate",
        },
        {
            "Type": "volume",
            "Name": "f00",
            "Source": "/s/a",
            "Destination": "/anon",
            "Driver": "local",
            "Mode": "",
            "RW": True,
            "Propagation": "",
        },
    ]


def test_the_networks() -> None:
    settings = inspected()["NetworkSettings"]
    assert settings["Networks"] == {"bridge": ENDPOINT_JSON}
    assert settings["Ports"] == {
        "80/tcp": [{"HostIp": "0.0.0.0", "HostPort": "8080"}, {"HostIp": "::", "HostPort": "8080"}],
        "99/tcp": None,
    }
    assert (settings["IPAddress"], settings["Gateway"], settings["IPPrefixLen"]) == ("172.17.0.2", "172.17.0.1", 16)


def test_the_flat_keys_are_those_of_the_default_bridge_only() -> None:
    settings = inspected(replace(CONTAINER, endpoints={"n": replace(ENDPOINT, network_name="n")}))["NetworkSettings"]
    assert (settings["IPAddress"], settings["Networks"]["n"]["IPAddress"]) == ("", "172.17.0.2")


def test_a_stopped_container_has_no_ports() -> None:
    stopped = replace(CONTAINER, state=State(status=Status.EXITED, exit_code=1, finished_at=NOW))
    assert inspected(stopped)["NetworkSettings"]["Ports"] == {}


def test_a_created_container_shows_the_networks_it_asked_for() -> None:
    asked = EndpointRequest(aliases=("al",), ipv4_address="10.0.0.9")
    planned = Endpoint(network_id="1" * 64, network_name="n", request=asked)
    created = replace(CONTAINER, state=State(), endpoints={"n": planned}, endpoint_requests={"n": asked})
    (name, endpoint), *_ = inspected(created)["NetworkSettings"]["Networks"].items()
    assert (name, endpoint["Aliases"], endpoint["NetworkID"]) == ("n", ["al"], "")
    assert endpoint["IPAMConfig"] == {"IPv4Address": "10.0.0.9"}


def test_a_shared_network_has_no_endpoints() -> None:
    shared = replace(CONTAINER, endpoints={}, host_config=HostConfig(network_mode=f"container:{'1' * 64}"))
    assert inspected(shared)["NetworkSettings"]["Networks"] == {}


def test_endpoints_by_version() -> None:
    named = replace(CONTAINER, endpoints={"n": replace(ENDPOINT, dns_names=("web", WEB[:12]))})
    old = inspected(named, version=43)["NetworkSettings"]["Networks"]["n"]
    new = inspected(named)["NetworkSettings"]["Networks"]["n"]
    assert (old["Aliases"], new["Aliases"]) == ([WEB[:12]], None)
    assert old["DNSNames"] == new["DNSNames"] == ["web", WEB[:12]]


def test_a_container_that_has_never_run_shows_of_its_networks_what_was_asked_for() -> None:
    request = EndpointRequest(mac_address="02:00:00:00:00:09")
    planned = {"n": replace(ENDPOINT, request=request, dns_names=("web",))}
    fresh = replace(CONTAINER, state=State(), endpoints=planned)
    shown = inspected(fresh)["NetworkSettings"]["Networks"]["n"]
    assert (shown["NetworkID"], shown["DNSNames"], shown["MacAddress"]) == ("", None, "02:00:00:00:00:09")
    assert (shown["IPAddress"], inspected(fresh)["LogPath"]) == ("", "")


def test_an_ended_container_has_no_address_from_the_moment_its_exit_is_recorded() -> None:
    ended = replace(CONTAINER, state=State(status=Status.EXITED, started_at=1), endpoints={"bridge": ENDPOINT})
    settings = inspected(ended)["NetworkSettings"]
    assert (settings["IPAddress"], settings["Networks"]["bridge"]["IPAddress"]) == ("", "")
    assert settings["Networks"]["bridge"]["NetworkID"] == ENDPOINT.network_id


def test_what_was_given_empty_is_shown_empty_and_not_null() -> None:
    host = HostConfig(given_empty=("dns", "port_bindings"))
    shown = inspected(replace(CONTAINER, host_config=host))["HostConfig"]
    assert (shown["Dns"], shown["PortBindings"], shown["DnsSearch"]) == ([], {}, None)


def summary(container: Any = CONTAINER, version: int = 51) -> Any:
    given = ContainerSummary(container=container, image_ref=container.image_ref)
    return json.loads(encode(describe_summary(given, NOW, version)))


def test_a_line_of_the_list() -> None:
    line = summary()
    assert line.pop("Mounts")[2]["Source"] == ""
    assert line == {
        "Id": WEB,
        "Names": ["/web"],
        "Image": "busybox:latest",
        "ImageID": IMAGE,
        "Command": "sleep 30",
        "Created": 1_700_000_000,
        "Ports": [
            {"IP": "0.0.0.0", "PrivatePort": 80, "PublicPort": 8080, "Type": "tcp"},
            {"IP": "::", "PrivatePort": 80, "PublicPort": 8080, "Type": "tcp"},
            {"PrivatePort": 99, "Type": "tcp"},
        ],
        "Labels": {"a": "b"},
        "State": "running",
        "Status": "Up 3 seconds (health: starting)",
        "HostConfig": {"NetworkMode": "bridge"},
        "NetworkSettings": {"Networks": {"bridge": ENDPOINT_JSON}},
    }


def test_arguments_with_spaces_are_quoted() -> None:
    assert summary(replace(CONTAINER, path="sh", args=("-c", "echo hi")))["Command"] == "sh -c 'echo hi'"


def test_annotations_by_version() -> None:
    annotated = replace(CONTAINER, host_config=HostConfig(annotations={"a": "b"}))
    assert summary(annotated)["HostConfig"]["Annotations"] == {"a": "b"}
    assert "Annotations" not in summary(annotated, version=45)["HostConfig"]


def test_states_in_words() -> None:
    def words_for(status: Status) -> str:
        state = State(status=status, exit_code=137, started_at=NOW - 180 * SECOND, finished_at=NOW - 2 * SECOND)
        return describe_status(state, NOW)

    words = {words_for(status) for status in Status}
    assert words == {
        "Created",
        "Up 3 minutes",
        "Up 3 minutes (Paused)",
        "Restarting (137) 2 seconds ago",
        "Removal In Progress",
        "Exited (137) 2 seconds ago",
        "Dead",
    }
    healthy = State(status=Status.RUNNING, started_at=NOW - SECOND, health=Health(status="healthy"))
    assert describe_status(healthy, NOW) == "Up 1 second (healthy)"


def test_a_shared_shim_is_named_and_its_own_is_not() -> None:
    grouped = replace(CONTAINER, shim_group="g" * 64)
    shown = json.loads(encode(describe_container(ContainerDetails(container=grouped, shim_siblings=(WEB, "b")), 51)))
    assert shown["ShimGroup"] == {"Id": "g" * 64, "Containers": [WEB, "b"]}
    ended = json.loads(encode(describe_container(ContainerDetails(container=grouped), 51)))
    assert "ShimGroup" not in ended
