"""An engine's Networks in a lab, with containers made of a namespace, an endpoint and a name."""

import contextlib
import itertools
from collections.abc import Sequence
from concurrent.futures import CancelledError, Future
from dataclasses import replace
from pathlib import Path
from typing import Any

from fakes.port_keeper import FakePortKeeper
from support.netlab import Lab, Place

from pier.domain.network import (
    Endpoint,
    EndpointRequest,
    IpamPool,
    LinkedPort,
    NameServer,
    Network,
    PortBinding,
    PortRequest,
    PublishedPort,
)
from pier.network.networks import Networks

_numbers = itertools.count(1)


class NetworkEngine:
    """One engine's Networks in the lab, with containers made of a namespace, an endpoint and a name."""

    def __init__(self, lab: Lab, directory: Path, instance: str = "test", **options: Any) -> None:
        self.lab = lab
        self.instance = instance
        self.keeper = FakePortKeeper()
        self._directory = directory / instance
        self._options = options
        self.networks = self._new()
        self.recorded: list[Network] = []
        self.endpoints: dict[str, list[Endpoint]] = {}
        self.links: list[LinkedPort] = []
        self.servers: dict[str, tuple[NameServer, ...]] = {}
        self._running: Future[None]

    def _new(self) -> Networks:
        async def make() -> Networks:
            return Networks(exec_root=self._directory, instance=self.instance, keeper=self.keeper, **self._options)

        return self.lab.run(make())

    def start(self) -> None:
        self.lab.run(self.networks.start(self.recorded, self.endpoints, self.links))
        self._running = self.lab.begin(self.networks.run())
        for container_id in self.endpoints:
            self.serve_names(container_id)

    def stop(self) -> None:
        """As after kill -9: the descriptors of this process are gone."""
        self._running.cancel()
        with contextlib.suppress(CancelledError):
            self._running.result(timeout=10)
        self.lab.run(self.networks.stop())

    def restart(self) -> None:
        """As after kill -9: a new adapter learns everything from the records; the old one's descriptors are gone."""
        self.stop()
        self.networks = self._new()
        self.start()

    def serve_names(self, container_id: str, *servers: NameServer) -> None:
        """Tells the names of a container's endpoints, and where its other questions go."""
        if servers:
            self.servers[container_id] = servers
        known = self.servers.get(container_id, ())
        self.lab.run(self.networks.serve_names(container_id, self.endpoints[container_id], known))

    def named(self, network: Network, *names: str, **asked: Any) -> tuple[Place, str]:
        """A container by these names on a network; where it is, and its id."""
        container_id, _ = self.open(network, EndpointRequest(**asked))
        self.name(container_id, *names)
        return self.place(container_id, names[0]), container_id

    def name(self, container_id: str, *names: str) -> None:
        """Gives a container these names on each of its networks."""
        several = self.endpoints[container_id]
        self.endpoints[container_id] = [replace(endpoint, dns_names=names) for endpoint in several]
        self.serve_names(container_id)

    def unplug(self, container_id: str, network: Network) -> None:
        """Takes a running container off a network."""
        endpoint = next(one for one in self.endpoints[container_id] if one.network_id == network.id)
        self.endpoints[container_id].remove(endpoint)
        self.lab.run(self.networks.unplug(container_id, endpoint))

    def create(self, name: str = "bridge", *, bridge: str = "pier0", subnet: str = "", **more: Any) -> Network:
        more.setdefault("pools", (IpamPool(subnet=subnet),) if subnet else ())
        number = next(_numbers)
        wanted = Network(id=f"{number:064x}", name=name, driver="bridge", bridge=bridge, **more)
        self.recorded.append(self.lab.run(self.networks.create(wanted)))
        return self.recorded[-1]

    def remove(self, network: Network) -> None:
        self.lab.run(self.networks.remove(network))
        self.recorded.remove(network)

    def open(self, network: Network, request: EndpointRequest | None = None) -> tuple[str, Endpoint]:
        container_id = f"{next(_numbers):064x}"
        self.lab.run(self.networks.open_netns(container_id, {}))
        return container_id, self.connect(container_id, network, request)

    def connect(
        self, container_id: str, network: Network, request: EndpointRequest | None = None, *, interface: str = "eth0"
    ) -> Endpoint:
        endpoint = self.lab.run(
            self.networks.connect(
                container_id,
                network,
                request or EndpointRequest(),
                endpoint_id=f"{next(_numbers):064x}",
                interface=interface,
            )
        )
        self.endpoints.setdefault(container_id, []).append(endpoint)
        return endpoint

    def place(self, container_id: str, name: str) -> Place:
        return self.lab.place(name, self.networks.netns_path(container_id))

    def container(
        self, network: Network, name: str, *ports: PortRequest
    ) -> tuple[Place, Endpoint, Sequence[PublishedPort]]:
        """A container that serves on 80, tcp and udp, with these ports published."""
        container_id, endpoint = self.open(network)
        published = self.lab.run(self.networks.publish(container_id, endpoint, ports))
        self.endpoints[container_id] = [_with_ports(endpoint, published)]
        place = self.place(container_id, name)
        place.serve(80)
        place.serve(80, protocol="udp")
        return place, self.endpoints[container_id][0], published

    def end(self, endpoint: Endpoint) -> None:
        """What happens when the container with this endpoint ends."""
        container_id = next(key for key, several in self.endpoints.items() if endpoint in several)
        self.lab.run(self.networks.disconnect(container_id, endpoint))
        self.lab.run(self.networks.close_netns(container_id))
        del self.endpoints[container_id]

    def teardown(self) -> None:
        self.lab.run(self.networks.teardown())
        self.stop()
        self.keeper.close()


def _with_ports(endpoint: Endpoint, published: Sequence[PublishedPort]) -> Endpoint:
    return replace(endpoint, published=tuple(published))


def publish(host_port: str = "", *, host_ip: str = "", port: int = 80, protocol: str = "tcp") -> PortRequest:
    return PortRequest(port=port, protocol=protocol, binding=PortBinding(host_ip=host_ip, host_port=host_port))
