"""The virtual network of this host."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from pier.domain.network import (
    Endpoint,
    EndpointFacts,
    EndpointRequest,
    InterfaceCounters,
    LinkedPort,
    NameServer,
    Network,
    PortRequest,
    PublishedPort,
)


class Networks(Protocol):
    """Links, addresses, rules and ports of this host."""

    async def start(
        self,
        networks: Sequence[Network],
        endpoints: Mapping[str, Sequence[Endpoint]],
        links: Sequence[LinkedPort] = (),
    ) -> None:
        """Brings the host in line with the records: bridges and rules made, addresses and ports in use taken.

        `endpoints` are those of running containers, by container id, `links` what `open_links` was told. Call once
        before anything else; idempotent.
        """
        ...

    async def run(self) -> None:
        """What must go on all the time: passes on questions of containers that other DNS servers must answer.

        Never returns; ends when cancelled.
        """
        ...

    async def stop(self) -> None:
        """Frees pierd's own resources; what running containers need stays."""
        ...

    async def refresh(self) -> None:
        """Puts back rules that others have removed, and follows other firewalls that began to drop."""
        ...

    async def default_pool(self, taken: Sequence[Network]) -> str:
        """The next free private subnet by the host's routes and the given networks: `172.18.0.0/16`."""
        ...

    async def create(self, network: Network) -> Network:
        """Makes the bridge; fills in what was left open (pools, gateway, name). Raises Conflict, InvalidArgument."""
        ...

    async def remove(self, network: Network) -> None: ...

    async def open_netns(self, container_id: str, sysctls: Mapping[str, str]) -> str:
        """Makes a network namespace with `lo` up; the path it is bound to."""
        ...

    async def close_netns(self, container_id: str) -> None:
        """Drops it with all links in it; absent is no error."""
        ...

    def netns_path(self, container_id: str) -> str: ...
    async def connect(
        self, container_id: str, network: Network, request: EndpointRequest, *, endpoint_id: str, interface: str
    ) -> Endpoint:
        """Takes an address, makes the veth pair, configures the inner end, sets routes. Undone by disconnect."""
        ...

    async def disconnect(self, container_id: str, endpoint: Endpoint) -> None:
        """Frees the endpoint's names, address and ports; the link goes with the netns. Idempotent."""
        ...

    async def unplug(self, container_id: str, endpoint: Endpoint) -> None:
        """The same while the container runs on: its interface loses its addresses at once and goes soon after.

        The default route goes to the network that comes next. Idempotent. Raises NotFound without a netns.
        """
        ...

    async def serve_names(
        self, container_id: str, endpoints: Sequence[Endpoint], servers: Sequence[NameServer]
    ) -> None:
        """Makes a container with a netns known by its endpoints' `dns_names`, to those on the same networks.

        While it has any it has a resolver of its own at 127.0.0.11 that knows the others' names and asks `servers` all
        else. Done again it replaces what was said before; disconnect, unplug and close_netns take names away.
        """
        ...

    async def publish(
        self, container_id: str, endpoint: Endpoint, ports: Sequence[PortRequest]
    ) -> tuple[PublishedPort, ...]:
        """Reserves the host ports and programs the rules. Raises Conflict when one is taken; then none is published."""
        ...

    async def open_links(self, endpoint: Endpoint, links: Sequence[LinkedPort]) -> None:
        """Lets a container reach these ports, and no others, on a default bridge whose containers are else apart.

        Done again it replaces what was said before. Each is closed as soon as one of its two addresses is given up.
        """
        ...

    async def examine(self, container_id: str, endpoint: Endpoint) -> EndpointFacts:
        """What the kernel has of a running container's endpoint."""
        ...

    async def counters(self, container_id: str) -> list[InterfaceCounters]: ...
    async def list_netns(self) -> list[str]: ...
