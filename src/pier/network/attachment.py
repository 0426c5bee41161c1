"""What this adapter remembers while it runs: networks with their addresses, and who is attached to them."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from ipaddress import IPv4Address, ip_address, ip_interface

from pier.domain.network import Endpoint, Network
from pier.network.families import AnyInterface
from pier.network.ipam import AddressPool
from pier.network.options import BridgeOptions, parse_bridge_options
from pier.network.ports import Reservation
from pier.network.ruleset import BridgeRule, PortRule


@dataclass(slots=True, kw_only=True)
class HostNetwork:
    """A bridge network as it stands on this host; `index` is its bridge's, 0 before it is made."""

    network: Network
    options: BridgeOptions
    pool: AddressPool
    index: int = 0

    @classmethod
    def of(cls, network: Network) -> "HostNetwork":
        """`network` is complete, as `create` returned it."""
        return cls(
            network=network,
            options=parse_bridge_options(network),
            pool=AddressPool(network.pools[0], network.name),
        )

    @property
    def rule(self) -> BridgeRule:
        return BridgeRule(
            name=self.network.bridge,
            subnet=self.pool.subnet,
            masquerade=self.options.masquerade,
            internal=self.network.internal,
            connected=self.options.connected,
        )


@dataclass(slots=True, kw_only=True)
class Attachment:
    """One container's place on one network, with the host ports held for it."""

    network_id: str
    address: IPv4Address
    route_rank: tuple[int, str] | None  # None: this network can have no default route
    reservations: list[Reservation] = field(default_factory=list)


def route_rank(endpoint_priority: int, network_name: str) -> tuple[int, str]:
    """The smallest rank gets the default route: highest priority, then the network's name in order (Docker's rule)."""
    return -endpoint_priority, network_name


def port_rules(endpoint: Endpoint, reservations: Iterable[Reservation]) -> list[PortRule]:
    return [
        PortRule(
            protocol=reservation.published.protocol,
            host_ip=reservation.published.host_ip,
            host_port=reservation.published.host_port,
            address=endpoint.ipv4_address,
            port=reservation.published.port,
            owner=endpoint.endpoint_id,
        )
        for reservation in reservations
        if not reservation.is_carried
    ]


def new_host_interface() -> str:
    """A fresh name for each link: the kernel removes old ones late, behind our back."""
    return f"veth{secrets.token_hex(5)}"


def link_local_interface(text: str) -> AnyInterface:
    """With the prefix of all link-local addresses: 169.254.0.0/16 (RFC 3927), fe80::/64 (RFC 4291)."""
    address = ip_address(text)
    return ip_interface((address, 16 if address.version == 4 else 64))


def mac_of(address: IPv4Address) -> str:
    """The address's own MAC, locally administered: who gets the address later is found where neighbours look."""
    return (b"\x02\x42" + address.packed).hex(":")
