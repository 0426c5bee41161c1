"""What daemon.json and the flags say of the default bridge's addresses, and whether it can be."""

import ipaddress
from ipaddress import IPv4Interface, IPv4Network, IPv6Interface, IPv6Network

from pier.config.settings import Config, ConfigError


def check_default_bridge(config: Config) -> None:
    """Raises ConfigError, which names the flag. What the host has to say is found out when the bridge is made."""
    _check_family(4, config.bip, config.fixed_cidr, config.default_gateway)
    given = {
        "--bip6": config.bip6,
        "--fixed-cidr-v6": config.fixed_cidr_v6,
        "--default-gateway-v6": config.default_gateway_v6,
    }
    for flag, value in given.items():
        if value and not config.ipv6:  # dockerd leaves these out without a word
            raise ConfigError(f"{flag} {value}: the default bridge has no IPv6; add --ipv6")
    _check_family(6, config.bip6, config.fixed_cidr_v6, config.default_gateway_v6)


def _check_family(version: int, bridge: str, fixed: str, gateway: str) -> None:
    """`fixed` is a subnet of this version, `gateway` an address of any."""
    suffix = "" if version == 4 else "-v6"
    interface = _interface(version, bridge) if bridge else None
    subnet = interface.network if interface else ipaddress.ip_network(fixed) if fixed else None
    if fixed and subnet is not None and not _contains(subnet, ipaddress.ip_network(fixed)):
        raise ConfigError(f"--fixed-cidr{suffix} {fixed}: it is no part of the bridge's subnet {subnet}")
    if not gateway:
        return
    way_out = ipaddress.ip_address(gateway)
    if way_out.version != version:
        raise ConfigError(f"--default-gateway{suffix} {gateway}: not an IPv{version} address")
    if subnet is not None and way_out not in subnet:
        raise ConfigError(f"--default-gateway{suffix} {gateway}: it is not inside the bridge's subnet {subnet}")
    if interface is not None and way_out == interface.ip:
        raise ConfigError(f"--default-gateway{suffix} {gateway}: that is the bridge's own address")


def _interface(version: int, text: str) -> IPv4Interface | IPv6Interface:
    flag, example = ("--bip", "172.30.0.1/16") if version == 4 else ("--bip6", "fd00:30::1/64")
    try:
        interface = IPv4Interface(text) if version == 4 else IPv6Interface(text)
    except ValueError as error:
        raise ConfigError(
            f"{flag} {text!r} is not an IPv{version} address with a prefix, as {example}: {error}"
        ) from error
    if "/" not in text or interface.ip == interface.network.network_address:
        raise ConfigError(f"{flag} {text!r} must be a host's address with a prefix, as {example}")
    return interface


def _contains(whole: IPv4Network | IPv6Network, part: IPv4Network | IPv6Network) -> bool:
    return part.network_address in whole and part.prefixlen >= whole.prefixlen
