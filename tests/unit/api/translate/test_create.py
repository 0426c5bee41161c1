import json
import re
from typing import Any

import pytest

from pier.api.translate.create import load_create, load_platform
from pier.api.translate.host import describe_host_config
from pier.api.translate.process import describe_config
from pier.domain.container import LogConfig, RestartPolicy
from pier.domain.errors import InvalidArgument, Unsupported
from pier.domain.image import Platform
from pier.domain.network import PortBinding
from pier.domain.resources import DeviceMapping, Ulimit
from pier.engine.containers.create import CreateRequest
from pier.wire.host_config import CreateBody
from pier.wire.shape import decode, encode

# What the docker CLI sends for `docker run -d -p 8080:80 -v data:/data busybox sleep 30`: every key, most of them zero.
CLI_BODY: dict[str, Any] = {
    "Hostname": "",
    "Domainname": "",
    "User": "",
    "AttachStdin": False,
    "AttachStdout": False,
    "AttachStderr": False,
    "ExposedPorts": {"80/tcp": {}},
    "Tty": False,
    "OpenStdin": False,
    "StdinOnce": False,
    "Env": None,
    "Cmd": ["sleep", "30"],
    "Image": "busybox",
    "Volumes": {},
    "WorkingDir": "",
    "Entrypoint": None,
    "OnBuild": None,
    "Labels": {},
    "HostConfig": {
        "Binds": ["data:/data"],
        "ContainerIDFile": "",
        "LogConfig": {"Type": "", "Config": {}},
        "NetworkMode": "default",
        "PortBindings": {"80/tcp": [{"HostIp": "", "HostPort": "8080"}]},
        "RestartPolicy": {"Name": "no", "MaximumRetryCount": 0},
        "AutoRemove": False,
        "VolumeDriver": "",
        "VolumesFrom": None,
        "ConsoleSize": [40, 120],
        "CapAdd": None,
        "CapDrop": None,
        "CgroupnsMode": "",
        "Dns": [],
        "DnsOptions": [],
        "DnsSearch": [],
        "ExtraHosts": None,
        "GroupAdd": None,
        "IpcMode": "",
        "Cgroup": "",
        "Links": None,
        "OomScoreAdj": 0,
        "PidMode": "",
        "Privileged": False,
        "PublishAllPorts": False,
        "ReadonlyRootfs": False,
        "SecurityOpt": None,
        "UTSMode": "",
        "UsernsMode": "",
        "ShmSize": 0,
        "Isolation": "",
        "CpuShares": 0,
        "Memory": 0,
        "NanoCpus": 0,
        "CgroupParent": "",
        "BlkioWeight": 0,
        "BlkioWeightDevice": [],
        "BlkioDeviceReadBps": [],
        "CpuPeriod": 0,
        "CpuQuota": 0,
        "CpusetCpus": "",
        "Devices": [],
        "DeviceCgroupRules": None,
        "DeviceRequests": None,
        "MemoryReservation": 0,
        "MemorySwap": 0,
        "MemorySwappiness": -1,
        "OomKillDisable": False,
        "PidsLimit": 0,
        "Ulimits": [],
        "CpuCount": 0,
        "CpuPercent": 0,
        "IOMaximumIOps": 0,
        "IOMaximumBandwidth": 0,
        "MaskedPaths": None,
        "ReadonlyPaths": None,
    },
    "NetworkingConfig": {"EndpointsConfig": {"default": {"IPAMConfig": None, "Links": None, "Aliases": None}}},
}


def load(**keys: Any) -> CreateRequest:
    return load_create(decode(json.dumps({"Image": "x", **keys}), CreateBody), name="n", platform="")


def load_host(**keys: Any) -> Any:
    return load(HostConfig=keys).host_config


