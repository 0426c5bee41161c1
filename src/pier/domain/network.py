"""Networks, endpoints and published ports."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from pier.domain.booleans import EITHER, TRUE
from pier.domain.errors import InvalidArgument

PROTOCOLS = ("tcp", "udp", "sctp")
ENDPOINT_SYSCTLS = "com.docker.network.endpoint.sysctls"
FAMILY_OPTIONS = {4: "com.docker.network.enable_ipv4", 6: "com.docker.network.enable_ipv6"}
# Names of auxiliary addresses that default routes on a bridge network lead to, instead of to the bridge (Docker's).
DEFAULT_GATEWAYS = {4: "DefaultGatewayIPv4", 6: "DefaultGatewayIPv6"}
_SYSCTLS = ("ipv4", "ipv6", "mpls")
_MAC_FORMS = (
    re.compile(r"[0-9a-fA-F]{2}(:[0-9a-fA-F]{2}){5}"),
    re.compile(r"[0-9a-fA-F]{2}(-[0-9a-fA-F]{2}){5}"),
    re.compile(r"[0-9a-fA-F]{4}(\.[0-9a-fA-F]{4}){2}"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PortBinding:
    """Where a container port shall be published. `host_port` may be empty, a number or a range `8000-8010`."""

    host_ip: str = ""
    host_port: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PortRequest:
    """One container port to publish at one binding."""

    port: int
    protocol: str
    binding: PortBinding


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedPort:
    """A port that is published now; `host_ip` is `0.0.0.0` for every address."""

    port: int
    protocol: str
    host_ip: str
    host_port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkedPort:
    """A port of a container that another one on the same network links to; both by their IPv4 addresses there."""

    network_id: str
    client: str
    address: str
    port: int
    protocol: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IpamPool:
    subnet: str = ""
    gateway: str = ""
    ip_range: str = ""
    aux_addresses: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """A network as Pier records it. `bridge` is the host's link name (driver bridge only)."""

    id: str
    name: str
    driver: str  # bridge, macvlan, ipvlan, host, null (docker's name for none)
    created_at: int = 0
    scope: str = "local"
    internal: bool = False
    attachable: bool = False
    enable_ipv4: bool = True
    enable_ipv6: bool = False
    pools: tuple[IpamPool, ...] = ()
    ipam_driver: str = "default"
    ipam_options: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    bridge: str = ""
    mtu: int = 1500
    config_only: bool = False  # it holds a configuration for others, and is on no host
    config_from: str = ""  # the name of the one that this network's configuration is from


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointRequest:
    """What a user asks of a container's place on a network."""

    ipv4_address: str = ""
    ipv6_address: str = ""
    link_local_ips: tuple[str, ...] = ()
    mac_address: str = ""
    aliases: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    driver_opts: Mapping[str, str] = field(default_factory=dict)
    gw_priority: int = 0
    without_ipv6: bool = False  # the container has IPv6 switched off: it gets IPv4 only, whatever is asked for above


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """A container's place on a network. Address fields are empty while the container does not run."""

    network_id: str
    network_name: str
    endpoint_id: str = ""
    request: EndpointRequest = EndpointRequest()
    interface: str = ""  # inside: eth0
    host_interface: str = ""  # the veth's end on the host
    mac_address: str = ""
    ipv4_address: str = ""
    ipv4_prefix: int = 0
    gateway: str = ""
    ipv6_address: str = ""
    ipv6_prefix: int = 0
    ipv6_gateway: str = ""
    dns_names: tuple[str, ...] = ()
    published: tuple[PublishedPort, ...] = ()

    @property
    def route_rank(self) -> tuple[int, str]:
        """The smallest of a container's gets the default route: highest priority, then the network's name in order."""
        return -self.request.gw_priority, self.network_name


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """A socket that waits for clients (tcp) or is bound without a peer (udp). `owner` is a process, as `httpd (12)`."""

    protocol: str
    address: str
    port: int
    owner: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PortFacts:
    """How packets for a published port go on: by the packet `rules`, by the `relay`, or not at all (``).

    `flows` are the connections that the kernel tracks to it now.
    """

    published: PublishedPort
    way: str = ""
    flows: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointFacts:
    """What the kernel has of an endpoint. `link` is the host's end: `` (gone), `down`, `up` or `astray` (elsewhere).

    `inside` are the addresses of the container's interface, None when there is no such interface. `accepts` are the
    chains of other firewalls that hold an accept of Pier's for the bridge.
    """

    parent: str = ""  # the bridge, or the interface that the container's own hangs on
    parent_up: bool = False
    link: str = ""
    inside: tuple[str, ...] | None = None
    inside_up: bool = False
    ports: tuple[PortFacts, ...] = ()
    accepts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NameServer:
    """A DNS server by address; `from_host`: it listens where only the host reaches it (its loopback)."""

    address: str
    from_host: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class InterfaceCounters:
    name: str
    rx_bytes: int = 0
    rx_packets: int = 0
    rx_errors: int = 0
    rx_dropped: int = 0
    tx_bytes: int = 0
    tx_packets: int = 0
    tx_errors: int = 0
    tx_dropped: int = 0


