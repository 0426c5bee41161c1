"""Addresses, without I/O: which subnet a new network takes, and which address a container gets in it."""

import hashlib
import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_interface, ip_network

from pier.domain.errors import Conflict, InvalidArgument
from pier.domain.network import DEFAULT_GATEWAYS, IpamPool
from pier.network.families import AnyAddress, AnyInterface, AnyNetwork

# What networks get when nothing is configured: the private blocks that Docker takes, and in the end half of 10/8, in
# subnets of as many addresses as a bridge has ports, so that thousands of networks fit.
DEFAULT_POOLS = (
    *(f"base=172.{second}.0.0/16,size=22" for second in range(17, 32)),
    "base=192.168.0.0/16,size=22",
    "base=10.128.0.0/9,size=22",
)
# The gateway and one container need two addresses: of IPv4 beside network and broadcast, of IPv6 beside all routers'.
_LARGEST_PREFIX = {4: 30, 6: 126}  # with a gateway
_ULA_PREFIX = 48  # of one site's unique local addresses, RFC 4193


@dataclass(frozen=True, slots=True)
class Occupied:
    """A subnet that is in use, and what to call its user in a message."""

    subnet: AnyNetwork
    owner: str


def parse_pools(texts: Sequence[str]) -> list[tuple[AnyNetwork, int]]:
    """(base, prefix length of one subnet) of `172.20.0.0/16` or `base=10.0.0.0/8,size=24`. Raises InvalidArgument."""
    return [_parse_default_pool(text) for text in texts]


def unique_local_pool(seed: str) -> tuple[IPv6Network, int]:
    """The pool of /64 subnets that is this engine's own: `fd`, 40 bits that the seed gives, RFC 4193."""
    digest = hashlib.sha256(seed.encode()).digest()
    return IPv6Network((b"\xfd" + digest[:5] + bytes(10), _ULA_PREFIX)), 64


def choose_subnet(pools: Iterable[tuple[AnyNetwork, int]], occupied: Sequence[Occupied]) -> AnyNetwork:
    """The first subnet of the pools that overlaps nothing. Raises Conflict when there is none."""
    spans = sorted(
        (other.subnet.version, int(other.subnet.network_address), int(other.subnet.broadcast_address))
        for other in occupied
    )
    for base, prefix in pools:
        step = 1 << (base.max_prefixlen - prefix)
        candidate = int(base.network_address)
        for version, first, last in spans:  # each once: thousands of networks are looked through for each new one
            if version != base.version or last < candidate:
                continue
            if first >= candidate + step:
                break
            candidate = last + 1 + (-(last + 1) % step)  # beyond the whole of what clashes
        if candidate <= int(base.broadcast_address):
            return _network(base, candidate, prefix)
    raise Conflict(
        "all predefined address pools have been fully subnetted: give the network a --subnet, or the engine "
        "another --default-address-pool"
    )


def find_overlap(subnet: AnyNetwork, occupied: Iterable[Occupied]) -> Occupied | None:
    """The first that shares an address with the subnet; the families never meet."""
    same = (other for other in occupied if other.subnet.version == subnet.version)
    return next((other for other in same if other.subnet.overlaps(subnet)), None)


def version_of(pool: IpamPool) -> int:
    """4 or 6; a pool that names no address at all is of IPv4."""
    named = (pool.subnet, pool.gateway, pool.ip_range, *pool.aux_addresses.values())
    return 6 if ":" in next(filter(None, named), "") else 4


def complete_pool(pool: IpamPool, *, gateway: bool = True) -> IpamPool:
    """Checks a pool and fills in its gateway, the subnet's first address unless given. Raises InvalidArgument.

    Without `gateway` it has only one that is given: nobody would be there.
    """
    subnet = _parse_subnet(pool.subnet)
    has_gateway = gateway or bool(pool.gateway)
    if subnet.prefixlen > _LARGEST_PREFIX[subnet.version] + (not has_gateway):
        needed = "a gateway and a container" if has_gateway else "two containers"
        raise InvalidArgument(f"invalid subnet {subnet}: it has no room for {needed}")
    first = subnet.network_address + 1 if has_gateway else None
    way = _parse_address(pool.gateway, "gateway") if pool.gateway else first
    if way is not None:
        _require_inside(way, subnet, "gateway")
    if pool.ip_range and not _is_within(_parse_subnet(pool.ip_range, "ip-range"), subnet):
        raise InvalidArgument(f"invalid ip-range {pool.ip_range}: it is not inside the subnet {subnet}")
    for name, address in pool.aux_addresses.items():
        _require_inside(_parse_address(address, f"auxiliary address {name}"), subnet, f"auxiliary address {name}")
    return IpamPool(
        subnet=str(subnet),
        gateway=str(way or ""),
        ip_range=pool.ip_range,
        aux_addresses=dict(pool.aux_addresses),
    )


def _network(like: AnyNetwork, address: int, prefix: int) -> AnyNetwork:
    """(A small number alone would be taken for an IPv4 address.)"""
    return IPv4Network((address, prefix)) if like.version == 4 else IPv6Network((address, prefix))


def _is_within(part: AnyNetwork, subnet: AnyNetwork) -> bool:
    return part.network_address in subnet and part.prefixlen >= subnet.prefixlen