def test_what_the_cli_sends_is_read() -> None:
    request = load_create(decode(json.dumps(CLI_BODY), CreateBody), name="web", platform="linux/amd64")
    config, host = request.config, request.host_config
    assert (config.cmd, config.entrypoint, config.exposed_ports) == (("sleep", "30"), None, ("80/tcp",))
    assert host.port_bindings == {"80/tcp": (PortBinding(host_port="8080"),)}
    assert (host.binds, host.network_mode, host.console_size) == (("data:/data",), "default", (40, 120))
    assert (host.masked_paths, host.log_config, host.shm_size) == (None, LogConfig(driver=""), 0)
    assert (host.resources.memory_swappiness, host.resources.pids_limit, host.resources.oom_kill_disable) == (
        -1,
        0,
        False,
    )
    assert request.platform == Platform(os="linux", architecture="amd64")
    assert list(request.endpoint_requests) == ["default"]


@pytest.mark.parametrize(
    ("given", "words"),
    [(None, None), ([], ()), ("echo hi", ("echo hi",)), (["echo", "hi"], ("echo", "hi"))],
)
def test_commands(given: Any, words: tuple[str, ...] | None) -> None:
    assert load(Cmd=given).config.cmd == words


def test_null_is_the_same_as_absent() -> None:
    nulls = dict.fromkeys(CLI_BODY["HostConfig"])
    assert load(HostConfig=nulls) == load(HostConfig={}) == load(HostConfig=None) == load()


def test_an_empty_list_of_masked_paths_is_kept() -> None:
    assert load_host(MaskedPaths=[]).masked_paths == ()


def test_resources() -> None:
    host = load_host(
        Memory=1 << 20,
        NanoCpus=500_000_000,
        Ulimits=[{"Name": "nofile", "Soft": 1, "Hard": 2}],
        Devices=[{"PathOnHost": "/dev/fuse"}],
        DeviceRequests=[{"Count": -1, "Capabilities": [["gpu"]]}],
        BlkioDeviceReadIOps=[{"Path": "/dev/sda", "Rate": 3}],
    )
    resources = host.resources
    assert resources.ulimits == (Ulimit(name="nofile", soft=1, hard=2),)
    assert resources.devices == (DeviceMapping(host_path="/dev/fuse", container_path="/dev/fuse"),)
    assert (resources.device_requests[0].count, resources.device_requests[0].capabilities) == (-1, (("gpu",),))
    assert resources.blkio_device_read_iops[0].rate == 3


def test_mounts() -> None:
    host = load_host(
        Mounts=[
            {"Type": "volume", "Source": "v", "Target": "/v", "VolumeOptions": {"NoCopy": True, "Subpath": "s"}},
            {"Type": "tmpfs", "Target": "/t", "TmpfsOptions": {"SizeBytes": 10, "Mode": 448}},
            {
                "Type": "bind",
                "Source": "/b",
                "Target": "/b",
                "ReadOnly": True,
                "BindOptions": {"Propagation": "rslave"},
            },
        ]
    )
    volume, tmpfs, bind = host.mounts
    assert (volume.no_copy, volume.subpath) == (True, "s")
    assert (tmpfs.tmpfs_size, tmpfs.tmpfs_mode) == (10, 448)
    assert (bind.read_only, bind.propagation) == (True, "rslave")


def test_endpoints() -> None:
    settings = {"IPAMConfig": {"IPv4Address": "10.0.0.5"}, "Aliases": ["a"], "GwPriority": 3}
    request = load(NetworkingConfig={"EndpointsConfig": {"n1": settings, "n2": {}}}).endpoint_requests
    assert (request["n1"].ipv4_address, request["n1"].aliases, request["n1"].gw_priority) == ("10.0.0.5", ("a",), 3)
    assert request["n2"].aliases == ()


def test_null_is_no_place_on_a_network() -> None:
    with pytest.raises(InvalidArgument, match="invalid config for network n: EndpointsConfig is nil"):
        load(NetworkingConfig={"EndpointsConfig": {"n": None}})


def test_life() -> None:
    host = load_host(RestartPolicy={"Name": "on-failure", "MaximumRetryCount": 3}, Init=True)
    assert host.restart_policy == RestartPolicy(name="on-failure", maximum_retry_count=3)
    assert host.init is True


@pytest.mark.parametrize("key", ["CpuCount", "CpuPercent", "KernelMemory"])
def test_limits_that_linux_does_not_have_are_named(key: str) -> None:
    with pytest.raises(Unsupported, match=key):
        load_host(**{key: 1})


