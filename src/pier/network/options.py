"""What a network's driver options mean. Pure; the keys are Docker's (bridge driver reference)."""

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from pier.domain.booleans import FALSE, TRUE
from pier.domain.errors import InvalidArgument, Unsupported
from pier.domain.network import (
    ENDPOINT_SYSCTLS,
    FAMILY_OPTIONS,
    EndpointRequest,
    Network,
    is_docker_option,
)
from pier.network.ruleset import ANY_ADDRESS

_BRIDGE = "com.docker.network.bridge."
_NAME = _BRIDGE + "name"
_DEFAULT = _BRIDGE + "default_bridge"
_ICC = _BRIDGE + "enable_icc"
_MASQUERADE = _BRIDGE + "enable_ip_masquerade"
_HOST_BINDING = _BRIDGE + "host_binding_ipv4"
_INHIBIT = _BRIDGE + "inhibit_ipv4"
_TRUSTED = _BRIDGE + "trusted_host_interfaces"
_SOURCES = {4: "com.docker.network.host_ipv4", 6: "com.docker.network.host_ipv6"}
_MTU = "com.docker.network.driver.mtu"
_GATEWAY_MODES = {4: _BRIDGE + "gateway_mode_ipv4", 6: _BRIDGE + "gateway_mode_ipv6"}
_MODES = ("nat", "nat-unprotected", "routed", "isolated")
_PREFIX = "com.docker.network.container_iface_prefix"
_KNOWN = frozenset(
    {_NAME, _DEFAULT, _ICC, _MASQUERADE, _HOST_BINDING, _INHIBIT, _TRUSTED, _MTU, _PREFIX}
    | {*_SOURCES.values(), *_GATEWAY_MODES.values(), *FAMILY_OPTIONS.values()}
)
_IFNAME = "com.docker.network.endpoint.ifname"
_SHORT_ID = 12
_NAME_MAX = 15  # IFNAMSIZ - 1
_NAME_REFUSED = re.compile(r"[\s/:\"*]")


@dataclass(frozen=True, slots=True, kw_only=True)
class BridgeOptions:
    name: str
    mtu: int
    connected: bool  # containers on it may talk to each other
    links: bool  # where they may not, the ports of those that are linked are open all the same
    masquerade: bool
    host_ip: str  # where a port is published whose binding names no address
    prefix: str = "eth"  # of the interfaces' names inside
    modes: Mapping[int, str] = field(default_factory=dict)  # of the gateway, by IP version
    sources: Mapping[int, str] = field(default_factory=dict)  # by IP version, whom what leaves it comes from
    bare: bool = False  # the bridge has no IPv4 address of its own
    trusted: tuple[str, ...] = ()  # interfaces of the host from which published ports are reached directly

    def versions(self, mode: str) -> frozenset[int]:
        """The IP versions whose gateway has this mode."""
        return frozenset(version for version, own in self.modes.items() if own == mode)

    def without_gateway(self, *, internal: bool) -> frozenset[int]:
        """The IP versions in which no address is kept for a gateway: the bridge has none and no route leads there."""
        return self.versions("isolated") | ({4} if self.bare and internal else frozenset())


def parse_bridge_options(network: Network) -> BridgeOptions:
    """Raises Unsupported for an option of Docker's that is not known, InvalidArgument for a wrong value."""
    options = network.options
    for key in options:
        if key not in _KNOWN and is_docker_option(key):
            raise Unsupported(f"network {network.name}: Pier's bridge driver has no option {key}")
    if not (network.enable_ipv4 or network.enable_ipv6):
        raise InvalidArgument("IPv4 or IPv6 must be enabled")
    if network.ipam_driver not in ("", "default"):
        raise Unsupported(f"network {network.name}: Pier has no IPAM driver {network.ipam_driver}")
    return BridgeOptions(
        name=_check_name(network.bridge or options.get(_NAME) or f"br-{network.id[:_SHORT_ID]}"),
        mtu=_parse_mtu(options[_MTU]) if _MTU in options else network.mtu,
        connected=_flag(options, _ICC),
        links=options.get(_DEFAULT) in TRUE,
        masquerade=_flag(options, _MASQUERADE),
        host_ip=_host_binding(options),
        prefix=_check_name(options.get(_PREFIX) or "eth"),
        sources={version: _source(options, version) for version in _SOURCES if options.get(_SOURCES[version])},
        bare=_flag(options, _INHIBIT, "false"),
        trusted=tuple(_check_name(name) for name in options.get(_TRUSTED, "").split(":") if name),
        modes={version: _gateway_mode(network, key) for version, key in _GATEWAY_MODES.items()},
    )


def choose_interface(request: EndpointRequest, default: str, prefix: str = "eth") -> str:
    """The interface's name inside, by default the network's prefix and the number in `default`.

    Raises Unsupported for an option of Docker's that is not known.
    """
    for key in request.driver_opts:
        if key not in (_IFNAME, ENDPOINT_SYSCTLS) and is_docker_option(key):
            raise Unsupported(f"Pier's bridge driver has no endpoint option {key}")
    numbered = prefix + default.removeprefix("eth") if default.startswith("eth") else default
    return _check_name(request.driver_opts.get(_IFNAME) or numbered)


def _gateway_mode(network: Network, key: str) -> str:
    mode = network.options.get(key, "nat")
    if mode not in _MODES:
        raise InvalidArgument(f"failed to parse {key} value: {mode} (unknown gateway mode {mode})")
    if mode == "isolated" and not network.internal:
        raise InvalidArgument("gateway mode 'isolated' can only be used for an internal network")
    return mode


def _check_name(name: str) -> str:
    """What the kernel takes as a link's name (dev_valid_name), less what an nft string cannot hold."""
    if not name or len(name.encode()) > _NAME_MAX or name in (".", "..") or _NAME_REFUSED.search(name):
        raise InvalidArgument(f"invalid interface name {name!r}: at most {_NAME_MAX} bytes, no space, slash or colon")
    return name


def _host_binding(options: Mapping[str, str]) -> str:
    text = options.get(_HOST_BINDING, ANY_ADDRESS)
    try:
        return str(ipaddress.IPv4Address(text))
    except ValueError as error:
        raise InvalidArgument(f"failed to parse {_HOST_BINDING} value: {text} (nil ip)") from error


def _source(options: Mapping[str, str], version: int) -> str:
    key = _SOURCES[version]
    try:
        address = ipaddress.ip_address(options[key])
    except ValueError as error:
        raise InvalidArgument(f"failed to parse {key} value: {options[key]} (not an IP address)") from error
    if address.version != version:
        raise InvalidArgument(f"failed to parse {key} value: {address} (not an IPv{version} address)")
    return str(address)


def _flag(options: Mapping[str, str], key: str, default: str = "true") -> bool:
    value = options.get(key, default)
    if value in TRUE:
        return True
    if value in FALSE:
        return False
    raise InvalidArgument(f"invalid value {value!r} of option {key}: write true or false")


def _parse_mtu(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 68 <= int(text) <= 65535:
        raise InvalidArgument(f"invalid value {text!r} of option {_MTU}: an MTU is a number from 68 to 65535")
    return int(text)
