"""The body of POST /containers/create, made of the flags of run and create: Config, HostConfig, NetworkingConfig.

Every key that docker's CLI sends is sent, with the same empty values, so an engine sees the same request from both.
"""

from pier.cli.container import checks
from pier.cli.container.devices import cdi_request, read_devices, read_security
from pier.cli.container.environment import read_environment, read_labels
from pier.cli.container.mounts import read_mount, read_tmpfs, read_volumes
from pier.cli.container.network_options import read_endpoints
from pier.cli.container.options import WINDOWS_ONLY
from pier.cli.container.ports import read_ports
from pier.cli.errors import CliError
from pier.cli.flags import Values
from pier.cli.quantities import read_swap

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

SOCKET_IN_CONTAINER = "/var/run/docker.sock"


def create_body(
    values: Values,
    arguments: "list[str]",
    own: "Mapping[str, str]",
    socket_path: str = "",
    proxies: "Sequence[str]" = (),
) -> "dict[str, Any]":
    """The create body for `IMAGE [COMMAND…]`. `own` is the client's environment, `socket_path` its engine's socket.

    `proxies` are variables that config.json adds to those of --env.

    Raises CliError, with docker's words, for flags that contradict each other or cannot be read.
    """
    for name in WINDOWS_ONLY:
        if values.given(name):
            raise CliError(f'"--{name}" is only supported by engines on windows')
    exposed, bindings = read_ports(values.items("publish"), values.items("expose"))
    mode, endpoints = read_endpoints(values)
    binds, volumes = read_volumes(values.items("volume"))
    body = _config(values, arguments, own, proxies)
    body["Volumes"] = volumes
    if exposed:
        body["ExposedPorts"] = dict(sorted(exposed.items()))
    health = _healthcheck(values)
    if health:
        body["Healthcheck"] = health
    host = _host_config(values)
    host.update(NetworkMode=mode, PortBindings=bindings, Binds=binds)
    _add_mounts(host, values, socket_path)
    body["HostConfig"] = host
    body["NetworkingConfig"] = {"EndpointsConfig": endpoints}
    return body


def _config(
    values: Values, arguments: "list[str]", own: "Mapping[str, str]", proxies: "Sequence[str]"
) -> "dict[str, Any]":
    attached = {checks.stream(name) for name in values.items("attach")}
    interactive = values.flag("interactive")
    stdin = "stdin" in attached or (interactive and not attached)
    config: dict[str, Any] = {
        "Hostname": values.text("hostname"),
        "Domainname": values.text("domainname"),
        "User": values.text("user"),
        "AttachStdin": stdin,
        "AttachStdout": not attached or "stdout" in attached,
        "AttachStderr": not attached or "stderr" in attached,
        "Tty": values.flag("tty"),
        "OpenStdin": interactive,
        "StdinOnce": interactive and stdin,
        "Env": read_environment(values.items("env-file"), [*values.items("env"), *proxies], own),
        "Cmd": arguments[1:] or None,
        "Image": arguments[0],
        "WorkingDir": values.text("workdir"),
        "Entrypoint": [values.text("entrypoint")] if values.given("entrypoint") else None,
        "OnBuild": None,
        "Labels": read_labels(values.items("label-file"), values.items("label")),
    }
    if values.text("stop-signal"):
        config["StopSignal"] = values.text("stop-signal")
    if values.given("stop-timeout"):
        config["StopTimeout"] = values.number("stop-timeout")
    return config


def _healthcheck(values: Values) -> "dict[str, Any] | None":
    durations = {
        "Interval": "health-interval",
        "Timeout": "health-timeout",
        "StartPeriod": "health-start-period",
        "StartInterval": "health-start-interval",
    }
    for name in (*durations.values(), "health-retries"):
        if values.number(name) < 0:
            raise CliError(f"--{name} cannot be negative")
    command = values.text("health-cmd")
    settings: dict[str, Any] = {key: values.number(name) for key, name in durations.items() if values.number(name)}
    if values.number("health-retries"):
        settings["Retries"] = values.number("health-retries")
    if values.flag("no-healthcheck"):
        if command or settings:
            raise CliError("--no-healthcheck conflicts with --health-* options")
        return {"Test": ["NONE"]}
    if command:
        return {"Test": ["CMD-SHELL", command], **settings}
    return settings or None


