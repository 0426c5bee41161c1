"""Addresses, without I/O: which subnet a new network takes, and which address a container gets in it."""

import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface, IPv4Network

from pier.domain.errors import Conflict, InvalidArgument, Unsupported
from pier.domain.network import IpamPool
from pier.network.families import AnyNetwork

# What Docker gives to user networks when nothing is configured; /16 blocks first, then /20 blocks.
DEFAULT_POOLS = (
    *(f"172.{second}.0.0/16" for second in range(17, 32)),
    "base=192.168.0.0/16,size=20",
)
_LARGEST_PREFIX = 30  # the gateway and one container need two addresses beside network and broadcast


@dataclass(frozen=True, slots=True)
class Occupied:
    """A subnet that is in use, and what to call its user in a message."""

    subnet: AnyNetwork
    owner: str


def parse_pools(texts: Sequence[str]) -> list[tuple[IPv4Network, int]]:
    """(base, prefix length of one subnet) of `172.20.0.0/16` or `base=10.0.0.0/8,size=24`. Raises InvalidArgument."""
    return [_parse_default_pool(text) for text in texts]


def choose_subnet(pools: Iterable[tuple[IPv4Network, int]], occupied: Sequence[Occupied]) -> IPv4Network:
    """The first subnet of the pools that overlaps nothing. Raises Conflict when there is none."""
    for base, prefix in pools:
        step = 1 << (32 - prefix)
        candidate = int(base.network_address)
        while candidate <= int(base.broadcast_address):
            subnet = IPv4Network((candidate, prefix))
            clash = find_overlap(subnet, occupied)
            if clash is None:
                return subnet
            beyond = int(clash.subnet.broadcast_address) + 1  # skip the whole of what clashes
            candidate = max(candidate + step, beyond + (-beyond % step))
    raise Conflict(
        "all predefined address pools have been fully subnetted: give the network a --subnet, or the engine "
        "another --default-address-pool"
    )


def find_overlap(subnet: AnyNetwork, occupied: Iterable[Occupied]) -> Occupied | None:
    """The first that shares an address with the subnet; the families never meet."""
    same = (other for other in occupied if other.subnet.version == subnet.version)
    return next((other for other in same if other.subnet.overlaps(subnet)), None)


def complete_pool(pool: IpamPool) -> IpamPool:
    """Checks a pool and fills in its gateway, the subnet's first address unless given. Raises InvalidArgument."""
    subnet = _parse_subnet(pool.subnet)
    gateway = _parse_address(pool.gateway, "gateway") if pool.gateway else subnet.network_address + 1
    _require_inside(gateway, subnet, "gateway")
    if pool.ip_range and not _parse_subnet(pool.ip_range, "ip-range").subnet_of(subnet):
        raise InvalidArgument(f"invalid ip-range {pool.ip_range}: it is not inside the subnet {subnet}")
    for name, address in pool.aux_addresses.items():
        _require_inside(_parse_address(address, f"auxiliary address {name}"), subnet, f"auxiliary address {name}")
    return IpamPool(
        subnet=str(subnet), gateway=str(gateway), ip_range=pool.ip_range, aux_addresses=dict(pool.aux_addresses)
    )


class AddressPool:
    """The addresses of one subnet. One just freed comes back last, so that stale peers do not meet a stranger."""

    def __init__(self, pool: IpamPool, network_name: str) -> None:
        """`pool` is complete (see `complete_pool`)."""
        self.subnet = IPv4Network(pool.subnet)
        self.gateway = IPv4Address(pool.gateway)
        self._network_name = network_name
        span = IPv4Network(pool.ip_range) if pool.ip_range else self.subnet
        self._first = max(int(span.network_address), int(self.subnet.network_address) + 1)
        self._last = min(int(span.broadcast_address), int(self.subnet.broadcast_address) - 1)
        self._reserved = {int(self.gateway), *(int(IPv4Address(text)) for text in pool.aux_addresses.values())}
        self._taken: set[int] = set()
        self._next = self._first

    @property
    def gateway_interface(self) -> IPv4Interface:
        return IPv4Interface((self.gateway, self.subnet.prefixlen))

    @property
    def is_unused(self) -> bool:
        return not self._taken

    def allocate(self) -> IPv4Address:
        """The next free address after the last one given. Raises Conflict when the subnet is full."""
        size = self._last - self._first + 1
        for step in range(size):
            candidate = self._first + (self._next - self._first + step) % size
            if candidate not in self._taken and candidate not in self._reserved:
                self._taken.add(candidate)
                self._next = candidate + 1
                return IPv4Address(candidate)
        raise Conflict(f"no available IPv4 addresses on this network's address pools: {self._network_name}")

    def claim(self, text: str) -> IPv4Address:
        """A fixed address. Raises InvalidArgument when it is not of the subnet, Conflict when it is in use."""
        address = _parse_address(text, "IPv4 address")
        _require_inside(address, self.subnet, "IPv4 address")
        if int(address) in self._taken or address == self.gateway:
            raise Conflict(f"Address already in use: {address} on network {self._network_name}")
        self._taken.add(int(address))
        return address

    def adopt(self, address: IPv4Address) -> None:
        """Marks an address that a running container has; done again it changes nothing."""
        self._taken.add(int(address))
        self._next = max(self._next, int(address) + 1)

    def release(self, address: IPv4Address) -> None:
        self._taken.discard(int(address))


def occupied_by_pools(pools: Mapping[str, Sequence[IpamPool]]) -> list[Occupied]:
    """What the pools of these networks, by name, take up."""
    return [
        Occupied(IPv4Network(pool.subnet), f"network {name}")
        for name, several in pools.items()
        for pool in several
        if pool.subnet and ":" not in pool.subnet
    ]


def _parse_default_pool(text: str) -> tuple[IPv4Network, int]:
    base, size = text, ""
    if "=" in text:
        fields = dict(field.partition("=")[::2] for field in text.split(","))
        base, size = fields.get("base", ""), fields.get("size", "")
    network = _parse_subnet(base, "default address pool")
    prefix = int(size) if size.isascii() and size.isdigit() else network.prefixlen
    if (size and not size.isdigit()) or not network.prefixlen <= prefix <= _LARGEST_PREFIX:
        raise InvalidArgument(f"invalid default address pool {text!r}: write base=10.0.0.0/8,size=24")
    return network, prefix


def _parse_subnet(text: str, what: str = "subnet") -> IPv4Network:
    if ":" in text:
        raise Unsupported(f"{what} {text}: Pier has no IPv6 on networks yet")
    try:
        subnet = IPv4Network(text)
    except ValueError as error:
        raise InvalidArgument(
            f"invalid network config:\ninvalid {what} {text}: invalid CIDR block notation: {error}"
        ) from error
    if what == "subnet" and subnet.prefixlen > _LARGEST_PREFIX:
        raise InvalidArgument(f"invalid subnet {text}: it has no room for a gateway and a container")
    return subnet


def _parse_address(text: str, what: str) -> IPv4Address:
    try:
        address = ipaddress.ip_address(text)
    except ValueError as error:
        raise InvalidArgument(f"invalid {what} {text!r}: not an IP address") from error
    if not isinstance(address, IPv4Address):
        raise Unsupported(f"{what} {text}: Pier has no IPv6 on networks yet")
    return address


def _require_inside(address: IPv4Address, subnet: IPv4Network, what: str) -> None:
    if address not in subnet or address in (subnet.network_address, subnet.broadcast_address):
        raise InvalidArgument(
            f"invalid network config:\ninvalid {what} {address}: parent subnet {subnet} doesn't contain this address"
        )
