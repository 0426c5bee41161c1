"""The Networks port of the engine: links, addresses, rules and ports of this host."""

import asyncio
import contextlib
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from pier.domain.errors import Conflict, InvalidArgument, NotFound, Unsupported
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
    parse_endpoint_sysctls,
)
from pier.network.attachment import (
    Attachment,
    HostNetwork,
    interfaces_of,
    new_host_interface,
    place,
    route_rank,
)
from pier.network.dns.service import NameService
from pier.network.examine import Examination
from pier.network.families import AnyAddress
from pier.network.firewall import Firewall
from pier.network.firewalld import follow
from pier.network.foreign import ForeignRule
from pier.network.ipam import DEFAULT_POOLS
from pier.network.layout import Layout
from pier.network.leaving import Leaving
from pier.network.link import ChildRequest, VethRequest
from pier.network.netns import NetnsDirectory
from pier.network.options import choose_interface
from pier.network.plug import Plug, plug_in, set_gateways, unplug
from pier.network.ports import Keeper
from pier.network.publisher import Publisher
from pier.network.relay.client import Relay
from pier.network.ruleset import PortRule
from pier.network.uplinks import DRIVERS
from pier.network.worker import Worker

_INSTANCE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,31}")
_WITHOUT_LINKS = ("host", "null")


