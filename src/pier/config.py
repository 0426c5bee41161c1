"""pierd's configuration: flags over `daemon.json` over defaults, as one frozen Config. Imports nothing of ours.

Flags and keys have dockerd's names where dockerd has them. A key that Pier does not know is refused, as is a key given
both as a flag and in the file: silently preferring one would hide a mistake.
"""

import argparse
import ipaddress
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

DEFAULT_HOST = "unix:///run/pier/pier.sock"
DEFAULT_CONFIG_FILE = "/etc/pier/daemon.json"


class ConfigError(Exception):
    """The flags or the file cannot be right; the text says which and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RuntimeSetting:
    """One entry of `runtimes`: the OCI binary behind a name that `--runtime` accepts."""

    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    hosts: tuple[str, ...] = (DEFAULT_HOST,)
    containerd: str = "/run/containerd/containerd.sock"
    containerd_namespace: str = "pier"
    data_root: Path = Path("/var/lib/pier")
    exec_root: Path = Path("/run/pier")
    pidfile: Path | None = None
    log_level: str = "info"
    insecure_registries: tuple[str, ...] = ()
    registry_mirrors: tuple[str, ...] = ()
    registry_config_path: Path = Path("/etc/containerd/certs.d")
    bridge: str = "pier0"
    bip: str = ""
    default_address_pools: tuple[tuple[str, int], ...] = ()  # (base network, prefix length of each subnet)
    cgroup_parent: str = "/pier"
    cgroup_driver: str = ""  # "": systemd on cgroup v2 under systemd, else cgroupfs
    default_runtime: str = "runc"
    runtimes: Mapping[str, RuntimeSetting] = field(default_factory=dict)
    log_driver: str = "json-file"
    log_opts: Mapping[str, str] = field(default_factory=dict)
    storage_driver: str = "overlayfs"
    allow_insecure_tcp: bool = False
    own_table_only: bool = False
    labels: tuple[str, ...] = ()
    debug: bool = False

    @property
    def instance(self) -> str:
        """What parts this engine from others on the host: the suffix of everything global that carries a name."""
        return re.sub(r"[^A-Za-z0-9_]", "_", self.containerd_namespace)


# daemon.json's keys by our field, where they differ from the field's name with dashes.
_KEYS = {
    "insecure-registries": "insecure_registries",
    "registry-mirrors": "registry_mirrors",
    "default-address-pools": "default_address_pools",
    "log-opts": "log_opts",
    "exec-opts": "exec_opts",
    "firewall": "firewall",
    "allow-insecure-tcp": "allow_insecure_tcp",
}


def load(arguments: Sequence[str]) -> Config:
    """The configuration that a command line asks for. Raises ConfigError; SystemExit for --help and unknown flags."""
    given = {name: value for name, value in vars(_parser().parse_args(arguments)).items() if value is not None}
    path = given.pop("config_file", None)
    from_file = _read_file(Path(path or DEFAULT_CONFIG_FILE), required=path is not None)
    both = sorted(set(given) & set(from_file))
    if both:
        names = ", ".join(name.replace("_", "-") for name in both)
        raise ConfigError(f"{names}: given both as a flag and in {path or DEFAULT_CONFIG_FILE}; remove one of them")
    return _build(from_file | given)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="pierd", description="The Pier container engine", allow_abbrev=False)
    add = parser.add_argument
    add("-H", "--host", dest="hosts", action="append", help=f"address to listen on (default {DEFAULT_HOST})")
    add("--containerd", help="containerd's socket")
    add("--containerd-namespace", help="namespace in containerd (default pier)")
    add("--data-root", help="directory of what lasts (default /var/lib/pier)")
    add("--exec-root", help="directory of run-time state (default /run/pier)")
    add("-p", "--pidfile", help="file to write the process id to")
    add("--config-file", help=f"configuration file (default {DEFAULT_CONFIG_FILE})")
    add("-l", "--log-level", choices=("debug", "info", "warn", "error", "fatal"))
    add("-D", "--debug", action="store_true", default=None)
    add(
        "--insecure-registry", dest="insecure_registries", action="append", help="registry spoken to without TLS checks"
    )
    add("--registry-mirror", dest="registry_mirrors", action="append", help="mirror asked before Docker Hub")
    add("--registry-config-path", help="hosts.toml of each registry (default /etc/containerd/certs.d)")
    add("-b", "--bridge", help="link name of the default bridge (default pier0)")
    add("--bip", help="address and prefix of the default bridge, as 172.30.0.1/16")
    add("--default-address-pool", dest="default_address_pools", action="append", help="base=10.9.0.0/16,size=24")
    add("--cgroup-parent", help="cgroup above all containers (default /pier)")
    add("--exec-opt", dest="exec_opts", action="append", help="native.cgroupdriver=cgroupfs|systemd")
    add("--default-runtime", help="OCI runtime of containers that name none (default runc)")
    add("--add-runtime", dest="runtimes", action="append", help="a further OCI runtime, as crun=/usr/bin/crun")
    add("--log-driver", help="default log driver (default json-file)")
    add("--log-opt", dest="log_opts", action="append", help="default log option, as max-size=10m")
    add("-s", "--storage-driver", help="containerd snapshotter (default overlayfs)")
    add("--label", dest="labels", action="append", help="label of this engine, shown by info")
    add("--allow-insecure-tcp", action="store_true", default=None, help="listen on tcp:// beyond loopback without TLS")
    add("--firewall", choices=("default", "own-table-only"), help="own-table-only: touch no other nftables table")
    return parser


def _read_file(path: Path, *, required: bool) -> dict[str, Any]:
    try:
        text = path.read_text()
    except FileNotFoundError:
        if required:
            raise ConfigError(f"the configuration file {path} does not exist") from None
        return {}
    except OSError as error:
        raise ConfigError(f"cannot read the configuration file {path}: {error.strerror}") from error
    try:
        document = json.loads(text) if text.strip() else {}
    except ValueError as error:
        raise ConfigError(f"the configuration file {path} is not JSON: {error}") from error
    if not isinstance(document, dict):
        raise ConfigError(f"the configuration file {path} must hold one JSON object")
    known = {item.name for item in fields(Config)} | set(_KEYS.values())
    found: dict[str, Any] = {}
    for key, value in document.items():
        name = _KEYS.get(key, key.replace("-", "_"))
        if name not in known or "_" in key:
            raise ConfigError(f"{path}: the key {key!r} is not known to Pier; remove it or correct its spelling")
        found[name] = value
    return found


def _build(values: dict[str, Any]) -> Config:
    values = dict(values)
    for name in ("data_root", "exec_root", "pidfile", "registry_config_path"):
        if name in values:
            values[name] = Path(values[name]).absolute()
    for name in ("hosts", "insecure_registries", "registry_mirrors", "labels"):
        if name in values:
            values[name] = tuple(_strings(values[name], name))
    if "exec_opts" in values:
        values["cgroup_driver"] = _cgroup_driver(values.pop("exec_opts"))
    if "log_opts" in values:
        values["log_opts"] = _pairs(values["log_opts"], "log-opt")
    if "runtimes" in values:
        values["runtimes"] = _runtimes(values["runtimes"])
    if "default_address_pools" in values:
        values["default_address_pools"] = tuple(_pool(pool) for pool in values["default_address_pools"])
    values["own_table_only"] = values.pop("firewall", "default") == "own-table-only"
    config = Config(**values)
    _check(config)
    return config


def _check(config: Config) -> None:
    if not config.containerd.startswith("/"):
        raise ConfigError(f"--containerd must be an absolute path of a socket, not {config.containerd!r}")
    if not re.fullmatch(r"[A-Za-z0-9]+(?:[._-][A-Za-z0-9]+)*", config.containerd_namespace):
        raise ConfigError(f"--containerd-namespace {config.containerd_namespace!r} is not a name containerd accepts")
    if not re.fullmatch(r"[A-Za-z0-9._-]{1,15}", config.bridge):
        raise ConfigError(f"--bridge {config.bridge!r}: a link name has 1 to 15 letters, digits, dots or dashes")
    if config.bip:
        _check_bip(config.bip)
    for host in config.hosts:
        if host != "fd://" and not host.startswith(("unix://", "tcp://")):
            raise ConfigError(f"--host {host!r}: use unix:///path/of.sock, tcp://ADDRESS:PORT or fd://")
    known = {"runc", "crun", *config.runtimes}
    if config.default_runtime not in known:
        raise ConfigError(
            f"--default-runtime {config.default_runtime!r} is unknown; add it with --add-runtime NAME=PATH"
        )


def _check_bip(bip: str) -> None:
    try:
        interface = ipaddress.IPv4Interface(bip)
    except ValueError as error:
        raise ConfigError(f"--bip {bip!r} is not an IPv4 address with a prefix, as 172.30.0.1/16: {error}") from error
    if "/" not in bip or interface.ip == interface.network.network_address:
        raise ConfigError(f"--bip {bip!r} must be a host's address with a prefix, as 172.30.0.1/16")


def _strings(value: object, name: str) -> Sequence[str]:
    if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
        raise ConfigError(f"{name.replace('_', '-')} must be a list of strings")
    return value


def _pairs(value: object, name: str) -> dict[str, str]:
    if isinstance(value, dict):
        return {str(key): str(item) for key, item in value.items()}
    pairs = {}
    for item in _strings(value, name):
        key, separator, text = item.partition("=")
        if not separator:
            raise ConfigError(f"--{name} {item!r}: use NAME=VALUE")
        pairs[key] = text
    return pairs


def _cgroup_driver(options: object) -> str:
    driver = _pairs(options, "exec-opt")
    unknown = set(driver) - {"native.cgroupdriver"}
    if unknown or driver.get("native.cgroupdriver", "") not in ("cgroupfs", "systemd"):
        raise ConfigError("--exec-opt knows native.cgroupdriver=cgroupfs and native.cgroupdriver=systemd only")
    return driver["native.cgroupdriver"]


def _runtimes(value: object) -> dict[str, RuntimeSetting]:
    if isinstance(value, dict):
        paths = {name: entry.get("path", "") if isinstance(entry, dict) else "" for name, entry in value.items()}
    else:
        paths = _pairs(value, "add-runtime")
    for name, path in paths.items():
        if not path:
            raise ConfigError(f"the runtime {name!r} needs a path, as /usr/bin/crun")
    return {name: RuntimeSetting(path=path) for name, path in paths.items()}


def _pool(value: object) -> tuple[str, int]:
    """`base=10.9.0.0/16,size=24`, or an object with these two keys."""
    entry = value if isinstance(value, dict) else _pairs(str(value).split(","), "default-address-pool")
    try:
        base, size = ipaddress.ip_network(str(entry["base"])), int(entry["size"])
    except (KeyError, ValueError) as error:
        raise ConfigError(f"default-address-pool {value!r}: use base=10.9.0.0/16,size=24 ({error})") from error
    if not base.prefixlen <= size <= base.max_prefixlen - 2:
        raise ConfigError(f"default-address-pool {value!r}: size must lie between the base's prefix and 30")
    return str(base), size
