"""The Networks port of the engine: links, addresses, rules and ports of this host."""

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from pathlib import Path
from typing import TypeVar

from pier.domain.errors import Conflict, InvalidArgument, NotFound, Unsupported
from pier.domain.network import (
    Endpoint,
    EndpointRequest,
    InterfaceCounters,
    IpamPool,
    Network,
    PortRequest,
    PublishedPort,
)
from pier.network.attachment import Attachment, HostNetwork, mac_of, new_host_interface, port_rules, route_rank
from pier.network.bridges import Bridges
from pier.network.firewall import Firewall
from pier.network.foreign import ForeignRule
from pier.network.ipam import DEFAULT_POOLS, choose_subnet, complete_pool, find_overlap, occupied_by_pools, parse_pools
from pier.network.link import VethRequest
from pier.network.netns import NetnsDirectory
from pier.network.options import choose_interface, parse_bridge_options
from pier.network.plug import Plug, plug_in
from pier.network.ports import Keeper, PortTable, Reservation, keeper_name
from pier.network.ruleset import PortRule
from pier.network.translation import translated

_INSTANCE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,31}")
_THREADS = 4
_SETTLE = 10.0  # seconds that a cancelled call waits for its thread

_Result = TypeVar("_Result")


class Networks:
    """Drivers bridge, host and null. State in the kernel is re-made from the records at `start`.

    `instance` names the engine: its nftables table is `inet pier_<instance>`, its bridges bear the alias
    `pier:<instance>`. `own_table_only` keeps it out of other people's forward chains. `default_pools` are texts as
    `ipam.parse_pools` takes them. The methods belong to one event loop.
    """

    def __init__(
        self,
        *,
        exec_root: Path,
        instance: str,
        keeper: Keeper,
        own_table_only: bool = False,
        default_pools: Sequence[str] = DEFAULT_POOLS,
    ) -> None:
        if not _INSTANCE.fullmatch(instance):
            raise InvalidArgument(f"invalid instance name {instance!r}: letters, digits, `_`, `.` and `-`, at most 32")
        self._keeper = keeper
        self._pools = parse_pools(default_pools)
        self._netns = NetnsDirectory(exec_root / "netns")
        self._bridges = Bridges(instance)
        self._firewall = Firewall(instance, own_table_only=own_table_only)
        self._ports = PortTable()
        self._executor = ThreadPoolExecutor(_THREADS, thread_name_prefix="network")
        self._networks: dict[str, HostNetwork] = {}
        self._attachments: dict[str, dict[str, Attachment]] = {}  # by container id, then network id
        self._layout_lock = asyncio.Lock()  # held while the set of networks changes

    async def start(self, networks: Sequence[Network], endpoints: Mapping[str, Sequence[Endpoint]]) -> None:
        """Brings the host in line with the records; see the port. Rules first, so that no bridge is ever unguarded."""
        async with self._layout_lock:
            self._networks = {one.id: HostNetwork.of(one) for one in networks if one.driver == "bridge"}
            rules = []
            for container_id, several in endpoints.items():
                for endpoint in several:
                    rules += await self._adopt(container_id, endpoint)
            hosts = list(self._networks.values())
            await self._run("set up packet rules", lambda: self._firewall.start([host.rule for host in hosts], rules))
            await self._run("set up bridges", lambda: self._settle_bridges(hosts))
            flat = [endpoint for several in endpoints.values() for endpoint in several]
            await self._run("attach links to bridges", lambda: self._adopt_links(flat))

    async def stop(self) -> None:
        """Frees threads and descriptors; rules, bridges, namespaces and the keeper's sockets stay."""
        self._ports.close()
        self._attachments.clear()
        await asyncio.to_thread(self._firewall.close)
        await asyncio.to_thread(self._executor.shutdown)

    async def teardown(self) -> None:
        """Removes everything of this engine from the host: rules, bridges, namespaces, held ports."""
        for container_id, several in list(self._attachments.items()):
            for attachment in list(several.values()):
                await self._free_ports(attachment.reservations)
            self._attachments.pop(container_id, None)
        for container_id in await self.list_netns():
            await self.close_netns(container_id)
        bridges = await self._run("list bridges", self._bridges.list_names)
        await self._run("remove packet rules", lambda: self._firewall.teardown(bridges))
        for name in bridges:
            await self._run(f"remove bridge {name}", partial(self._bridges.remove, name))
        self._networks.clear()

    async def refresh(self) -> None:
        """Puts back rules that others removed, and follows foreign chains that began to drop. Call it now and then."""
        await self._run("refresh packet rules", self._firewall.refresh)

    @property
    def foreign_rules(self) -> Sequence[ForeignRule]:
        """Pier's accepts in other people's forward chains, for `info`."""
        return self._firewall.foreign_rules

    async def default_pool(self, taken: Sequence[Network]) -> str:
        """The next free subnet of the default pools, by this host's routes and by the networks given and known."""
        known = {one.id: one for one in taken} | {one.network.id: one.network for one in self._networks.values()}
        routed = await self._run("list routes", self._bridges.occupied)
        occupied = [*occupied_by_pools({one.name: one.pools for one in known.values()}), *routed]
        return str(choose_subnet(self._pools, occupied))

    async def create(self, network: Network) -> Network:
        """Makes a bridge network; the other drivers have nothing to make. Raises Conflict, InvalidArgument."""
        if network.driver in ("host", "null"):
            return network
        if network.driver != "bridge":
            raise Unsupported(f"network {network.name}: Pier has no network driver {network.driver} yet")
        async with self._layout_lock:
            host = HostNetwork.of(await self._complete(network))
            rule = host.rule
            await self._run(f"protect bridge {rule.name}", lambda: self._firewall.add_bridge(rule))
            try:
                await self._run(f"create bridge {rule.name}", lambda: self._ensure_bridges([host]))
            except BaseException:
                await self._run(f"unprotect bridge {rule.name}", lambda: self._firewall.remove_bridge(rule.name))
                raise
            self._networks[network.id] = host
            return host.network

    async def remove(self, network: Network) -> None:
        """Removes the bridge and its rules; absent is no error. Raises Conflict while a container uses it."""
        async with self._layout_lock:
            host = self._networks.get(network.id)
            if host is None:
                return
            if not host.pool.is_unused:
                raise Conflict(f"network {network.name} has active endpoints")
            name = host.network.bridge
            await self._run(f"remove bridge {name}", lambda: self._bridges.remove(name))
            await self._run(f"unprotect bridge {name}", lambda: self._firewall.remove_bridge(name))
            del self._networks[network.id]

    async def open_netns(self, container_id: str, sysctls: Mapping[str, str]) -> str:
        """A network namespace with `lo` up and these `net.*` sysctls; its path. Raises InvalidArgument for a sysctl."""
        what = f"make the network namespace of container {container_id}"
        return str(await self._run(what, lambda: self._netns.create(container_id, sysctls)))

    async def close_netns(self, container_id: str) -> None:
        """Drops it with all links in it; absent is no error."""
        what = f"drop the network namespace of container {container_id}"
        await self._run(what, lambda: self._netns.drop(container_id))

    def netns_path(self, container_id: str) -> str:
        return str(self._netns.path(container_id))

    async def connect(
        self, container_id: str, network: Network, request: EndpointRequest, *, endpoint_id: str, interface: str
    ) -> Endpoint:
        """Takes an address and plugs the open netns into the bridge. On host and null there is nothing to plug.

        Raises Conflict (address or bridge full), InvalidArgument, NotFound (unknown network, no netns), Unsupported.
        """
        interface = choose_interface(request, interface)
        blank = Endpoint(network_id=network.id, network_name=network.name, endpoint_id=endpoint_id, request=request)
        if network.driver in ("host", "null"):
            return blank
        host = self._find(network)
        attachments = self._attachments.setdefault(container_id, {})
        if network.id in attachments:
            raise Conflict(f"container {container_id} is connected to network {network.name} already")
        address = host.pool.claim(request.ipv4_address) if request.ipv4_address else host.pool.allocate()
        rank = route_rank(request.gw_priority, network.name)
        attachments[network.id] = Attachment(network_id=network.id, address=address, route_rank=rank)
        endpoint = replace(
            blank,
            interface=interface,
            host_interface=new_host_interface(),
            mac_address=request.mac_address or mac_of(address),
            ipv4_address=str(address),
            ipv4_prefix=host.pool.subnet.prefixlen,
            gateway="" if network.internal else str(host.pool.gateway),
        )
        try:
            what = f"connect container {container_id} to network {network.name}"
            await self._run(what, lambda: self._plug(container_id, host, endpoint))
        except BaseException:
            self._forget(container_id, network.id)
            raise
        return endpoint

    async def disconnect(self, container_id: str, endpoint: Endpoint) -> None:
        """Frees the endpoint's address and ports; the link goes with the netns. Idempotent."""
        attachment = self._attachments.get(container_id, {}).get(endpoint.network_id)
        reservations = list(attachment.reservations) if attachment else []
        known = {reservation.published for reservation in reservations}
        if reservations:
            rules = port_rules(endpoint, reservations)
            await self._run("withdraw published ports", lambda: self._firewall.change_ports(removed=rules))
            await self._free_ports(reservations)
        for published in endpoint.published:
            if published not in known:  # held by the keeper for a container that ended while pierd was away
                await self._keeper.forget(keeper_name(container_id, published))
        self._forget(container_id, endpoint.network_id)

    async def publish(
        self, container_id: str, endpoint: Endpoint, ports: Sequence[PortRequest]
    ) -> tuple[PublishedPort, ...]:
        """Reserves the host ports and programs the rules. Raises Conflict when one is taken; then none is published.

        A network that is internal publishes nothing, as with Docker: there is no way into it.
        """
        host = self._networks.get(endpoint.network_id)
        attachment = self._attachments.get(container_id, {}).get(endpoint.network_id)
        if not ports or (host is not None and host.network.internal):
            return ()
        if host is None or attachment is None:
            raise NotFound(f"container {container_id} is not connected to network {endpoint.network_name}")
        done: list[Reservation] = []
        try:
            await self._run(
                "reserve host ports",
                lambda: self._ports.reserve_all(container_id, ports, host.options.host_ip, done),
            )
            for reservation in done:
                if reservation.sock is not None:
                    await self._keeper.put(reservation.keeper_name, [reservation.sock.fileno()])
            rules = port_rules(endpoint, done)
            await self._run("publish ports", lambda: self._firewall.change_ports(added=rules))
        except BaseException:
            await self._free_ports(done)
            raise
        attachment.reservations += done
        return tuple(reservation.published for reservation in done)

    async def counters(self, container_id: str) -> list[InterfaceCounters]:
        """Traffic of each interface but `lo`, as the container sees it. Raises NotFound without a netns."""
        what = f"read the counters of container {container_id}"
        return await self._run(what, lambda: self._netns.counters(container_id))

    async def list_netns(self) -> list[str]:
        """The container ids that have a namespace, known or not."""
        return await self._run("list network namespaces", self._netns.list_ids)

    def _find(self, network: Network) -> HostNetwork:
        host = self._networks.get(network.id)
        if host is None:
            raise NotFound(f"network {network.name} not found on this host")
        return host

    async def _complete(self, network: Network) -> Network:
        """Fills in pool, gateway, bridge and MTU. Raises Conflict for a subnet in use."""
        options = parse_bridge_options(network)
        pools = network.pools or (IpamPool(),)
        if len(pools) > 1:
            raise Unsupported(f"network {network.name}: Pier gives a network one subnet only")
        pool = pools[0] if pools[0].subnet else replace(pools[0], subnet=await self.default_pool(()))
        pool = complete_pool(pool)
        others = {one.network.name: one.network.pools for key, one in self._networks.items() if key != network.id}
        # Docker looks at its own networks only; to take a subnet that is on a wire of this host would cut it off.
        wires = await self._run("list routes", lambda: self._bridges.occupied(except_link=options.name, wires=True))
        clash = find_overlap(IPv4Network(pool.subnet), [*occupied_by_pools(others), *wires])
        if clash is not None:
            raise Conflict(
                f"invalid pool request: Pool overlaps with other one on this address space: {pool.subnet} of network "
                f"{network.name} with {clash.subnet} of {clash.owner}"
            )
        return replace(network, pools=(pool,), bridge=options.name, mtu=options.mtu)

    def _ensure_bridges(self, hosts: Sequence[HostNetwork]) -> None:
        for host in hosts:
            with translated(f"set up bridge {host.network.bridge}"):
                host.index = self._bridges.ensure(host.network.bridge, host.pool.gateway_interface, host.options.mtu)

    def _settle_bridges(self, hosts: Sequence[HostNetwork]) -> None:
        """At start: all that are recorded, and none of ours that is not."""
        recorded = {host.network.bridge for host in hosts}
        for name in self._bridges.list_names():
            if name not in recorded:
                self._bridges.remove(name)
        self._ensure_bridges(hosts)

    def _adopt_links(self, endpoints: Sequence[Endpoint]) -> None:
        for endpoint in endpoints:
            host = self._networks.get(endpoint.network_id)
            if host is not None and endpoint.host_interface:
                self._bridges.adopt_port(
                    endpoint.host_interface, host.network.bridge, isolated=not host.options.connected
                )

    async def _adopt(self, container_id: str, endpoint: Endpoint) -> list[PortRule]:
        """Takes a running container's address and ports into memory."""
        host = self._networks.get(endpoint.network_id)
        if host is None or not endpoint.ipv4_address:
            return []
        address = IPv4Address(endpoint.ipv4_address)
        host.pool.adopt(address)
        attachment = Attachment(
            network_id=endpoint.network_id,
            address=address,
            route_rank=route_rank(endpoint.request.gw_priority, endpoint.network_name),
        )
        self._attachments.setdefault(container_id, {})[endpoint.network_id] = attachment
        for published in endpoint.published:
            name = keeper_name(container_id, published)
            kept = await self._keeper.take(name)
            reservation = self._ports.adopt(container_id, published, kept)
            attachment.reservations.append(reservation)
            if reservation.sock is not None:
                await self._keeper.put(name, [reservation.sock.fileno()])
        return port_rules(endpoint, attachment.reservations)

    def _plug(self, container_id: str, host: HostNetwork, endpoint: Endpoint) -> None:
        attachments = self._attachments[container_id]
        first = min(attachments.values(), key=lambda one: one.route_rank)
        with self._netns.opened(container_id) as netns:
            plug_in(
                Plug(
                    veth=VethRequest(
                        name=endpoint.host_interface,
                        master=host.index,
                        peer_name=endpoint.interface,
                        peer_mac=endpoint.mac_address,
                        netns=netns,
                        mtu=host.options.mtu,
                    ),
                    address=IPv4Interface(f"{endpoint.ipv4_address}/{endpoint.ipv4_prefix}"),
                    gateway=host.pool.gateway if endpoint.gateway and first.network_id == endpoint.network_id else None,
                    isolated=not host.options.connected,
                )
            )

    async def _free_ports(self, reservations: Sequence[Reservation]) -> None:
        for reservation in reservations:
            await self._keeper.forget(reservation.keeper_name)
        self._ports.release(reservations)

    def _forget(self, container_id: str, network_id: str) -> None:
        attachments = self._attachments.get(container_id, {})
        attachment = attachments.pop(network_id, None)
        if not attachments:
            self._attachments.pop(container_id, None)
        host = self._networks.get(network_id)
        if host is not None and attachment is not None:
            host.pool.release(attachment.address)

    async def _run(self, what: str, work: Callable[[], _Result]) -> _Result:
        """Runs blocking work in a thread; a cancelled caller waits until it has ended, so that undoing finds all."""
        future = asyncio.get_running_loop().run_in_executor(self._executor, work)
        try:
            with translated(what):
                return await asyncio.shield(future)
        except asyncio.CancelledError:
            await asyncio.wait([future], timeout=_SETTLE)
            raise
