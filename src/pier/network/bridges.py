"""Linux bridges of this engine on the host. Everything here blocks."""

import re
import secrets
import socket
from collections.abc import Collection, Sequence

from pier.domain.errors import Conflict, PierError, Unsupported
from pier.network.families import AnyInterface
from pier.network.ipam import Occupied
from pier.network.link import Link, Links
from pier.network.netns import write_sysctl

_PORT = re.compile(r"veth[0-9a-f]{10}")  # how `attachment.new_host_interface` names them


class Bridges:
    """Makes, finds and removes bridges; each carries the engine's mark as its alias, so another's is never taken."""

    def __init__(self, instance: str) -> None:
        self._alias = f"pier:{instance}"

    def ensure(self, name: str, addresses: Sequence[AnyInterface], mtu: int, *, detours: bool = False) -> int:
        """The index of a bridge that is up with these addresses, made or completed as needed.

        With `detours` containers whose ports are isolated from each other on the bridge meet through the host, as far
        as the packet rules let them: it answers for all of them when one asks where another is (RFC 3069).

        The caller has the packet rules for `name` in place: from here on 127/8 may be routed over it. Raises Conflict
        when a link of that name is not ours, or the address is taken.
        """
        with Links() as links:
            link = self._find_or_create(links, name, mtu)
            _set_bridge_sysctls(name, ipv6=any(address.version == 6 for address in addresses), detours=detours)
            present = list(links.addresses(link.index))
            for address in addresses:
                if address not in present:
                    links.add_address(link.index, address)
            links.set_up(name)
            return link.index

    def remove(self, name: str) -> None:
        """Removes our bridge; absent, or somebody else's, is left alone without an error."""
        with Links() as links:
            link = links.find(name)
            if link is not None and link.alias == self._alias:
                links.delete(name)

    def list_names(self) -> list[str]:
        with Links() as links:
            return [link.name for link in links.list() if link.alias == self._alias]

    def adopt_port(self, name: str, bridge: str, *, isolated: bool) -> None:
        """Puts a running container's link back on its bridge, should the bridge have been made anew."""
        with Links() as links:
            port, owner = links.find(name), links.find(bridge)
            if port is not None and owner is not None and port.master != owner.index:
                links.set_master(name, owner.index)
                links.configure_port(name, isolated=isolated)

    def remove_strays(self, known: Collection[str]) -> int:
        """Removes links of ours on our bridges that are not known: a pierd that was killed did not write them down.

        Returns how many.
        """
        removed = 0
        with Links() as links:
            found = list(links.list())
            own = {link.index for link in found if link.alias == self._alias}
            for link in found:
                if link.master in own and link.name not in known and _PORT.fullmatch(link.name):
                    links.delete(link.name)
                    removed += 1
        return removed

    def occupied(self, *, wires: bool = False, except_link: str = "") -> Sequence[Occupied]:
        """The subnets that this host routes, other than by default; with `wires`, only those directly on a link.

        Of IPv6 those that every link has (fe80::/64, ff00::/8) are nobody's.
        """
        with Links() as links:
            names = {link.index: link.name for link in links.list()}
            return [
                Occupied(route.subnet, f"the route of interface {names.get(route.index, '?')}")
                for family in (socket.AF_INET, socket.AF_INET6)
                for route in links.routes(family)
                if names.get(route.index) != except_link and not (wires and route.gateway)
                if family == socket.AF_INET or not (route.subnet.is_link_local or route.subnet.is_multicast)
            ]

    def _find_or_create(self, links: Links, name: str, mtu: int) -> Link:
        link = links.find(name)
        if link is None:
            links.create_bridge(name, mac=random_mac(), alias=self._alias, mtu=mtu)
            link = links.find(name)
            if link is None:
                raise PierError(f"bridge {name} vanished as soon as it was made")
        elif link.kind != "bridge" or link.alias != self._alias:
            raise Conflict(f"interface {name} exists and is not a bridge of this engine: choose another bridge name")
        return link


def random_mac() -> str:
    """A locally administered unicast address."""
    return (b"\x02\x42" + secrets.token_bytes(4)).hex(":")


def _set_bridge_sysctls(name: str, *, ipv6: bool, detours: bool) -> None:
    write_sysctl(f"/proc/sys/net/ipv4/conf/{name}/route_localnet", "1")
    write_sysctl(f"/proc/sys/net/ipv4/conf/{name}/proxy_arp_pvlan", "1" if detours else "0")
    if detours:
        # An answer on behalf of others waits up to 0.8 s (arp(7), proxy_delay), for the owner to come first. None does.
        write_sysctl(f"/proc/sys/net/ipv4/neigh/{name}/proxy_delay", "0")
    settings = {"accept_ra": "0", "dad_transmits": "0", "disable_ipv6": "0"} if ipv6 else {"disable_ipv6": "1"}
    try:
        for key, value in settings.items():
            write_sysctl(f"/proc/sys/net/ipv6/conf/{name}/{key}", value)
    except FileNotFoundError as error:
        if ipv6:
            raise Unsupported("this kernel has no IPv6: make the network without it") from error