@pytest.mark.parametrize(("key", "name"), [("IOMaximumIOps", "IOPs"), ("IOMaximumBandwidth", "bandwidth")])
def test_limits_that_dockerd_refuses_too(key: str, name: str) -> None:
    with pytest.raises(InvalidArgument, match=f"QoS maximum {name} configuration is not supported on linux"):
        load_host(**{key: 1})


@pytest.mark.parametrize(
    ("kind", "options"), [("bind", "VolumeOptions"), ("volume", "TmpfsOptions"), ("tmpfs", "ImageOptions")]
)
def test_options_of_another_mount_type_are_refused(kind: str, options: str) -> None:
    with pytest.raises(InvalidArgument, match=f'{options} must not be specified on mount type "{kind}"'):
        load_host(Mounts=[{"Type": kind, "Target": "/x", options: {}}])


def test_an_option_of_a_tmpfs_is_a_word_or_a_pair() -> None:
    with pytest.raises(InvalidArgument, match="invalid option array length"):
        load_host(Mounts=[{"Type": "tmpfs", "Target": "/x", "TmpfsOptions": {"Options": [[]]}}])


@pytest.mark.parametrize("mount", [{"Target": "/x"}, {"Type": "nfs", "Target": "/x"}])
def test_unknown_mount_types_are_refused(mount: dict[str, str]) -> None:
    with pytest.raises(InvalidArgument, match="mount type unknown"):
        load_host(Mounts=[mount])


@pytest.mark.parametrize(
    ("text", "platform"),
    [
        ("", None),
        ("linux/arm64/v8", Platform(os="linux", architecture="arm64", variant="v8")),
        ("linux", Platform(os="linux")),
        ("ARM64", Platform(architecture="arm64")),
    ],
)
def test_platforms(text: str, platform: Platform | None) -> None:
    assert load_platform(text) == platform


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a/b/c/d", '"a/b/c/d": cannot parse platform specifier: invalid argument'),
        ("linux/", '"" is an invalid component of "linux/": invalid argument; use os'),
        ("/", '"" is an invalid OS component of "/"'),
        ("li nux/amd64", '"li nux" is an invalid OS component of "li nux/amd64"'),
        ("linux/ärm", '"ärm" is an invalid component'),
        ("nintendo64", '"nintendo64": unknown operating system or architecture: invalid argument'),
    ],
)
def test_what_is_no_platform(text: str, words: str) -> None:
    with pytest.raises(InvalidArgument, match=f"^{re.escape(words)}"):
        load_platform(text)


