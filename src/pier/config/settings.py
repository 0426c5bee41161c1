"""The configuration as one frozen value; what each field's key in daemon.json is, `keys` says."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

DEFAULT_HOST = "unix:///run/pier/pier.sock"


class ConfigError(Exception):
    """The flags or the file cannot be right; the text says which and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RuntimeSetting:
    """One entry of `runtimes`: the OCI binary behind a name that `--runtime` accepts, or a shim of its own.

    `type` is containerd's name of the shim, "" for runc's, which also runs crun and other binaries with runc's command
    line. `arguments` go in front of that line. `options` are the shim's.
    """

    path: str = ""
    arguments: tuple[str, ...] = ()
    type: str = ""
    options: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class UlimitSetting:
    """-1 is unlimited."""

    name: str
    soft: int
    hard: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    hosts: tuple[str, ...] = (DEFAULT_HOST,)
    containerd: str = "/run/containerd/containerd.sock"
    containerd_namespace: str = "pier"
    data_root: Path = Path("/var/lib/pier")
    exec_root: Path = Path("/run/pier")
    pidfile: Path | None = None
    group: str = "pier"  # who may open the API's socket beside root
    tls: bool = False  # on tcp:// addresses
    tlsverify: bool = False  # and only for clients with a certificate of tlscacert
    tlscacert: Path | None = None
    tlscert: Path | None = None
    tlskey: Path | None = None
    log_level: str = "info"
    insecure_registries: tuple[str, ...] = ()
    registry_mirrors: tuple[str, ...] = ()
    image_namespaces: tuple[str, ...] = ()  # of containerd, whose images are used without a pull
    registry_config_path: Path = Path("/etc/containerd/certs.d")
    max_concurrent_downloads: int = 3  # layers at once, of all pulls together
    max_concurrent_uploads: int = 5  # layers at once, of each push
    max_download_attempts: int = 5  # of a layer, in a row without a byte of progress
    proxies: Mapping[str, str] = field(default_factory=dict)  # of pierd's own requests, by variable: HTTP_PROXY …
    bridge: str = "pier0"
    bip: str = ""  # address and prefix of the default bridge; fixed_cidr is the part of it that containers get
    fixed_cidr: str = ""
    default_gateway: str = ""  # where its containers' default route leads; "": to the bridge
    ipv6: bool = False  # on the default bridge, as are the next three
    bip6: str = ""
    fixed_cidr_v6: str = ""
    default_gateway_v6: str = ""
    default_address_pools: tuple[tuple[str, int], ...] = ()  # (base network, prefix length of each subnet)
    default_network_opts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  # by driver
    mtu: int = 1500  # of the default bridge, as are the next three
    icc: bool = True  # containers on it reach each other
    ip: str = "0.0.0.0"  # where a port is published whose binding names no address
    ip_masq: bool = True
    allow_direct_routing: bool = False  # who routes to a bridge reaches published ports at containers' addresses
    published_ports: str = "open"  # or loopback-only, obey-firewall; see network.publisher
    host_gateway_ips: tuple[str, ...] = ()  # what `host-gateway` in ExtraHosts stands for; (): the default bridge
    dns: tuple[str, ...] = ()
    dns_opts: tuple[str, ...] = ()
    dns_search: tuple[str, ...] = ()
    cdi_spec_dirs: tuple[str, ...] = ("/etc/cdi", "/var/run/cdi")
    cgroup_parent: str = "/pier"
    cgroup_driver: str = ""  # "": systemd on cgroup v2 under systemd, else cgroupfs
    default_cgroupns_mode: str = ""  # "": private on cgroup v2, else host
    default_ipc_mode: str = "private"
    default_shm_size: int = 64 << 20
    default_ulimits: tuple[UlimitSetting, ...] = ()
    shim_group: bool = False  # containers of one project or network share shims
    init: bool = False
    init_path: str = ""
    no_new_privileges: bool = False
    seccomp_profile: str = ""  # "": built in; "unconfined"; or the path of a profile
    seccomp_profile_text: str = ""  # what stands at that path
    default_runtime: str = "runc"
    runtimes: Mapping[str, RuntimeSetting] = field(default_factory=dict)
    shutdown_timeout: int = 15  # seconds that a shutdown of all containers may take; -1: for ever
    log_driver: str = "json-file"
    log_opts: Mapping[str, str] = field(default_factory=dict)
    storage_driver: str = "overlayfs"
    volume_plugin_dirs: tuple[Path, ...] = (
        Path("/run/docker/plugins"),
        Path("/etc/docker/plugins"),
        Path("/usr/lib/docker/plugins"),
    )
    allow_insecure_tcp: bool = False
    own_table_only: bool = False
    labels: tuple[str, ...] = ()
    debug: bool = False

    @property
    def instance(self) -> str:
        """What parts this engine from others on the host: the suffix of everything global that carries a name."""
        return re.sub(r"[^A-Za-z0-9_]", "_", self.containerd_namespace)
