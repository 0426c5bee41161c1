"""pierd's command line. Its flags have dockerd's names; each fills the field of Config that its key fills."""

import argparse
from collections.abc import Sequence

from pier.config.settings import DEFAULT_HOST

DEFAULT_CONFIG_FILE = "/etc/pier/daemon.json"


def read_flags(arguments: Sequence[str]) -> dict[str, object]:
    """What was given, by field, not yet read as values. SystemExit for --help and what is no flag."""
    return {name: value for name, value in vars(_parser().parse_args(arguments)).items() if value is not None}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="pierd", description="The Pier container engine", allow_abbrev=False)
    add = parser.add_argument
    add("-H", "--host", dest="hosts", action="append", help=f"address to listen on (default {DEFAULT_HOST})")
    add("--containerd", help="containerd's socket")
    add("--containerd-namespace", help="namespace in containerd (default pier)")
    add("--data-root", help="directory of what lasts (default /var/lib/pier)")
    add("--exec-root", help="directory of run-time state (default /run/pier)")
    add("-p", "--pidfile", help="file to write the process id to")
    add("-G", "--group", help="group that may open the socket (default pier)")
    add("--config-file", help=f"configuration file (default {DEFAULT_CONFIG_FILE})")
    add("-l", "--log-level", choices=("debug", "info", "warn", "error", "fatal"))
    _switch(parser, "-D", "--debug", help="say more in the log")
    add("--label", dest="labels", action="append", help="label of this engine, shown by info")
    add("--insecure-registry", dest="insecure_registries", action="append", help="registry without TLS checks")
    add("--registry-mirror", dest="registry_mirrors", action="append", help="mirror asked before Docker Hub")
    add("--max-concurrent-downloads", type=int, help="layers that come at once (default 3)")
    add("--max-concurrent-uploads", type=int, help="layers that a push sends at once (default 5)")
    add("--max-download-attempts", type=int, help="tries for a layer without progress (default 5)")
    add("--image-namespaces", action="append", help="other containerd namespaces whose images are used, as k8s.io")
    add("--registry-config-path", help="hosts.toml of each registry (default /etc/containerd/certs.d)")
    add("-s", "--storage-driver", help="containerd snapshotter (default overlayfs)")
    _switch(parser, "--tls", help="TLS on tcp:// addresses; needs --tlscert and --tlskey")
    _switch(parser, "--tlsverify", help="TLS for clients with a certificate of --tlscacert only")
    add("--tlscacert", help="CA of the clients' certificates")
    add("--tlscert", help="certificate of the API")
    add("--tlskey", help="its key")
    _switch(parser, "--allow-insecure-tcp", help="listen on tcp:// beyond loopback without TLS")
    _add_networks(parser)
    _add_containers(parser)
    return parser


def _add_networks(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("-b", "--bridge", help="link name of the default bridge (default pier0)")
    add("--bip", help="address and prefix of the default bridge, as 172.30.0.1/16")
    add("--fixed-cidr", help="part of the default bridge's subnet that containers get; without --bip all of it")
    add("--default-gateway", help="where default routes on the default bridge lead (default: to the bridge)")
    _switch(parser, "--ipv6", help="IPv6 on the default bridge, from a generated subnet if none is given")
    add("--bip6", help="IPv6 address and prefix of the default bridge")
    add("--fixed-cidr-v6", help="IPv6 subnet of its containers")
    add("--default-gateway-v6", help="where their IPv6 default routes lead")
    add("--default-address-pool", dest="default_address_pools", action="append", help="base=10.9.0.0/16,size=24")
    add("--mtu", type=int, help="MTU of the default bridge (default 1500)")
    _switch(parser, "--icc", help="containers on the default bridge reach each other (default true)")
    add("--ip", help="address where ports are published that name none (default 0.0.0.0)")
    _switch(parser, "--ip-masq", help="masquerade what leaves the default bridge (default true)")
    _switch(parser, "--allow-direct-routing", help="let other hosts reach published ports at containers' own addresses")
    add(
        "--published-ports",
        choices=("open", "loopback-only", "obey-firewall"),
        help="who may reach them (default open)",
    )
    add(
        "--host-gateway-ip",
        dest="host_gateway_ips",
        action="append",
        help="what host-gateway in --add-host stands for (default: the default bridge's addresses)",
    )
    add("--dns", action="append", help="DNS server of containers that name none")
    add("--dns-opt", dest="dns_opts", action="append", help="resolver option of containers that name none")
    add("--dns-search", action="append", help="search domain of containers that name none")
    add(
        "--firewall",
        dest="own_table_only",
        choices=("default", "own-table-only"),
        help="own-table-only: touch no other nftables table",
    )


def _add_containers(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--cdi-spec-dir", dest="cdi_spec_dirs", action="append", help="CDI files (default /etc/cdi, /var/run/cdi)")
    add("--cgroup-parent", help="cgroup above all containers (default /pier)")
    add("--exec-opt", dest="cgroup_driver", action="append", help="native.cgroupdriver=cgroupfs|systemd")
    add("--default-cgroupns-mode", choices=("private", "host"))
    add("--default-ipc-mode", choices=("private", "shareable"))
    add("--default-shm-size", help="of /dev/shm (default 64M)")
    add("--default-ulimit", dest="default_ulimits", action="append", help="name=soft[:hard]")
    _switch(parser, "--init", help="an init in every container that does not say otherwise")
    add("--init-path", help="the init's path on the host")
    _switch(parser, "--no-new-privileges", help="set no-new-privileges where a container does not say otherwise")
    add("--seccomp-profile", help="path of a profile, or unconfined (default: built in)")
    add("--default-runtime", help="OCI runtime of containers that name none (default runc)")
    add("--add-runtime", dest="runtimes", action="append", help="a further OCI runtime, as crun=/usr/bin/crun")
    _switch(parser, "--shim-group", help="containers of one compose project or network share shims")
    add("--volume-plugin-dir", dest="volume_plugin_dirs", action="append", help="where volume plugins are looked for")
    add("--shutdown-timeout", type=int, help="seconds that a shutdown of all containers may take (default 15)")
    add("--log-driver", help="default log driver (default json-file)")
    add("--log-opt", dest="log_opts", action="append", help="default log option, as max-size=10m")


def _switch(parser: argparse.ArgumentParser, *names: str, help: str) -> None:
    """`--icc`, `--icc=false`: as dockerd reads them."""
    parser.add_argument(*names, nargs="?", const=True, type=_boolean, metavar="BOOL", help=help)


def _boolean(text: str) -> bool:
    if text.lower() not in ("true", "false", "1", "0", "t", "f"):
        raise argparse.ArgumentTypeError(f"{text!r} is neither true nor false")
    return text.lower() in ("true", "1", "t")
