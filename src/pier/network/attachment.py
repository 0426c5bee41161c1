"""What this adapter remembers while it runs: networks with their addresses, and who is attached to them."""

import contextlib
import hashlib
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Address, ip_address, ip_interface

from pier.domain.errors import Conflict, InvalidArgument
from pier.domain.network import Endpoint, EndpointRequest, Network
from pier.network.families import AnyAddress, AnyInterface
from pier.network.ipam import AddressPool, version_of
from pier.network.options import BridgeOptions, parse_bridge_options
from pier.network.ports import Reservation
from pier.network.ruleset import BridgeRule, PortRule
from pier.network.uplinks import DRIVERS, Uplink, parse_uplink


@dataclass(slots=True, kw_only=True)
class HostNetwork:
    """A network as it stands on this host; `index` is its bridge's or its parent's, 0 before it is made.

    It has a pool of IPv4 addresses, of IPv6, or both; on an interface of the host there may be several of each.
    """

    network: Network
    options: BridgeOptions | None  # None: it hangs on an interface of the host
    uplink: Uplink | None
    pools: tuple[AddressPool, ...]
    index: int = 0

    @classmethod
    def of(cls, network: Network) -> "HostNetwork":
        """`network` is complete, as `create` returned it. A pool of a family that is switched off is kept unused."""
        wanted = {4: network.enable_ipv4, 6: network.enable_ipv6}
        pools = [AddressPool(pool, network.name) for pool in network.pools if wanted[version_of(pool)]]
        return cls(
            network=network,
            options=None if network.driver in DRIVERS else parse_bridge_options(network),
            uplink=parse_uplink(network) if network.driver in DRIVERS else None,
            pools=tuple(pools),
        )

    def pool_of(self, address: AnyAddress) -> AddressPool | None:
        """The pool that an address is of."""
        return next((pool for pool in self.pools if address in pool.subnet), None)

    def gateways(self, addresses: Iterable[AnyAddress]) -> tuple[AnyAddress, ...]:
        """Where the default routes of an endpoint with these addresses lead, of each family."""
        pools = [pool for pool in map(self.pool_of, addresses) if pool is not None]
        ways = (pool.way_out if self.uplink is None else pool.gateway for pool in pools)
        return tuple(way for way in ways if way is not None)

    @property
    def bridge_options(self) -> BridgeOptions:
        """Of a bridge network."""
        assert self.options is not None
        return self.options

    @property
    def opens_links(self) -> bool:
        """Containers on it are apart, but for those that are linked."""
        return self.options is not None and self.options.links and not self.options.connected

    @property
    def rule(self) -> BridgeRule:
        return BridgeRule(
            name=self.network.bridge,
            subnets=tuple(pool.subnet for pool in self.pools),
            masquerade=self.bridge_options.masquerade,
            internal=self.network.internal,
            connected=self.bridge_options.connected,
            routed=self.bridge_options.versions("routed"),
            unprotected=self.bridge_options.versions("nat-unprotected"),
            sources=self.bridge_options.sources,
            trusted=self.bridge_options.trusted,
        )

    def take(self, request: EndpointRequest) -> tuple[AnyAddress, ...]:
        """An address of each family that the container has, those asked for or the next free ones; all or none.

        Raises Conflict, InvalidArgument when one is asked for that the network cannot give.
        """
        taken: list[AnyAddress] = []
        try:
            for version, text in ((4, request.ipv4_address), (6, request.ipv6_address)):
                if version == 6 and request.without_ipv6:
                    continue
                pools = [pool for pool in self.pools if pool.subnet.version == version]
                if pools:
                    taken.append(_take(pools, text))
                elif text:
                    raise InvalidArgument(f"address {text}: network {self.network.name} has no IPv{version}")
        except BaseException:
            self.give_back(taken)
            raise
        return tuple(taken)

    def adopt(self, endpoint: Endpoint) -> tuple[AnyAddress, ...]:
        """Marks the addresses that a running container has."""
        found: list[AnyAddress] = []
        for address in map(ip_address, filter(None, (endpoint.ipv4_address, endpoint.ipv6_address))):
            pool = self.pool_of(address)
            if pool is not None:
                found.append(address)
                pool.adopt(address)
        return tuple(found)

    def give_back(self, addresses: Iterable[AnyAddress]) -> None:
        for address in addresses:
            pool = self.pool_of(address)
            if pool is not None:
                pool.release(address)


