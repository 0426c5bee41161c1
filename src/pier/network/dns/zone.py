"""Who is called what, and who may know: names are seen only by containers that share a network. Pure."""

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address

from pier.domain.network import Endpoint
from pier.network.families import AnyAddress


@dataclass(slots=True)
class _Network:
    """One network's names, in lower case, and addresses; both by who has them."""

    name: str
    names: dict[str, dict[str, tuple[AnyAddress, ...]]] = field(default_factory=dict)
    addresses: dict[AnyAddress, tuple[str, str]] = field(default_factory=dict)  # (container id, its name)


class Zone:
    """The names of all running containers on networks of the user's own. Changes are seen by the next question."""

    def __init__(self) -> None:
        self.changes = 0  # how often anything has changed
        self._networks: dict[str, _Network] = {}  # by network id
        # By container id: its endpoints by network id, in the order in which their networks are searched.
        self._members: dict[str, dict[str, Endpoint]] = {}
        # By container id, then network id: what the container alone calls others there, in lower case.
        self._links: dict[str, dict[str, dict[str, str]]] = {}

    def put(self, container_id: str, endpoints: Iterable[Endpoint]) -> None:
        """All of a container's endpoints; those without `dns_names` neither have names nor see any."""
        self.drop(container_id)
        self.changes += 1
        named = [endpoint for endpoint in endpoints if endpoint.dns_names and _addresses(endpoint)]
        # A name that is on several networks is taken from the first: that of the default route.
        named.sort(key=lambda endpoint: endpoint.route_rank)
        for endpoint in named:
            network = self._networks.setdefault(endpoint.network_id, _Network(endpoint.network_name))
            addresses = _addresses(endpoint)
            for address in addresses:
                network.addresses[address] = container_id, endpoint.dns_names[0]
            for name in endpoint.dns_names:
                network.names.setdefault(name.lower(), {})[container_id] = addresses
            self._members.setdefault(container_id, {})[endpoint.network_id] = endpoint
            if links := _parse_links(endpoint.request.links):
                self._links.setdefault(container_id, {})[endpoint.network_id] = links

    def drop(self, container_id: str) -> None:
        """Forgets a container; unknown is no error."""
        for network_id in list(self._members.get(container_id, ())):
            self.leave(container_id, network_id)

    def leave(self, container_id: str, network_id: str) -> None:
        """Takes a container off one network: it is not found there, nor does it find others. Idempotent."""
        self.changes += 1
        endpoints = self._members.get(container_id, {})
        endpoint = endpoints.pop(network_id, None)
        self._links.get(container_id, {}).pop(network_id, None)
        if not endpoints:
            self._members.pop(container_id, None)
            self._links.pop(container_id, None)
        if endpoint is None:
            return
        network = self._networks[network_id]
        for name in {name.lower() for name in endpoint.dns_names}:
            network.names[name].pop(container_id)
            if not network.names[name]:
                del network.names[name]
        for address in _addresses(endpoint):
            if network.addresses[address][0] == container_id:
                del network.addresses[address]
        if not network.names:
            del self._networks[network_id]

    def find(self, container_id: str, name: str) -> Sequence[AnyAddress]:
        """Addresses, of both families, of a name or of `name.network` as this container may see them.

        Empty: nobody is called so. Several are in random order, so that clients that take the first share the load.
        """
        links = self._links.get(container_id, {})
        networks = [(self._networks[key], links.get(key, {})) for key in self._members.get(container_id, ())]
        found = _lookup(networks, name)
        end = len(name)
        while not found and (end := name.rfind(".", 0, end)) > 0:
            suffix = name[end + 1 :]
            found = _lookup([item for item in networks if item[0].name.lower() == suffix], name[:end])
        return random.sample(found, len(found)) if len(found) > 1 else found

    def find_name(self, container_id: str, address: AnyAddress) -> str:
        """`name.network` of an address on one of this container's networks; empty: nobody known."""
        for key in self._members.get(container_id, ()):
            network = self._networks[key]
            if address in network.addresses:
                return f"{network.addresses[address][1]}.{network.name}"
        return ""


def _lookup(networks: Iterable[tuple[_Network, Mapping[str, str]]], name: str) -> Sequence[AnyAddress]:
    """In each network the name, or what it stands for by a link of who asks."""
    for network, links in networks:
        wanted = links.get(name, name)
        if wanted in network.names:
            return [address for several in network.names[wanted].values() for address in several]
    return []


def _addresses(endpoint: Endpoint) -> tuple[AnyAddress, ...]:
    return tuple(ip_address(text) for text in (endpoint.ipv4_address, endpoint.ipv6_address) if text)


def _parse_links(texts: Iterable[str]) -> dict[str, str]:
    """`name:alias`, or `name` alone, as names by their aliases; who is meant is settled by each question anew."""
    pairs = (text.lower().partition(":")[::2] for text in texts)
    return {alias or name: name for name, alias in pairs}