def parse_mac(text: str) -> str:
    """A MAC address as `02:42:0a:00:00:02`; hyphens, or points between groups of four digits, are taken, too.

    Raises InvalidArgument in dockerd's words, and for addresses of other lengths, which no interface here has.
    """
    form = next((form for form in _MAC_FORMS if form.fullmatch(text)), None)
    if form is None:
        raise InvalidArgument(f"invalid MAC address {text}")
    digits = re.sub(r"[:.-]", "", text).lower()
    return ":".join(digits[start : start + 2] for start in range(0, len(digits), 2))


def parse_endpoint_sysctls(driver_opts: Mapping[str, str]) -> list[tuple[str, str]]:
    """(path below /proc/sys with IFNAME in it, value) of each of an endpoint's sysctls.

    Written as `net.ipv4.conf.IFNAME.log_martians=1,...`, or with `ifname`, which the docker CLI makes of it. Raises
    InvalidArgument in dockerd's words.
    """
    found = []
    for text in filter(None, driver_opts.get(ENDPOINT_SYSCTLS, "").split(",")):
        name, separator, value = text.strip().partition("=")
        parts = name.split(".")
        known = len(parts) == 5 and parts[0] == "net" and parts[1] in _SYSCTLS and parts[3] in ("IFNAME", "ifname")
        if not separator or not known:
            raise InvalidArgument(
                f"unrecognised network interface sysctl '{text}'; represent 'net.X.Y.ethN.Z=V' as "
                "'net.X.Y.IFNAME.Z=V', 'X' must be 'ipv4', 'ipv6' or 'mpls'"
            )
        if any(part in ("", ".", "..") or "/" in part for part in parts):
            raise InvalidArgument(f"invalid network interface sysctl '{text}'")
        found.append(("/".join([*parts[:3], "IFNAME", parts[4]]), value))
    return found


def choose_family(options: Mapping[str, str], version: int, asked: bool | None, default: bool) -> bool:
    """Whether a network has IPv4 or IPv6: as asked for itself, else as its options say (`FAMILY_OPTIONS`).

    Raises InvalidArgument in dockerd's words.
    """
    text = options.get(FAMILY_OPTIONS[version])
    if asked is not None or text is None:
        return default if asked is None else asked
    if text not in EITHER:
        raise InvalidArgument(f'driver-opt "{FAMILY_OPTIONS[version]}" is not a valid bool')
    return text in TRUE


def is_docker_option(key: str) -> bool:
    """Whether an option of a network or endpoint is one that Docker gives a meaning; others are whoever's notes."""
    return key.startswith("com.docker.network.")


def without_effect(options: Iterable[str]) -> list[str]:
    """Warnings about those that Docker gives no meaning: dockerd keeps and shows them, and so does Pier."""
    return [f"driver option {key} has no effect" for key in options if not is_docker_option(key)]


def parse_port(text: str) -> tuple[int, str]:
    """`80`, `80/tcp` or `53/udp` as (port, protocol).

    Raises InvalidArgument for anything else; ports are 1 to 65535 (0 is refused).
    """
    number, _, protocol = text.partition("/")
    protocol = (protocol or "tcp").lower()
    if protocol not in PROTOCOLS:
        raise InvalidArgument(f"invalid proto: {protocol} in port {text!r}; use one of {', '.join(PROTOCOLS)}")
    if not number.isascii() or not number.isdigit() or not 0 < int(number) < 65536:
        raise InvalidArgument(f'invalid port specification: "{number}"')
    return int(number), protocol


def parse_port_range(text: str) -> tuple[int, int]:
    """A host port: empty is (0, 0), `8080` is (8080, 8080), `8000-8010` is (8000, 8010). Raises InvalidArgument."""
    if not text:
        return 0, 0
    first, _, last = text.partition("-")
    last = last or first
    if not (first.isascii() and first.isdigit() and last.isascii() and last.isdigit()):
        raise InvalidArgument(f'invalid port specification: "{text}"')
    low, high = int(first), int(last)
    if high > 65535 or low > high:
        raise InvalidArgument(f"invalid port specification: {text!r} lies outside 0 to 65535 or runs backwards")
    return low, high