def _host_config(values: Values) -> "dict[str, Any]":
    security, unconfined = read_security(values.items("security-opt"))
    host: dict[str, Any] = {
        "Binds": None,
        "ContainerIDFile": values.text("cidfile"),
        "LogConfig": _log_config(values),
        "NetworkMode": "",
        "PortBindings": {},
        "RestartPolicy": read_restart_policy(values.text("restart")),
        "AutoRemove": values.flag("rm"),
        "VolumeDriver": values.text("volume-driver"),
        "VolumesFrom": values.items("volumes-from") or None,
        "ConsoleSize": [0, 0],
        "CapAdd": _capabilities(values.items("cap-add")),
        "CapDrop": _capabilities(values.items("cap-drop")),
        "CgroupnsMode": _mode(values, "cgroupns", "CGROUP", ("host", "private")),
        "Dns": values.items("dns"),
        "DnsOptions": values.items("dns-option"),
        "DnsSearch": values.items("dns-search"),
        "ExtraHosts": [checks.extra_host(text) for text in values.items("add-host")] or None,
        "GroupAdd": values.items("group-add") or None,
        "IpcMode": values.text("ipc"),
        "Cgroup": "",
        "Links": values.items("link") or None,
        "OomScoreAdj": values.number("oom-score-adj"),
        "PidMode": _mode(values, "pid", "PID", ("host", "private"), joins=True),
        "Privileged": values.flag("privileged"),
        "PublishAllPorts": values.flag("publish-all"),
        "ReadonlyRootfs": values.flag("read-only"),
        "SecurityOpt": security,
        "UTSMode": _mode(values, "uts", "UTS", ("host",)),
        "UsernsMode": _mode(values, "userns", "USER", ("host",)),
        "ShmSize": values.number("shm-size"),
        "Isolation": values.text("isolation"),
        **_resources(values),
        "MaskedPaths": [] if unconfined else None,
        "ReadonlyPaths": [] if unconfined else None,
    }
    if values.given("init"):
        host["Init"] = values.flag("init")
    if values.text("runtime"):
        host["Runtime"] = values.text("runtime")
    optional = {
        "Annotations": dict(checks.label(text) for text in values.items("annotation")),
        "Sysctls": dict(checks.sysctl(text) for text in values.items("sysctl")),
        "StorageOpt": _storage_options(values.items("storage-opt")),
    }
    host.update({key: pairs for key, pairs in optional.items() if pairs})
    return host


