"""The host's networks in memory: addresses and ports are given out by the rules, nothing reaches a kernel."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from ipaddress import ip_address

from pier.domain.errors import Conflict, InvalidArgument, NotFound, Unsupported
from pier.domain.network import (
    Endpoint,
    EndpointFacts,
    EndpointRequest,
    InterfaceCounters,
    IpamPool,
    LinkedPort,
    NameServer,
    Network,
    PortFacts,
    PortRequest,
    PublishedPort,
    parse_port_range,
)
from pier.network.attachment import HostNetwork, place
from pier.network.ipam import DEFAULT_POOLS, choose_subnet, complete_pool, occupied_by_pools, parse_pools, version_of
from pier.network.options import parse_bridge_options

_FIRST_EPHEMERAL = 32768


@dataclass
class FakeNetworks:
    """Fits the Networks port. `ports_of_host` are in use by processes outside; `fail` maps a method to its error."""

    exec_root: str = "/run/fake"
    ports_of_host: set[tuple[str, int]] = field(default_factory=set)
    fail: dict[str, Exception] = field(default_factory=dict)
    netns: dict[str, dict[str, str]] = field(default_factory=dict)  # container id -> sysctls
    networks: dict[str, Network] = field(default_factory=dict)
    pools: dict[str, HostNetwork] = field(default_factory=dict)
    attached: dict[tuple[str, str], Endpoint] = field(default_factory=dict)  # (container id, network id)
    published: dict[tuple[str, str], list[PublishedPort]] = field(default_factory=dict)
    names: dict[str, dict[str, tuple[str, ...]]] = field(default_factory=dict)  # container id -> network -> names
    servers: dict[str, tuple[NameServer, ...]] = field(default_factory=dict)  # of containers with a resolver
    traffic: dict[str, list[InterfaceCounters]] = field(default_factory=dict)
    facts: dict[tuple[str, str], EndpointFacts] = field(default_factory=dict)  # (container id, network id)
    links: dict[str, tuple[LinkedPort, ...]] = field(default_factory=dict)  # by the client's address
    calls: list[str] = field(default_factory=list)

    async def start(
        self,
        networks: Sequence[Network],
        endpoints: Mapping[str, Sequence[Endpoint]],
        links: Sequence[LinkedPort] = (),
    ) -> None:
        self._enter("start")
        clients = {link.client for link in links}
        self.links = {client: tuple(link for link in links if link.client == client) for client in clients}
        for network in networks:
            self._know(network)
        for container_id, several in endpoints.items():
            for endpoint in several:
                self._adopt(container_id, endpoint)

    async def run(self) -> None:
        await asyncio.Event().wait()

    async def stop(self) -> None:
        self._enter("stop")

    async def refresh(self) -> None:
        self._enter("refresh")

    async def default_pool(self, taken: Sequence[Network]) -> str:
        known = {one.name: one.pools for one in [*taken, *self.networks.values()]}
        return str(choose_subnet(parse_pools(DEFAULT_POOLS), occupied_by_pools(known)))

    async def create(self, network: Network) -> Network:
        self._enter("create")
        if network.driver in ("host", "null"):
            return network
        if network.driver != "bridge":
            raise Unsupported(f"network {network.name}: no driver {network.driver}")
        options = parse_bridge_options(network)
        pools = []
        for version, wanted in ((4, network.enable_ipv4), (6, network.enable_ipv6)):
            given = [pool for pool in network.pools if version_of(pool) == version]
            if len(given) > 1:
                raise InvalidArgument("bridge driver doesn't support multiple subnets")
            pool = given[0] if given else IpamPool()
            if wanted and not pool.subnet:
                free = await self.default_pool(()) if version == 4 else f"fd00:{len(self.networks):x}::/64"
                pool = replace(pool, subnet=free)
            if wanted:
                pools.append(complete_pool(pool))
        complete = replace(network, pools=tuple(pools), bridge=options.name, mtu=options.mtu)
        self._know(complete)
        return complete

    async def remove(self, network: Network) -> None:
        self._enter("remove")
        if any(network_id == network.id for _, network_id in self.attached):
            raise Conflict(f"network {network.name} has active endpoints")
        self.networks.pop(network.id, None)
        self.pools.pop(network.id, None)

    async def open_netns(self, container_id: str, sysctls: Mapping[str, str]) -> str:
        self._enter("open_netns")
        self.netns[container_id] = dict(sysctls)
        return self.netns_path(container_id)

    async def close_netns(self, container_id: str) -> None:
        self._enter("close_netns")
        self.netns.pop(container_id, None)
        self.names.pop(container_id, None)
        self.servers.pop(container_id, None)

    def netns_path(self, container_id: str) -> str:
        return f"{self.exec_root}/netns/{container_id}"

    async def connect(
        self, container_id: str, network: Network, request: EndpointRequest, *, endpoint_id: str, interface: str
    ) -> Endpoint:
        self._enter("connect")
        endpoint = Endpoint(network_id=network.id, network_name=network.name, endpoint_id=endpoint_id, request=request)
        if network.driver in ("host", "null"):
            return endpoint
        if network.id not in self.pools:
            raise NotFound(f"network {network.name} not found on this host")
        if container_id not in self.netns:
            raise NotFound(f"container {container_id} has no network namespace: it is not running")
        host = self.pools[network.id]
        blank = replace(endpoint, interface=interface, host_interface=f"veth{endpoint_id[:8]}")
        endpoint = place(host, blank, host.take(request))
        self.attached[container_id, network.id] = endpoint
        return endpoint

    async def disconnect(self, container_id: str, endpoint: Endpoint) -> None:
        self._enter("disconnect")
        known = self.attached.pop((container_id, endpoint.network_id), None)
        self.published.pop((container_id, endpoint.network_id), None)
        self.names.get(container_id, {}).pop(endpoint.network_name, None)
        self.links.pop(endpoint.ipv4_address, None)
        for client, links in self.links.items():
            self.links[client] = tuple(link for link in links if link.address != endpoint.ipv4_address)
        if known and endpoint.network_id in self.pools:
            texts = (known.ipv4_address, known.ipv6_address)
            self.pools[endpoint.network_id].give_back(ip_address(text) for text in texts if text)

    async def unplug(self, container_id: str, endpoint: Endpoint) -> None:
        self._enter("unplug")
        await self.disconnect(container_id, endpoint)

    async def serve_names(
        self, container_id: str, endpoints: Sequence[Endpoint], servers: Sequence[NameServer]
    ) -> None:
        self._enter("serve_names")
        if container_id not in self.netns:
            raise NotFound(f"container {container_id} has no network namespace: it is not running")
        self.names[container_id] = {one.network_name: one.dns_names for one in endpoints if one.dns_names}
        if self.names[container_id]:
            self.servers[container_id] = tuple(servers)
        else:
            self.servers.pop(container_id, None)

    async def publish(
        self, container_id: str, endpoint: Endpoint, ports: Sequence[PortRequest]
    ) -> tuple[PublishedPort, ...]:
        self._enter("publish")
        done: list[PublishedPort] = []
        for request in ports:
            done.append(self._reserve(request, done))
        self.published.setdefault((container_id, endpoint.network_id), []).extend(done)
        return tuple(done)

    async def open_links(self, endpoint: Endpoint, links: Sequence[LinkedPort]) -> None:
        self._enter("open_links")
        self.links[endpoint.ipv4_address] = tuple(links)

    async def examine(self, container_id: str, endpoint: Endpoint) -> EndpointFacts:
        self._enter("examine")
        if (container_id, endpoint.network_id) in self.facts:
            return self.facts[container_id, endpoint.network_id]
        return EndpointFacts(
            parent=self.networks[endpoint.network_id].bridge,
            parent_up=True,
            link="up",
            inside=tuple(filter(None, (endpoint.ipv4_address, endpoint.ipv6_address))),
            inside_up=True,
            ports=tuple(PortFacts(published=port, way="rules", flows=2) for port in endpoint.published),
        )

    async def counters(self, container_id: str) -> list[InterfaceCounters]:
        self._enter("counters")
        if container_id not in self.netns:
            raise NotFound(f"container {container_id} has no network namespace: it is not running")
        return self.traffic.get(container_id, [InterfaceCounters(name="eth0")])

    async def list_netns(self) -> list[str]:
        return sorted(self.netns)

    def _enter(self, method: str) -> None:
        self.calls.append(method)
        if method in self.fail:
            raise self.fail[method]

    def _know(self, network: Network) -> None:
        self.networks[network.id] = network
        if network.driver == "bridge":
            self.pools[network.id] = HostNetwork.of(network)

    def _adopt(self, container_id: str, endpoint: Endpoint) -> None:
        self.netns.setdefault(container_id, {})
        if endpoint.network_id in self.pools and self.pools[endpoint.network_id].adopt(endpoint):
            self.attached[container_id, endpoint.network_id] = endpoint
            self.published[container_id, endpoint.network_id] = list(endpoint.published)

    def _reserve(self, request: PortRequest, done: Sequence[PublishedPort]) -> PublishedPort:
        first, last = parse_port_range(request.binding.host_port)
        candidates = range(first, last + 1) if first else range(_FIRST_EPHEMERAL, 61000)
        held = {(one.protocol, one.host_port) for several in self.published.values() for one in several}
        held |= {(one.protocol, one.host_port) for one in done}
        host_ip = request.binding.host_ip or "0.0.0.0"
        refusal = ""
        for port in candidates:
            if (request.protocol, port) in held:
                refusal = f"Bind for {host_ip}:{port} failed: port is already allocated"
            elif (request.protocol, port) in self.ports_of_host:
                refusal = f"failed to bind host port {host_ip}:{port}/{request.protocol}: address already in use"
            else:
                return PublishedPort(port=request.port, protocol=request.protocol, host_ip=host_ip, host_port=port)
        raise Conflict(refusal)