@dataclass(slots=True, kw_only=True)
class Attachment:
    """One container's place on one network, with the host ports held for it."""

    network_id: str
    interface: str  # its name inside
    addresses: tuple[AnyAddress, ...]
    route_rank: tuple[int, str] | None  # None: this network can have no default route
    reservations: list[Reservation] = field(default_factory=list)

    def gateways(self, host: HostNetwork) -> tuple[AnyAddress, ...]:
        """Where its default routes lead, of each family; what is link-local with the interface as its zone."""
        return tuple(
            ip_address(f"{gateway}%{self.interface}") if gateway.is_link_local and gateway.version == 6 else gateway
            for gateway in host.gateways(self.addresses)
        )


def place(host: HostNetwork, endpoint: Endpoint, addresses: Iterable[AnyAddress]) -> Endpoint:
    """The endpoint with these addresses, its MAC, and the network's gateways."""
    by_version = {address.version: address for address in addresses}
    four, six = by_version.get(4), by_version.get(6)
    prefixes = {one.version: pool.subnet.prefixlen for one in by_version.values() if (pool := host.pool_of(one))}
    gateways = {one.version: str(one) for one in host.gateways(by_version.values()) if not host.network.internal}
    return replace(
        endpoint,
        mac_address=endpoint.request.mac_address or mac_of(four or six or endpoint.endpoint_id),
        ipv4_address=str(four) if four else "",
        ipv4_prefix=prefixes.get(4, 0),
        gateway=gateways.get(4, ""),
        ipv6_address=str(six) if six else "",
        ipv6_prefix=prefixes.get(6, 0),
        ipv6_gateway=gateways.get(6, ""),
    )


def _take(pools: Sequence[AddressPool], text: str) -> AnyAddress:
    """From the pool that an address is of, or from the first that has a free one. Raises Conflict, InvalidArgument."""
    if text:
        owner = next((pool for pool in pools if pool.has(text)), pools[0])
        return owner.claim(text)
    for pool in pools[:-1]:
        with contextlib.suppress(Conflict):
            return pool.allocate()
    return pools[-1].allocate()


def interfaces_of(endpoint: Endpoint) -> tuple[AnyInterface, ...]:
    """All addresses that its interface inside shall have."""
    given = ((endpoint.ipv4_address, endpoint.ipv4_prefix), (endpoint.ipv6_address, endpoint.ipv6_prefix))
    own = tuple(ip_interface((address, prefix)) for address, prefix in given if address)
    return (*own, *(link_local_interface(text) for text in endpoint.request.link_local_ips))


def route_rank(endpoint_priority: int, network_name: str) -> tuple[int, str]:
    """The smallest rank gets the default route: highest priority, then the network's name in order (Docker's rule)."""
    return -endpoint_priority, network_name


def port_rules(endpoint: Endpoint, reservations: Iterable[Reservation]) -> list[PortRule]:
    """Of those ports that the container has an address of their family for; the relay carries the others."""
    return [
        PortRule(
            protocol=reservation.published.protocol,
            host_ip=reservation.published.host_ip,
            host_port=reservation.published.host_port,
            address=_address_for(endpoint, reservation),
            port=reservation.published.port,
            owner=endpoint.endpoint_id,
        )
        for reservation in reservations
        if _address_for(endpoint, reservation)
    ]


def _address_for(endpoint: Endpoint, reservation: Reservation) -> str:
    return endpoint.ipv6_address if ":" in reservation.published.host_ip else endpoint.ipv4_address


def new_host_interface() -> str:
    """A fresh name for each link: the kernel removes old ones late, behind our back."""
    return f"veth{secrets.token_hex(5)}"


def link_local_interface(text: str) -> AnyInterface:
    """With the prefix of all link-local addresses: 169.254.0.0/16 (RFC 3927), fe80::/64 (RFC 4291)."""
    address = ip_address(text)
    return ip_interface((address, 16 if address.version == 4 else 64))


def mac_of(owner: AnyAddress | str) -> str:
    """The address's own MAC, locally administered: who gets the address later is found where neighbours look.

    Without any address that of the endpoint's id.
    """
    if isinstance(owner, IPv4Address):
        return (b"\x02\x42" + owner.packed).hex(":")
    own = owner.encode() if isinstance(owner, str) else owner.packed
    return (b"\x02\x42" + hashlib.sha256(own).digest()[:4]).hex(":")
