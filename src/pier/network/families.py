"""Addresses of either family by one name, and what the kernel calls the family."""

import socket
from ipaddress import IPv4Address, IPv4Interface, IPv4Network, IPv6Address, IPv6Interface, IPv6Network
from typing import TypeAlias

AnyAddress: TypeAlias = IPv4Address | IPv6Address
AnyInterface: TypeAlias = IPv4Interface | IPv6Interface
AnyNetwork: TypeAlias = IPv4Network | IPv6Network


def family_of(value: AnyAddress | AnyInterface | AnyNetwork) -> int:
    """AF_INET or AF_INET6."""
    return int(socket.AF_INET if value.version == 4 else socket.AF_INET6)