FULL_HOST: dict[str, Any] = {
    "Binds": ["/a:/b"],
    "ContainerIDFile": "f",
    "LogConfig": {"Type": "json-file", "Config": {"max-size": "1m"}},
    "NetworkMode": "n",
    "PortBindings": {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": "1"}]},
    "RestartPolicy": {"Name": "always", "MaximumRetryCount": 0},
    "AutoRemove": True,
    "VolumeDriver": "local",
    "VolumesFrom": ["x"],
    "ConsoleSize": [1, 2],
    "Annotations": {"a": "b"},
    "CapAdd": ["ALL"],
    "CapDrop": ["CHOWN"],
    "CgroupnsMode": "host",
    "Dns": ["1.1.1.1"],
    "DnsOptions": ["ndots:1"],
    "DnsSearch": ["d"],
    "ExtraHosts": ["h:1.2.3.4"],
    "GroupAdd": ["1"],
    "IpcMode": "host",
    "Cgroup": "c",
    "Links": ["x:y"],
    "OomScoreAdj": 5,
    "PidMode": "host",
    "Privileged": True,
    "PublishAllPorts": True,
    "ReadonlyRootfs": True,
    "SecurityOpt": ["no-new-privileges"],
    "StorageOpt": {"size": "1"},
    "Tmpfs": {"/t": "size=1"},
    "UTSMode": "host",
    "UsernsMode": "host",
    "ShmSize": 1,
    "Sysctls": {"net.x": "1"},
    "Runtime": "crun",
    "Isolation": "default",
    "CpuShares": 1,
    "Memory": 2,
    "NanoCpus": 3,
    "CgroupParent": "/p",
    "BlkioWeight": 10,
    "BlkioWeightDevice": [{"Path": "/dev/a", "Weight": 1}],
    "BlkioDeviceReadBps": [{"Path": "/dev/a", "Rate": 1}],
    "BlkioDeviceWriteBps": [{"Path": "/dev/a", "Rate": 2}],
    "BlkioDeviceReadIOps": [{"Path": "/dev/a", "Rate": 3}],
    "BlkioDeviceWriteIOps": [{"Path": "/dev/a", "Rate": 4}],
    "CpuPeriod": 4,
    "CpuQuota": 5,
    "CpuRealtimePeriod": 6,
    "CpuRealtimeRuntime": 7,
    "CpusetCpus": "0",
    "CpusetMems": "1",
    "Devices": [{"PathOnHost": "/dev/a", "PathInContainer": "/dev/b", "CgroupPermissions": "r"}],
    "DeviceCgroupRules": ["c 1:3 r"],
    "DeviceRequests": [
        {"Driver": "d", "Count": 1, "DeviceIDs": ["0"], "Capabilities": [["gpu"]], "Options": {"o": "p"}}
    ],
    "MemoryReservation": 8,
    "MemorySwap": 9,
    "MemorySwappiness": 10,
    "OomKillDisable": True,
    "PidsLimit": 11,
    "Ulimits": [{"Name": "n", "Hard": 2, "Soft": 1}],
    "Mounts": [
        {
            "Type": "volume",
            "Source": "v",
            "Target": "/v",
            "ReadOnly": True,
            "Consistency": "cached",
            "VolumeOptions": {
                "NoCopy": True,
                "Labels": {"l": "m"},
                "DriverConfig": {"Name": "local", "Options": {"o": "p"}},
                "Subpath": "s",
            },
        },
        {
            "Type": "bind",
            "Source": "/s",
            "Target": "/d",
            "BindOptions": {"Propagation": "rslave", "NonRecursive": True},
        },
        {"Type": "tmpfs", "Target": "/t", "TmpfsOptions": {"SizeBytes": 1, "Mode": 2, "Options": [["noexec"]]}},
        {"Type": "image", "Source": "i", "Target": "/i", "ImageOptions": {"Subpath": "s"}},
    ],
    "MaskedPaths": ["/m"],
    "ReadonlyPaths": ["/r"],
    "Init": True,
}


def test_every_key_of_a_host_config_comes_back_as_it_went_in() -> None:
    described = json.loads(encode(describe_host_config(load(HostConfig=FULL_HOST).host_config)))
    windows = dict.fromkeys(("CpuCount", "CpuPercent", "IOMaximumIOps", "IOMaximumBandwidth"), 0)
    assert described == {**FULL_HOST, **windows}


def test_every_key_of_a_config_comes_back_as_it_went_in() -> None:
    config: dict[str, Any] = {
        "Hostname": "h",
        "Domainname": "d",
        "User": "u",
        "AttachStdin": True,
        "AttachStdout": True,
        "AttachStderr": True,
        "ExposedPorts": {"80/tcp": {}},
        "Tty": True,
        "OpenStdin": True,
        "StdinOnce": True,
        "Env": ["A=b"],
        "Cmd": ["c"],
        "Healthcheck": {
            "Test": ["CMD", "x"],
            "Interval": 1,
            "Timeout": 2,
            "StartPeriod": 3,
            "StartInterval": 4,
            "Retries": 5,
        },
        "ArgsEscaped": True,
        "Image": "x",
        "Volumes": {"/v": {}},
        "WorkingDir": "/w",
        "Entrypoint": ["e"],
        "NetworkDisabled": True,
        "MacAddress": "02:00:00:00:00:01",
        "OnBuild": ["RUN x"],
        "Labels": {"l": "m"},
        "StopSignal": "INT",
        "StopTimeout": 3,
        "Shell": ["sh"],
    }
    assert json.loads(encode(describe_config(load(**config).config))) == config