class AddressPool:
    """The addresses of one subnet. One just freed comes back last, so that stale peers do not meet a stranger."""

    def __init__(self, pool: IpamPool, network_name: str) -> None:
        """`pool` is complete (see `complete_pool`)."""
        self.subnet = ip_network(pool.subnet)
        self.gateway = ipaddress.ip_address(pool.gateway) if pool.gateway else None
        self._network_name = network_name
        self._kind = type(self.subnet.network_address)
        span = ip_network(pool.ip_range) if pool.ip_range else self.subnet
        unusable = {int(address) for address in _not_for_hosts(self.subnet)}
        self._first = int(span.network_address) + (int(span.network_address) in unusable)
        self._last = int(span.broadcast_address) - (int(span.broadcast_address) in unusable)
        reserved = filter(None, (pool.gateway, *pool.aux_addresses.values()))
        self._reserved = {int(ipaddress.ip_address(text)) for text in reserved}
        self._taken: set[int] = set()
        self._next = self._first

        way_out = pool.aux_addresses.get(DEFAULT_GATEWAYS[self.subnet.version])
        self.way_out = (
            ipaddress.ip_address(way_out) if way_out else self.gateway
        )  # where default routes on a bridge lead

    @property
    def gateway_interface(self) -> AnyInterface | None:
        return ip_interface((self.gateway, self.subnet.prefixlen)) if self.gateway else None

    @property
    def is_unused(self) -> bool:
        return not self._taken

    def allocate(self) -> AnyAddress:
        """The next free address after the last one given. Raises Conflict when the subnet is full."""
        size = self._last - self._first + 1
        for step in range(size):
            candidate = self._first + (self._next - self._first + step) % size
            if candidate not in self._taken and candidate not in self._reserved:
                self._taken.add(candidate)
                self._next = candidate + 1
                return self._kind(candidate)
        raise Conflict(
            f"no available IPv{self.subnet.version} addresses on this network's address pools: {self._network_name}; "
            "put some containers on another network, or on one with a larger --subnet"
        )

    def has(self, text: str) -> bool:
        """Whether a text is an address of the subnet."""
        try:
            return ipaddress.ip_address(text) in self.subnet
        except ValueError:
            return False

    def claim(self, text: str) -> AnyAddress:
        """A fixed address. Raises InvalidArgument when it is not of the subnet, Conflict when it is in use.

        The gateway and auxiliary addresses count as in use: they belong to others than containers.
        """
        what = f"IPv{self.subnet.version} address"
        address = _parse_address(text, what)
        _require_inside(address, self.subnet, what)
        if int(address) in self._taken | self._reserved:
            raise Conflict(f"Address already in use: {address} on network {self._network_name}")
        self._taken.add(int(address))
        return address

    def adopt(self, address: AnyAddress) -> None:
        """Marks an address that a running container has; done again it changes nothing."""
        self._taken.add(int(address))
        self._next = max(self._next, int(address) + 1)

    def release(self, address: AnyAddress) -> None:
        self._taken.discard(int(address))


def occupied_by_pools(pools: Mapping[str, Sequence[IpamPool]]) -> list[Occupied]:
    """What the pools of these networks, by name, take up."""
    return [
        Occupied(ip_network(pool.subnet), f"network {name}")
        for name, several in pools.items()
        for pool in several
        if pool.subnet
    ]


def _parse_default_pool(text: str) -> tuple[AnyNetwork, int]:
    base, size = text, ""
    if "=" in text:
        fields = dict(field.partition("=")[::2] for field in text.split(","))
        base, size = fields.get("base", ""), fields.get("size", "")
    network = _parse_subnet(base, "default address pool")
    prefix = int(size) if size.isascii() and size.isdigit() else network.prefixlen
    if (size and not size.isdigit()) or not network.prefixlen <= prefix <= _LARGEST_PREFIX[network.version]:
        raise InvalidArgument(f"invalid default address pool {text!r}: write base=10.0.0.0/8,size=24")
    return network, prefix


def _parse_subnet(text: str, what: str = "subnet") -> AnyNetwork:
    try:
        subnet = ip_network(text)
    except ValueError as error:
        raise InvalidArgument(
            f"invalid network config:\ninvalid {what} {text}: invalid CIDR block notation: {error}"
        ) from error
    return subnet


def _parse_address(text: str, what: str) -> AnyAddress:
    try:
        return ipaddress.ip_address(text)
    except ValueError as error:
        raise InvalidArgument(f"invalid {what} {text!r}: not an IP address") from error


def _not_for_hosts(subnet: AnyNetwork) -> tuple[AnyAddress, ...]:
    """The network's own address, and IPv4's broadcast address. Of two addresses both are hosts' (RFC 3021, 6164)."""
    if subnet.num_addresses <= 2:
        return ()
    return (subnet.network_address, subnet.broadcast_address) if subnet.version == 4 else (subnet.network_address,)


def _require_inside(address: AnyAddress, subnet: AnyNetwork, what: str) -> None:
    if address not in subnet or address in _not_for_hosts(subnet):
        raise InvalidArgument(
            f"invalid network config:\ninvalid {what} {address}: parent subnet {subnet} doesn't contain this address"
        )
