"""The bridge networks of this host: which there are, their subnets, their bridges and the rules round them."""

import asyncio
import logging
import uuid
from collections.abc import Collection, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from pier.domain.errors import Conflict, InvalidArgument, NotFound, PermissionDenied, PierError
from pier.domain.network import Endpoint, IpamPool, LinkedPort, Network
from pier.network.attachment import HostNetwork
from pier.network.bridges import Bridges
from pier.network.firewall import Firewall
from pier.network.ipam import (
    Occupied,
    choose_subnet,
    complete_pool,
    find_overlap,
    occupied_by_pools,
    parse_pools,
    unique_local_pool,
    version_of,
)
from pier.network.options import parse_bridge_options
from pier.network.ruleset import LinkRule, PortRule
from pier.network.translation import translated
from pier.network.uplinks import DRIVERS, Uplinks, parse_uplink
from pier.network.worker import Worker

_log = logging.getLogger(__name__)


class Layout:
    """Makes and removes bridge networks. Changes take turns; a bridge is never up before its rules stand."""

    def __init__(self, *, instance: str, pools: Sequence[str], firewall: Firewall, worker: Worker) -> None:
        self._pools = parse_pools(pools)
        self._own_pool = unique_local_pool(f"{machine_id()} {instance}")
        self._bridges = Bridges(instance)
        self._uplinks = Uplinks(instance)
        self._firewall = firewall
        self._worker = worker
        self._networks: dict[str, HostNetwork] = {}
        self._lock = asyncio.Lock()

    def recall(self, networks: Sequence[Network]) -> None:
        """Fills memory from the records, before anything is done to the host."""
        drivers = ("bridge", *DRIVERS)
        known = [one for one in networks if one.driver in drivers and not one.config_only]
        self._networks = {one.id: HostNetwork.of(one) for one in known}

    async def start(
        self, ports: Sequence[PortRule], endpoints: Sequence[Endpoint], links: Sequence[LinkedPort] = ()
    ) -> int:
        """Makes the host as recalled: rules, bridges, the links of running containers on them, and no others.

        Returns how many others there were.
        """
        async with self._lock:
            hosts = [host for host in self._networks.values() if host.uplink is None]
            rules = [host.rule for host in hosts]
            opened = self.link_rules(links)
            await self._worker.run("set up packet rules", lambda: self._firewall.start(rules, ports, opened))
            await self._worker.run("set up bridges", lambda: self._settle(hosts))
            await self._worker.run("set up parent interfaces", self._settle_uplinks)
            return await self._worker.run("attach links to bridges", lambda: self._adopt_links(endpoints))

    async def teardown(self) -> None:
        """Removes all rules and all bridges that bear the engine's mark, known or not."""
        async with self._lock:
            names = await self._worker.run("list bridges", self._bridges.list_names)
            await self._worker.run("remove packet rules", lambda: self._firewall.teardown(names))
            for name in names:
                await self._worker.run(f"remove bridge {name}", partial(self._bridges.remove, name))
            await self._worker.run("remove parent interfaces", lambda: self._uplinks.remove_others(()))
            self._networks.clear()

    def get(self, network_id: str) -> HostNetwork | None:
        return self._networks.get(network_id)

    def find(self, network: Network) -> HostNetwork:
        """Raises NotFound."""
        host = self._networks.get(network.id)
        if host is None:
            raise NotFound(f"network {network.name} not found on this host")
        return host

    def link_rules(self, links: Sequence[LinkedPort]) -> list[LinkRule]:
        """Of those links that need a rule: on bridges whose containers are apart."""
        rules = []
        for link in links:
            host = self._networks.get(link.network_id)
            if host is not None and host.opens_links:
                rules.append(
                    LinkRule(
                        bridge=host.network.bridge,
                        client=link.client,
                        address=link.address,
                        protocol=link.protocol,
                        port=link.port,
                    )
                )
        return rules

    async def default_pool(self, taken: Sequence[Network]) -> str:
        """The next free subnet by this host's routes and by the networks given and known. Raises Conflict."""
        return await self._choose(4, taken)

    async def _choose(self, version: int, taken: Sequence[Network]) -> str:
        known = {one.id: one for one in taken} | {one.network.id: one.network for one in self._networks.values()}
        routed = await self._worker.run("list routes", self._bridges.occupied)
        occupied = [*occupied_by_pools({one.name: one.pools for one in known.values()}), *routed]
        pools = [pool for pool in self._pools if pool[0].version == version]
        return str(choose_subnet(pools if pools or version == 4 else [self._own_pool], occupied))

    async def create(self, network: Network) -> Network:
        """Makes a bridge; the network with what was left open filled in. Raises Conflict, InvalidArgument."""
        async with self._lock:
            if network.driver in DRIVERS:
                return await self._create_on_parent(network)
            host = HostNetwork.of(await self._complete(network))
            rule = host.rule
            await self._worker.run(f"protect bridge {rule.name}", lambda: self._firewall.add_bridge(rule))
            try:
                await self._worker.run(f"create bridge {rule.name}", lambda: self._ensure(host))
            except BaseException:
                await self._worker.run(f"unprotect bridge {rule.name}", lambda: self._firewall.remove_bridge(rule.name))
                raise
            self._networks[network.id] = host
            return host.network

    async def remove(self, network: Network) -> None:
        """Removes the bridge and its rules; absent is no error. Raises Conflict while a container uses it."""
        async with self._lock:
            host = self._networks.get(network.id)
            if host is None:
                return
            if not all(pool.is_unused for pool in host.pools):
                raise Conflict(f"network {network.name} has active endpoints")
            del self._networks[network.id]  # from here on nobody can come to it
            try:
                await self._remove(host)
            except BaseException:
                self._networks[network.id] = host
                raise

    async def _remove(self, host: HostNetwork) -> None:
        if host.uplink is not None:
            parent = host.uplink.parent
            await self._worker.run(f"remove interface {parent}", lambda: self._uplinks.remove(parent))
            return
        name = host.network.bridge
        await self._worker.run(f"remove bridge {name}", lambda: self._bridges.remove(name))
        await self._worker.run(f"unprotect bridge {name}", lambda: self._firewall.remove_bridge(name))

    async def _create_on_parent(self, network: Network) -> Network:
        """macvlan and ipvlan. Raises Conflict for a parent in use, as dockerd, and what Uplinks.ensure raises."""
        uplink = parse_uplink(network)
        for other in self._networks.values():
            if other.uplink is not None and other.uplink.parent == uplink.parent:
                raise Conflict(f"network {other.network.name} is already using parent interface {uplink.parent}")
        complete = replace(network, pools=await self._complete_pools(network), mtu=uplink.mtu or network.mtu)
        host = HostNetwork.of(complete)
        self._require_unused_pools(host, [])
        host.index = await self._worker.run(f"set up {uplink.parent}", lambda: self._uplinks.ensure(uplink))
        self._networks[network.id] = host
        return complete

    async def _complete(self, network: Network) -> Network:
        """Fills in pool, gateway, bridge and MTU.

        Raises PermissionDenied for a subnet in use (403, as dockerd), Conflict for a bridge in use.
        """
        options = parse_bridge_options(network)
        pools = await self._complete_pools(network, options.without_gateway(internal=network.internal))
        complete = replace(network, pools=pools, bridge=options.name, mtu=options.mtu)
        await self._require_free(complete)
        return complete

    async def _complete_pools(self, network: Network, without_gateway: Collection[int] = ()) -> tuple[IpamPool, ...]:
        """Those that were given, then one of each family that is wanted and was not."""
        pools: list[IpamPool] = []
        for version, wanted in ((4, network.enable_ipv4), (6, network.enable_ipv6)):
            given = [pool for pool in network.pools if version_of(pool) == version]
            if len(given) > 1 and network.driver == "bridge":
                raise InvalidArgument("bridge driver doesn't support multiple subnets")
            if not wanted:
                pools += given  # shown, and unused
                continue
            for pool in given or [IpamPool()]:
                if not pool.subnet and len(given) > 1:
                    raise InvalidArgument(f"network {network.name}: each of several subnets must be named")
                subnet = pool.subnet or await self._choose(version, ())
                pools.append(complete_pool(replace(pool, subnet=subnet), gateway=version not in without_gateway))
        return tuple(sorted(pools, key=lambda pool: _position(pool, network.pools)))

    async def _require_free(self, network: Network) -> None:
        others = [one.network for key, one in self._networks.items() if key != network.id]
        namesake = next((one for one in others if one.bridge == network.bridge), None)
        if namesake is not None:
            raise Conflict(f"bridge {network.bridge} belongs to network {namesake.name}: choose another bridge name")
        # Docker looks at its own networks only; to take a subnet that is on a wire of this host would cut it off.
        occupied = partial(self._bridges.occupied, except_link=network.bridge, wires=True)
        wires = await self._worker.run("list routes", occupied)
        host = HostNetwork.of(network)
        if host.bridge_options.bare:  # such a bridge may be an end of the very wire
            wires = [wire for wire in wires if wire.subnet.version == 6]
        self._require_unused_pools(host, wires)

    def _require_unused_pools(self, host: HostNetwork, wires: Sequence[Occupied]) -> None:
        network = host.network
        others = {one.network.name: one.network.pools for key, one in self._networks.items() if key != network.id}
        taken = [*occupied_by_pools(others), *wires]
        for pool in host.pools:
            clash = find_overlap(pool.subnet, taken)
            taken.append(Occupied(pool.subnet, f"network {network.name} itself"))
            if clash is not None:
                raise PermissionDenied(
                    f"invalid pool request: Pool overlaps with other one on this address space: {pool.subnet} of "
                    f"network {network.name} with {clash.subnet} of {clash.owner}"
                )

    def _settle(self, hosts: Sequence[HostNetwork]) -> None:
        """All bridges that are recorded, and none of ours that is not."""
        recorded = {host.network.bridge for host in hosts}
        for name in self._bridges.list_names():
            if name not in recorded:
                self._bridges.remove(name)
        for host in hosts:
            self._ensure(host)

    def _settle_uplinks(self) -> None:
        uplinks = [host for host in self._networks.values() if host.uplink is not None]
        self._uplinks.remove_others({host.uplink.parent for host in uplinks if host.uplink})
        for host in uplinks:
            try:
                assert host.uplink is not None
                host.index = self._uplinks.ensure(host.uplink)
            except (PierError, OSError) as error:  # an interface that was pulled out must not keep pierd from starting
                _log.error("network %s is out of order: %s", host.network.name, error)

    def _ensure(self, host: HostNetwork) -> None:
        with translated(f"set up bridge {host.network.bridge}"):
            without = host.bridge_options.versions("isolated") | ({4} if host.bridge_options.bare else set())
            pools = [pool for pool in host.pools if pool.subnet.version not in without]
            addresses = [pool.gateway_interface for pool in pools if pool.gateway_interface is not None]
            name, mtu = host.network.bridge, host.bridge_options.mtu
            host.index = self._bridges.ensure(name, addresses, mtu, detours=host.opens_links)

    def _adopt_links(self, endpoints: Sequence[Endpoint]) -> int:
        """How many links nobody knows were found, and removed."""
        for endpoint in endpoints:
            host = self._networks.get(endpoint.network_id)
            if host is not None and host.uplink is None and endpoint.host_interface:
                isolated = not host.bridge_options.connected
                self._bridges.adopt_port(endpoint.host_interface, host.network.bridge, isolated=isolated)
        return self._bridges.remove_strays({endpoint.host_interface for endpoint in endpoints})


def machine_id() -> str:
    """What tells this host from others (machine-id(5)), or what comes nearest to it."""
    try:
        return Path("/etc/machine-id").read_text().strip() or hex(uuid.getnode())
    except OSError:
        return hex(uuid.getnode())


def _position(pool: IpamPool, given: Sequence[IpamPool]) -> int:
    """The user's pools stay in the user's order, in front of the others."""
    subnets = [one.subnet for one in given]
    return subnets.index(pool.subnet) if pool.subnet in subnets else len(subnets)