class Networks:
    """Drivers bridge, host and null. State in the kernel is re-made from the records at `start`.

    `instance` names the engine: its nftables table is `inet pier_<instance>`, its bridges bear the alias
    `pier:<instance>`. `own_table_only` keeps it out of other people's forward chains. `kept_names` lists all that the
    keeper holds; with it `start` frees ports that a crash left there without a record of them. `default_pools` are
    texts as `ipam.parse_pools` takes them, `port_policy` is open, loopback-only or obey-firewall; with `direct_routing`
    who routes to a bridge reaches published ports at containers' own addresses. The methods belong to one event loop.
    """

    def __init__(
        self,
        *,
        exec_root: Path,
        instance: str,
        keeper: Keeper,
        own_table_only: bool = False,
        kept_names: Callable[[], Awaitable[Sequence[str]]] | None = None,
        default_pools: Sequence[str] = DEFAULT_POOLS,
        port_policy: str = "open",
        direct_routing: bool = False,
    ) -> None:
        if not _INSTANCE.fullmatch(instance):
            raise InvalidArgument(f"invalid instance name {instance!r}: letters, digits, `_`, `.` and `-`, at most 32")
        self._worker = Worker()
        self._netns = NetnsDirectory(exec_root / "netns")
        self._firewall = Firewall(instance, own_table_only=own_table_only)
        relay = Relay(exec_root / "relay.sock")
        self._publisher = Publisher(
            keeper=keeper,
            firewall=self._firewall,
            relay=relay,
            worker=self._worker,
            policy=port_policy,
            access=self._access,
        )
        self._direct_routing = direct_routing
        self._names = NameService(netns=self._netns, keeper=keeper, worker=self._worker)
        self._leaving = Leaving(self._worker)
        self._kept_names = kept_names
        self._layout = Layout(instance=instance, pools=default_pools, firewall=self._firewall, worker=self._worker)
        self._attachments: dict[str, dict[str, Attachment]] = {}  # by container id, then network id

    async def start(
        self,
        networks: Sequence[Network],
        endpoints: Mapping[str, Sequence[Endpoint]],
        links: Sequence[LinkedPort] = (),
    ) -> None:
        """Brings the host in line with the records; see the port."""
        self._layout.recall(networks)
        rules = []
        for container_id, several in endpoints.items():
            for endpoint in several:
                rules += await self._adopt(container_id, endpoint)
        kept = None if self._kept_names is None else await self._kept_names()
        if kept is not None:
            await self._publisher.forget_others(kept)
        await self._publisher.stop_carrying_others()
        await self._names.recall(endpoints, kept)
        everyone = [endpoint for several in endpoints.values() for endpoint in several]
        if await self._layout.start(rules, everyone, links):
            await self._worker.run("restore default routes", self._restore_routes)

    async def run(self) -> None:
        """Passes on what containers ask and only other DNS servers know, and follows firewalld; until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._names.run(), name="names")
            group.create_task(follow(lambda: self._firewall.has_firewalld, self.refresh), name="firewalld")

    async def stop(self) -> None:
        """Frees threads and descriptors; rules, bridges, namespaces and the keeper's sockets stay."""
        self._names.stop()
        self._publisher.close()
        self._attachments.clear()
        await self._worker.run("close libnftables", self._firewall.close)
        await self._worker.close()

    async def teardown(self) -> None:
        """Removes everything of this engine from the host: rules, bridges, namespaces, held ports."""
        for several in self._attachments.values():
            for attachment in several.values():
                await self._publisher.release(attachment.reservations)
        self._attachments.clear()
        for container_id in await self.list_netns():
            await self.close_netns(container_id)
        await self._layout.teardown()

    async def refresh(self) -> None:
        """Puts back rules that others removed, and follows foreign chains that began to drop. Call it now and then."""
        await self._worker.run("refresh packet rules", self._firewall.refresh)
        await self._worker.run("refresh the relay", self._publisher.refresh)

    @property
    def foreign_rules(self) -> Sequence[ForeignRule]:
        """Pier's accepts in other people's forward chains, for `info`."""
        return self._firewall.foreign_rules

    async def default_pool(self, taken: Sequence[Network]) -> str:
        """The next free subnet of the default pools, by this host's routes and by the networks given and known."""
        return await self._layout.default_pool(taken)

    async def create(self, network: Network) -> Network:
        """Makes what the network needs on this host; host and null need nothing. Raises Conflict, InvalidArgument."""
        if network.driver in _WITHOUT_LINKS or network.config_only:
            return network
        if network.driver not in ("bridge", *DRIVERS):
            raise Unsupported(f"network {network.name}: Pier has no network driver {network.driver} yet")
        return await self._layout.create(network)

    async def remove(self, network: Network) -> None:
        """Removes the bridge and its rules; absent is no error. Raises Conflict while a container uses it."""
        await self._layout.remove(network)

    async def open_netns(self, container_id: str, sysctls: Mapping[str, str]) -> str:
        """A network namespace with `lo` up and these `net.*` sysctls; its path. Raises InvalidArgument for a sysctl."""
        what = f"make the network namespace of container {container_id}"
        return str(await self._worker.run(what, lambda: self._netns.create(container_id, sysctls)))

    async def close_netns(self, container_id: str) -> None:
        """Drops it with all links in it; absent is no error."""
        await self._names.drop(container_id)
        what = f"drop the network namespace of container {container_id}"
        await self._worker.run(what, lambda: self._netns.drop(container_id))

    def netns_path(self, container_id: str) -> str:
        return str(self._netns.path(container_id))

    async def connect(
        self, container_id: str, network: Network, request: EndpointRequest, *, endpoint_id: str, interface: str
    ) -> Endpoint:
        """Takes an address and plugs the open netns into the bridge. On host and null there is nothing to plug.

        Raises Conflict (address or bridge full), InvalidArgument, NotFound (unknown network, no netns), Unsupported.
        """
        blank = Endpoint(network_id=network.id, network_name=network.name, endpoint_id=endpoint_id, request=request)
        if network.driver in _WITHOUT_LINKS:
            return blank
        await self._leaving.settle(container_id)
        host = self._layout.find(network)
        interface = choose_interface(request, interface, host.options.prefix if host.options else "eth")
        if network.id in self._attachments.get(container_id, {}):
            raise Conflict(f"container {container_id} is connected to network {network.name} already")
        addresses = host.take(request)
        attachments = self._attachments.setdefault(container_id, {})
        before = self._gateways_of(attachments)
        attachments[network.id] = Attachment(
            network_id=network.id, interface=interface, addresses=addresses, route_rank=_rank(host, request)
        )
        gateways = [one for one in self._gateways_of(attachments) if one not in before]
        blank = replace(blank, interface=interface, host_interface="" if host.uplink else new_host_interface())
        endpoint = place(host, blank, addresses)
        try:
            what = f"connect container {container_id} to network {network.name}"
            await self._worker.run(what, lambda: self._plug(container_id, host, endpoint, gateways))
        except BaseException:
            self._forget(container_id, network.id)
            raise
        return endpoint

    async def disconnect(self, container_id: str, endpoint: Endpoint) -> None:
        """Frees the endpoint's address and ports; the link goes with the netns. Idempotent."""
        self._names.leave(container_id, endpoint.network_id)
        attachment = self._attachments.get(container_id, {}).get(endpoint.network_id)
        reservations = attachment.reservations if attachment else []
        await self._publisher.withdraw(container_id, endpoint, reservations)
        host = self._layout.get(endpoint.network_id)
        if host is not None and host.opens_links and endpoint.ipv4_address:
            bridge, address = host.network.bridge, endpoint.ipv4_address
            await self._worker.run("close links", lambda: self._firewall.close_links(bridge, address))
        self._forget(container_id, endpoint.network_id)

    async def unplug(self, container_id: str, endpoint: Endpoint) -> None:
        """Takes a running container off a network; see the port."""
        attachments = self._attachments.get(container_id, {})
        attachment = attachments.get(endpoint.network_id)
        if attachment is not None and endpoint.interface:
            gateways = self._next_gateways(attachments, endpoint.network_id)
            what = f"disconnect container {container_id} from network {endpoint.network_name}"
            await self._worker.run(what, lambda: self._unplug(container_id, endpoint, gateways))
            if endpoint.host_interface:
                self._leaving.begin(container_id, endpoint.host_interface)
        await self.disconnect(container_id, endpoint)

    async def serve_names(
        self, container_id: str, endpoints: Sequence[Endpoint], servers: Sequence[NameServer]
    ) -> None:
        """Makes a container known by the endpoints' names and answers its own questions; see the port."""
        await self._names.put(container_id, endpoints, servers)

    async def publish(
        self, container_id: str, endpoint: Endpoint, ports: Sequence[PortRequest]
    ) -> tuple[PublishedPort, ...]:
        """Reserves the host ports and programs the rules. Raises Conflict when one is taken; then none is published.

        A network that is internal publishes nothing, as with Docker: there is no way into it. On macvlan and ipvlan
        a container has addresses of its own.
        """
        host = self._layout.get(endpoint.network_id)
        attachment = self._attachments.get(container_id, {}).get(endpoint.network_id)
        if not ports or (host is not None and (host.network.internal or host.uplink is not None)):
            return ()
        if host is None or attachment is None:
            raise NotFound(f"container {container_id} is not connected to network {endpoint.network_name}")
        options = host.bridge_options
        done = await self._publisher.publish(
            container_id, endpoint, ports, options.host_ip, routed=options.versions("routed")
        )
        attachment.reservations += done
        return tuple(reservation.published for reservation in done)

    async def open_links(self, endpoint: Endpoint, links: Sequence[LinkedPort]) -> None:
        """Opens ports between linked containers, where containers of one network are else apart; see the port."""
        host = self._layout.get(endpoint.network_id)
        if host is not None and host.opens_links:
            bridge, client, rules = host.network.bridge, endpoint.ipv4_address, self._layout.link_rules(links)
            await self._worker.run("open links", lambda: self._firewall.set_links(bridge, client, rules))

    def _access(self, endpoint: Endpoint) -> str:
        """Who else reaches its published ports; see Publisher."""
        host = self._layout.get(endpoint.network_id)
        if host is None or host.options is None:
            return ""
        return "direct" if self._direct_routing else "trusted" if host.options.trusted else ""

    async def examine(self, container_id: str, endpoint: Endpoint) -> EndpointFacts:
        """What the kernel has of a running container's endpoint, for whoever looks for a fault."""
        host = self._layout.get(endpoint.network_id)
        if host is None:
            return EndpointFacts()
        attachment = self._attachments.get(container_id, {}).get(endpoint.network_id)
        reservations = list(attachment.reservations) if attachment else []
        examination = Examination(host, self._netns, self._firewall, self._publisher.rules)
        what = f"examine the endpoint of container {container_id}"
        return await self._worker.run(what, lambda: examination.run(container_id, endpoint, reservations))

    async def counters(self, container_id: str) -> list[InterfaceCounters]:
        """Traffic of each interface but `lo`, as the container sees it. Raises NotFound without a netns."""
        what = f"read the counters of container {container_id}"
        return await self._worker.run(what, lambda: self._netns.counters(container_id))

    async def list_netns(self) -> list[str]:
        """The container ids that have a namespace, known or not."""
        return await self._worker.run("list network namespaces", self._netns.list_ids)

    async def _adopt(self, container_id: str, endpoint: Endpoint) -> list[PortRule]:
        """Takes a running container's address and ports into memory."""
        host = self._layout.get(endpoint.network_id)
        addresses = host.adopt(endpoint) if host is not None else ()
        if host is None or not addresses:
            return []
        attachment = Attachment(
            network_id=endpoint.network_id,
            interface=endpoint.interface,
            addresses=addresses,
            route_rank=_rank(host, endpoint.request),
        )
        self._attachments.setdefault(container_id, {})[endpoint.network_id] = attachment
        for published in endpoint.published:
            attachment.reservations.append(await self._publisher.adopt(container_id, endpoint, published))
        return self._publisher.rules(endpoint, attachment.reservations)

    def _plug(self, container_id: str, host: HostNetwork, endpoint: Endpoint, gateways: Sequence[AnyAddress]) -> None:
        with self._netns.opened(container_id) as netns:
            plug_in(
                Plug(
                    link=_link_request(host, endpoint, netns),
                    addresses=interfaces_of(endpoint),
                    gateways=tuple(gateways),
                    isolated=host.options is not None and not host.options.connected,
                    is_routed=host.uplink is not None and host.uplink.is_routed,
                    sysctls={
                        f"/proc/sys/{path.replace('IFNAME', endpoint.interface)}": value
                        for path, value in parse_endpoint_sysctls(endpoint.request.driver_opts)
                    },
                )
            )

    def _unplug(self, container_id: str, endpoint: Endpoint, gateways: Sequence[AnyAddress]) -> None:
        with self._netns.opened(container_id) as netns:
            unplug(netns, endpoint.interface, gateways, remove=not endpoint.host_interface)

    def _restore_routes(self) -> None:
        """A link that was removed may have had a container's default route."""
        for container_id, attachments in list(self._attachments.items()):
            gateways = self._gateways_of(attachments)
            if gateways:
                with contextlib.suppress(NotFound), self._netns.opened(container_id) as netns:
                    set_gateways(netns, gateways)

    def _gateways_of(self, attachments: Mapping[str, Attachment]) -> list[AnyAddress]:
        """Where the default routes go: for each family to the first network by rank that has it."""
        ranked = sorted((one.route_rank, key) for key, one in attachments.items() if one.route_rank)
        found: dict[int, AnyAddress] = {}
        for _, key in ranked:
            host = self._layout.get(key)
            for gateway in attachments[key].gateways(host) if host else ():
                found.setdefault(gateway.version, gateway)
        return list(found.values())

    def _next_gateways(self, attachments: Mapping[str, Attachment], leaving: str) -> list[AnyAddress]:
        """Who gets the default routes when one network is left; only what changes."""
        before = self._gateways_of(attachments)
        heirs = self._gateways_of({key: one for key, one in attachments.items() if key != leaving})
        return [heir for heir in heirs if heir not in before]

    def _forget(self, container_id: str, network_id: str) -> None:
        attachments = self._attachments.get(container_id, {})
        attachment = attachments.pop(network_id, None)
        if not attachments:
            self._attachments.pop(container_id, None)
        host = self._layout.get(network_id)
        if host is not None and attachment is not None:
            host.give_back(attachment.addresses)


def _rank(host: HostNetwork, request: EndpointRequest) -> tuple[int, str] | None:
    """An internal network leads nowhere, so it never gets the default route."""
    return None if host.network.internal else route_rank(request.gw_priority, host.network.name)


def _link_request(host: HostNetwork, endpoint: Endpoint, netns: int) -> VethRequest | ChildRequest:
    if host.uplink is None:
        return VethRequest(
            name=endpoint.host_interface,
            master=host.index,
            peer_name=endpoint.interface,
            peer_mac=endpoint.mac_address,
            netns=netns,
            mtu=host.bridge_options.mtu,
        )
    return ChildRequest(
        kind=host.uplink.kind,
        name=endpoint.interface,
        parent=host.index,
        netns=netns,
        mode=host.uplink.mode,
        flag=host.uplink.flag,
        mac=endpoint.mac_address if host.uplink.kind == "macvlan" else "",
        mtu=host.uplink.mtu,
    )
