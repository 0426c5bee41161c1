"""Looks at what the kernel has of one endpoint, for `network explain`. Everything here blocks."""

import contextlib
from collections.abc import Callable, Sequence

from pier.domain.errors import NotFound
from pier.domain.network import Endpoint, EndpointFacts, PortFacts
from pier.network.attachment import HostNetwork
from pier.network.conntrack import count_flows
from pier.network.firewall import Firewall
from pier.network.link import Links
from pier.network.netns import NetnsDirectory, enter, in_thread
from pier.network.ports import Reservation
from pier.network.ruleset import PortRule


class Examination:
    """Of endpoints on one network."""

    def __init__(
        self,
        host: HostNetwork,
        netns: NetnsDirectory,
        firewall: Firewall,
        rules: Callable[[Endpoint, Sequence[Reservation]], Sequence[PortRule]],
    ) -> None:
        self._rules = rules
        self._host = host
        self._netns = netns
        self._firewall = firewall

    def run(self, container_id: str, endpoint: Endpoint, reservations: Sequence[Reservation]) -> EndpointFacts:
        parent = self._host.uplink.parent if self._host.uplink else self._host.network.bridge
        inside, inside_up = self._look_inside(container_id, endpoint)
        with Links() as links:
            found = links.find(parent)
            link = self._link_state(links, endpoint, found.index if found else 0)
        return EndpointFacts(
            parent=parent,
            parent_up=found is not None and found.up,
            link=link,
            inside=inside,
            inside_up=inside_up,
            ports=tuple(self._port(endpoint, one) for one in reservations),
            accepts=tuple(self._firewall.accepts(parent)),
        )

    def _link_state(self, links: Links, endpoint: Endpoint, parent: int) -> str:
        if self._host.uplink is not None:
            return "up"  # it is all inside
        link = links.find(endpoint.host_interface) if endpoint.host_interface else None
        if link is None:
            return ""
        if link.master != parent or not parent:
            return "astray"
        return "up" if link.up else "down"

    def _look_inside(self, container_id: str, endpoint: Endpoint) -> tuple[tuple[str, ...] | None, bool]:
        def look(netns: int) -> tuple[tuple[str, ...] | None, bool]:
            enter(netns)
            with Links() as links:
                link = links.find(endpoint.interface)
                if link is None:
                    return None, False
                return tuple(str(address.ip) for address in links.addresses(link.index)), link.up

        with contextlib.suppress(NotFound), self._netns.opened(container_id) as netns:
            return in_thread(lambda: look(netns))
        return None, False

    def _port(self, endpoint: Endpoint, reservation: Reservation) -> PortFacts:
        published = reservation.published
        rules = self._rules(endpoint, [reservation])
        way = "" if rules else "relay"
        if rules and self._firewall.has_port(rules[0]):
            way = "rules"
        return PortFacts(published=published, way=way, flows=count_flows(published.protocol, published.host_port))
