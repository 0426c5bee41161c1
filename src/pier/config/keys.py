"""Every key of daemon.json: those of dockerd that Pier honours, those it refuses and why, and its own."""

from dataclasses import dataclass
from pathlib import Path

from pier.config import values

Read = values.Read


@dataclass(frozen=True, slots=True)
class Key:
    """The field of Config that it fills, and what reads it. `reloads`: SIGHUP puts a new value into force."""

    field: str
    read: Read
    reloads: bool = False


def _path(value: object) -> Path:
    return Path(values.text(value)).absolute()


def _paths(value: object) -> tuple[Path, ...]:
    return tuple(map(_path, values.strings(value)))


def _storage_driver(value: object) -> str:
    """dockerd's word for the same file system is overlay2."""
    driver = values.text(value)
    return "overlayfs" if driver == "overlay2" else driver


def _namespaces(value: object) -> tuple[str, ...]:
    """Also parted by commas, as on the command line."""
    return tuple(name for text in values.strings(value) for name in text.split(",") if name)


KEYS = {
    "hosts": Key("hosts", values.strings),
    "containerd": Key("containerd", values.text),
    "containerd-namespace": Key("containerd_namespace", values.text),
    "data-root": Key("data_root", _path),
    "exec-root": Key("exec_root", _path),
    "pidfile": Key("pidfile", _path),
    "group": Key("group", values.text),
    "tls": Key("tls", values.boolean),
    "tlsverify": Key("tlsverify", values.boolean),
    "tlscacert": Key("tlscacert", _path),
    "tlscert": Key("tlscert", _path),
    "tlskey": Key("tlskey", _path),
    "log-level": Key("log_level", values.one_of("debug", "info", "warn", "error", "fatal")),
    "debug": Key("debug", values.boolean, reloads=True),
    "labels": Key("labels", values.strings, reloads=True),
    "insecure-registries": Key("insecure_registries", values.strings, reloads=True),
    "registry-mirrors": Key("registry_mirrors", values.strings, reloads=True),
    "registry-config-path": Key("registry_config_path", _path),
    "max-concurrent-downloads": Key("max_concurrent_downloads", values.at_least_one),
    "max-concurrent-uploads": Key("max_concurrent_uploads", values.at_least_one),
    "max-download-attempts": Key("max_download_attempts", values.at_least_one),
    "image-namespaces": Key("image_namespaces", _namespaces),
    "proxies": Key("proxies", values.proxies),
    "bridge": Key("bridge", values.text),
    "bip": Key("bip", values.text),
    "fixed-cidr": Key("fixed_cidr", values.subnet(4)),
    "default-gateway": Key("default_gateway", values.address),
    "ipv6": Key("ipv6", values.boolean),
    "bip6": Key("bip6", values.text),
    "fixed-cidr-v6": Key("fixed_cidr_v6", values.subnet(6)),
    "default-gateway-v6": Key("default_gateway_v6", values.address),
    "default-address-pools": Key("default_address_pools", values.pools),
    "default-network-opts": Key("default_network_opts", values.network_options),
    "mtu": Key("mtu", values.mtu),
    "icc": Key("icc", values.boolean),
    "ip": Key("ip", values.address),
    "ip-masq": Key("ip_masq", values.boolean),
    "host-gateway-ips": Key("host_gateway_ips", values.addresses),
    "dns": Key("dns", values.addresses),
    "dns-opts": Key("dns_opts", values.strings),
    "dns-search": Key("dns_search", values.strings),
    "cdi-spec-dirs": Key("cdi_spec_dirs", values.strings),
    "cgroup-parent": Key("cgroup_parent", values.text),
    "exec-opts": Key("cgroup_driver", values.cgroup_driver),
    "default-cgroupns-mode": Key("default_cgroupns_mode", values.one_of("", "private", "host")),
    "default-ipc-mode": Key("default_ipc_mode", values.one_of("private", "shareable")),
    "default-shm-size": Key("default_shm_size", values.size),
    "default-ulimits": Key("default_ulimits", values.ulimits),
    "init": Key("init", values.boolean),
    "init-path": Key("init_path", values.text),
    "no-new-privileges": Key("no_new_privileges", values.boolean),
    "seccomp-profile": Key("seccomp_profile", values.text),
    "default-runtime": Key("default_runtime", values.text, reloads=True),
    "runtimes": Key("runtimes", values.runtimes, reloads=True),
    "shim-group": Key("shim_group", values.boolean, reloads=True),
    "shutdown-timeout": Key("shutdown_timeout", values.integer, reloads=True),
    "log-driver": Key("log_driver", values.text),
    "log-opts": Key("log_opts", values.pairs),
    "storage-driver": Key("storage_driver", _storage_driver),
    "allow-direct-routing": Key("allow_direct_routing", values.boolean),
    "published-ports": Key("published_ports", values.one_of("open", "loopback-only", "obey-firewall")),
    "volume-plugin-dirs": Key("volume_plugin_dirs", _paths),
    "allow-insecure-tcp": Key("allow_insecure_tcp", values.boolean),
    "firewall": Key("own_table_only", lambda value: values.one_of("default", "own-table-only")(value) != "default"),
}
# dockerd's former names: `host-gateway-ip` was one address.
FORMER: dict[str, tuple[str, Read]] = {"host-gateway-ip": ("host-gateway-ips", lambda value: [value])}
FIELDS = {key.field: name for name, key in KEYS.items()}

# Keys with one value that says what Pier does anyway; any other is refused, for the reason given.
FIXED: dict[str, tuple[object, str]] = {
    "experimental": (False, "Pier has no experimental features to switch on"),
    "ip-forward": (True, "containers reach other hosts by forwarding only"),
    "ip6tables": (True, "published ports need packet rules"),
    "iptables": (True, "published ports need packet rules; `firewall` says which tables Pier may touch"),
    "live-restore": (True, "containers always outlive pierd"),
    "log-format": ("text", "pierd writes its log as text"),
    "raw-logs": (True, "pierd's log has no colours"),
    "selinux-enabled": (False, "Pier sets no SELinux labels"),
    "userland-proxy": (False, "ports are published without a process for each"),
    "userns-remap": ("", "Pier does not remap user namespaces"),
}

# The same of the switches within `features`.
FEATURES: dict[str, tuple[object, str]] = {
    "buildkit": (False, "Pier has no BuildKit"),
    "cdi": (True, "devices are named by CDI wherever there are CDI files"),
    "containerd-snapshotter": (True, "images are in containerd's store"),
}

# What dockerd has and Pier has not, with the reason or what to do instead.
REFUSED = {
    "api-cors-header": "the API answers no browsers of other sites",
    "authorization-plugins": "Pier runs no plugins",
    "builder": "there is no build cache to collect",
    "cluster-advertise": "Pier runs on one host",
    "cluster-store": "Pier runs on one host",
    "cpu-rt-period": "set it for each container",
    "cpu-rt-runtime": "set it for each container",
    "metrics-addr": "Pier serves no metrics",
    "network-control-plane-mtu": "Pier runs on one host",
    "node-generic-resources": "Pier runs on one host",
    "oom-score-adjust": "set it where pierd is started, as OOMScoreAdjust= of its unit",
    "storage-opts": "the snapshotter is configured in containerd",
    "swarm-default-advertise-addr": "Pier runs on one host",
    "userland-proxy-path": "ports are published without a process for each",
}