def _resources(values: Values) -> "dict[str, Any]":
    devices, cdi = read_devices(values.items("device"))
    requests = [checks.gpus(text) for text in values.items("gpus")]
    if cdi:
        requests.append(cdi_request(cdi))
    swappiness = values.number("memory-swappiness") if values.given("memory-swappiness") else -1
    if not -1 <= swappiness <= 100:
        raise CliError(f"invalid value: {swappiness}. Valid memory swappiness range is 0-100")
    swap = values.text("memory-swap")
    return {
        "CpuShares": values.number("cpu-shares"),
        "Memory": values.number("memory"),
        "NanoCpus": values.number("cpus"),
        "CgroupParent": values.text("cgroup-parent"),
        "BlkioWeight": values.number("blkio-weight"),
        "BlkioWeightDevice": [checks.weight_device(text) for text in values.items("blkio-weight-device")],
        "BlkioDeviceReadBps": [checks.rate_bytes(text) for text in values.items("device-read-bps")],
        "BlkioDeviceWriteBps": [checks.rate_bytes(text) for text in values.items("device-write-bps")],
        "BlkioDeviceReadIOps": [checks.rate_count(text) for text in values.items("device-read-iops")],
        "BlkioDeviceWriteIOps": [checks.rate_count(text) for text in values.items("device-write-iops")],
        "CpuPeriod": values.number("cpu-period"),
        "CpuQuota": values.number("cpu-quota"),
        "CpuRealtimePeriod": values.number("cpu-rt-period"),
        "CpuRealtimeRuntime": values.number("cpu-rt-runtime"),
        "CpusetCpus": values.text("cpuset-cpus"),
        "CpusetMems": values.text("cpuset-mems"),
        "Devices": devices,
        "DeviceCgroupRules": values.items("device-cgroup-rule") or None,
        "DeviceRequests": requests or None,
        "MemoryReservation": values.number("memory-reservation"),
        "MemorySwap": read_swap(swap) if swap else 0,
        "MemorySwappiness": swappiness,
        "OomKillDisable": values.flag("oom-kill-disable"),
        "PidsLimit": values.number("pids-limit"),
        "Ulimits": sorted((checks.ulimit(text) for text in _last_by_name(values.items("ulimit"))), key=_name_of),
        "CpuCount": 0,
        "CpuPercent": 0,
        "IOMaximumIOps": 0,
        "IOMaximumBandwidth": 0,
    }


def _add_mounts(host: "dict[str, Any]", values: Values, socket_path: str) -> None:
    mounts = [read_mount(text) for text in values.items("mount")]
    if values.flag("use-api-socket"):
        if not socket_path:
            raise CliError("--use-api-socket needs an engine on a unix socket of this host")
        mounts.append({"Type": "bind", "Source": socket_path, "Target": SOCKET_IN_CONTAINER, "BindOptions": {}})
    if mounts:
        host["Mounts"] = mounts
    tmpfs = read_tmpfs(values.items("tmpfs"))
    if tmpfs:
        host["Tmpfs"] = tmpfs


def read_restart_policy(text: str) -> "dict[str, Any]":
    """`on-failure:3` as {Name, MaximumRetryCount}. Raises CliError."""
    name, colon, count = text.partition(":")
    if not colon:
        return {"Name": name, "MaximumRetryCount": 0}
    try:
        retries = int(count)
    except ValueError:
        raise CliError("invalid restart policy format: maximum retry count must be an integer") from None
    if not name:
        raise CliError("invalid restart policy format: no policy provided before colon")
    return {"Name": name, "MaximumRetryCount": retries}


def _log_config(values: Values) -> "dict[str, Any]":
    driver = values.text("log-driver")
    options = {key: value for key, _, value in (item.partition("=") for item in values.items("log-opt"))}
    if driver == "none" and options:
        raise CliError("invalid logging opts for driver none")
    return {"Type": driver, "Config": options}


def _capabilities(names: "list[str]") -> "list[str] | None":
    """Sorted, in upper case, with CAP_ in front, as docker's CLI sends them; ALL stays ALL."""
    known: list[str] = []
    for name in names:
        upper = name.strip().upper()
        full = upper if upper == "ALL" or upper.startswith("CAP_") else f"CAP_{upper}"
        if full not in known:
            known.append(full)
    return sorted(known) or None


def _mode(values: Values, flag: str, kind: str, words: "tuple[str, ...]", *, joins: bool = False) -> str:
    text = values.text(flag)
    if text and text not in words and not (joins and text.startswith("container:") and len(text) > len("container:")):
        raise CliError(f"--{flag}: invalid {kind} mode")
    return text


def _storage_options(items: "list[str]") -> "dict[str, str]":
    options: dict[str, str] = {}
    for item in items:
        key, equals, value = item.partition("=")
        if not equals:
            raise CliError("invalid storage option")
        options[key] = value
    return options


def _last_by_name(items: "list[str]") -> "list[str]":
    return list({item.partition("=")[0]: item for item in items}.values())


def _name_of(limit: "dict[str, Any]") -> str:
    return str(limit["Name"])
