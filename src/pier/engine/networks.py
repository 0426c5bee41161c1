"""Use cases of networks: bridge, host and none, and bridges of the user's own."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from pier.domain import ids
from pier.domain.container import Container
from pier.domain.errors import Conflict, InvalidArgument, NotFound, PermissionDenied, PierError, Unsupported
from pier.domain.filters import Filters
from pier.domain.network import (
    FAMILY_OPTIONS,
    Endpoint,
    EndpointRequest,
    IpamPool,
    Network,
    choose_family,
    without_effect,
)
from pier.domain.record import Drop, Put
from pier.engine.connections import Connections
from pier.engine.containers.endpoints import PREDEFINED
from pier.engine.context import Context
from pier.engine.default_bridge import DefaultBridge
from pier.engine.until import parse_until

_log = logging.getLogger(__name__)
_FILTERS = ("dangling", "driver", "id", "label", "label!", "name", "scope", "type")


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateNetwork:
    name: str
    driver: str = "bridge"
    internal: bool = False
    attachable: bool = False
    enable_ipv4: bool | None = None  # None: as the options say, else yes
    enable_ipv6: bool | None = None  # None: as the options say, else no
    pools: tuple[IpamPool, ...] = ()
    ipam_driver: str = "default"
    ipam_options: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    config_only: bool = False
    config_from: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkDetails:
    """A network and who is on it now: name and endpoint by container id."""

    network: Network
    containers: Mapping[str, tuple[str, Endpoint]] = field(default_factory=dict)


class Networks:
    def __init__(self, context: Context) -> None:
        self._context = context
        self._connections = Connections(context)
        self.default_bridge = DefaultBridge(context)
        # Of creates and removals: two of one name, asked for at once, must not both find it free, nor both remove it.
        self._changing = asyncio.Lock()

    async def ensure_predefined(self) -> None:
        """Makes the records of bridge, host and none at the first start; the bridge takes the next free subnet."""
        memory = self._context.memory
        await self.default_bridge.ensure()
        known = {network.name for network in memory.networks.values()}
        for name, driver in (("host", "host"), ("none", "null")):
            if name not in known:
                await memory.commit(
                    Put(Network(id=ids.new_id(), name=name, driver=driver, created_at=memory.clock.now()))
                )

    async def create(self, request: CreateNetwork) -> tuple[str, str]:
        """(id, warning). Raises Conflict for a name in use, PermissionDenied for a reserved one, InvalidArgument."""
        async with self._changing:
            return await self._create(request)

    async def _create(self, given: CreateNetwork) -> tuple[str, str]:
        memory, request = self._context.memory, given
        if not request.name:
            raise InvalidArgument("invalid name: name is empty")
        if request.name in (*PREDEFINED, "default") or request.name.startswith("container:"):
            raise PermissionDenied(f"operation is not permitted on predefined {request.name} network")
        if any(network.name == request.name for network in memory.networks.values()):
            raise Conflict(f"network with name {request.name} already exists")
        driver = "null" if request.config_only else request.driver or "bridge"
        request, ipv4, ipv6 = self._with_families(self._with_configuration(request), driver)
        self._require_supported(request)
        if not (ipv4 or ipv6):
            raise InvalidArgument("IPv4 or IPv6 must be enabled")
        network = await self._context.ports.networks.create(
            Network(
                id=ids.new_id(),
                name=request.name,
                driver=driver,
                created_at=memory.clock.now(),
                internal=request.internal,
                attachable=request.attachable,
                enable_ipv4=ipv4,
                enable_ipv6=ipv6,
                pools=request.pools,
                ipam_options=request.ipam_options,
                options=request.options,
                labels=request.labels,
                config_only=request.config_only,
                config_from=request.config_from,
            )
        )
        attributes = {"name": network.name, "type": network.driver}
        await memory.commit(Put(network), memory.event("network", "create", network.id, attributes), durable=True)
        return network.id, "; ".join(without_effect(given.options)) if driver == "bridge" else ""

    def _with_configuration(self, request: CreateNetwork) -> CreateNetwork:
        """With what the configuration network says, which the request itself may not then; in dockerd's words."""
        if request.config_only and (request.internal or request.attachable):
            raise PermissionDenied(
                "configuration network can only contain network specific fields. Network operator fields like "
                "[ ingress | internal | attachable | scope ] are not supported."
            )
        if not request.config_from:
            return request
        source = next((one for one in self._context.memory.networks.values() if one.name == request.config_from), None)
        if source is None or not source.config_only:
            raise NotFound(f'configuration network "{request.config_from}" does not exist')
        if request.pools or request.options or request.labels or request.enable_ipv6 or request.enable_ipv4 is False:
            raise PermissionDenied(
                "user specified configurations are not supported if the network depends on a configuration network"
            )
        return replace(
            request,
            pools=source.pools,
            options=source.options,
            labels=source.labels,
            enable_ipv4=source.enable_ipv4,
            enable_ipv6=source.enable_ipv6,
            ipam_driver=source.ipam_driver,
            ipam_options=source.ipam_options,
        )

    def _with_families(self, request: CreateNetwork, driver: str) -> tuple[CreateNetwork, bool, bool]:
        """With the default options (daemon.json), unless a configuration network has its say; and which families.

        An option about a family that the request itself is about is left out, as dockerd does: it would not hold.
        """
        defaults = {} if request.config_from else self._context.config.default_network_opts.get(driver, {})
        options = {**defaults, **request.options}
        asked = {4: request.enable_ipv4, 6: request.enable_ipv6}
        ipv4, ipv6 = (choose_family(options, version, asked[version], version == 4) for version in (4, 6))
        void = {FAMILY_OPTIONS[version] for version, own in asked.items() if own is not None}
        return replace(request, options={key: options[key] for key in options if key not in void}), ipv4, ipv6

    @staticmethod
    def _require_supported(request: CreateNetwork) -> None:
        if request.driver == "overlay":
            raise Unsupported(f"Pier does not support the network driver {request.driver!r} yet")
        if request.driver in ("host", "null"):
            raise PermissionDenied(f'only one instance of "{request.driver}" network is allowed')
        if request.driver not in ("", "bridge", "macvlan", "ipvlan"):
            raise NotFound(f"could not find plugin {request.driver} in v1 plugin registry: plugin not found")
        if request.ipam_driver not in ("", "default"):
            raise NotFound(f'plugin "{request.ipam_driver}" not found')

    def get(self, ref: str) -> NetworkDetails:
        network = self._context.memory.network(ref)
        return NetworkDetails(network=network, containers=self._members(network))

    def _members(self, network: Network) -> dict[str, tuple[str, Endpoint]]:
        return {
            container.id: (container.name, endpoint)
            for container, endpoint in self._endpoints(network)
            if container.state.has_task
        }

    def _endpoints(self, network: Network) -> list[tuple[Container, Endpoint]]:
        return [
            (container, endpoint)
            for container in self._context.memory.containers.values()
            for endpoint in container.endpoints.values()
            if endpoint.network_id == network.id
        ]

    async def remove(self, ref: str) -> None:
        """Raises PermissionDenied for a predefined network and while running containers are on it, or come to it."""
        async with self._changing:
            network = self._context.memory.network(ref)
            self._require_removable(network)
            try:
                await self._drop(network)
            except Conflict as error:  # of a container that is being started
                raise PermissionDenied(f"error while removing network: {error.message}") from error

    def _require_removable(self, network: Network) -> None:
        if network.name in PREDEFINED:
            raise PermissionDenied(f"{network.name} is a pre-defined network and cannot be removed")
        if members := self._members(network):
            users = ", ".join(f'name:"{name}" id:"{ids.short(key)}"' for key, (name, _) in members.items())
            raise PermissionDenied(
                f"error while removing network: network {network.name} has active endpoints ({users})"
            )
        if network.config_only and self._depends_on(network):
            raise PermissionDenied(f'error while removing network: configuration network "{network.name}" is in use')

    def _depends_on(self, network: Network) -> bool:
        return any(one.config_from == network.name for one in self._context.memory.networks.values())

    async def _drop(self, network: Network) -> None:
        memory = self._context.memory
        await self._context.ports.networks.remove(network)
        attributes = {"name": network.name, "type": network.driver}
        await memory.commit(Drop(network), memory.event("network", "destroy", network.id, attributes), durable=True)

    async def connect(self, ref: str, container_ref: str, request: EndpointRequest) -> None:
        """Puts a container on a network too, at once if it runs; see Connections.connect."""
        await self._connections.connect(ref, container_ref, request)

    async def disconnect(self, ref: str, container_ref: str) -> None:
        """Takes a container off a network, at once if it runs; see Connections.disconnect."""
        await self._connections.disconnect(ref, container_ref)

    async def prune(self, filters: Filters) -> list[str]:
        """Removes the user's networks that no container, running or not, is on; their names."""
        filters.require_known(("until", "label", "label!"))
        until = parse_until(filters, self._context.memory.clock.now())
        memory = self._context.memory
        names = []
        async with self._changing:
            for network in list(memory.networks.values()):
                if network.config_only and self._depends_on(network):
                    continue
                if network.name in PREDEFINED or self._endpoints(network) or (until and network.created_at >= until):
                    continue
                if filters.match_labels(network.labels) and filters.match_absent_labels(network.labels):
                    try:
                        await self._drop(network)
                    except PierError as error:  # as with dockerd; perhaps a container that is being started comes to it
                        _log.warning("network %s cannot be pruned: %s", network.name, error.message)
                        continue
                    names.append(network.name)
        await memory.commit(memory.event("network", "prune", "", {"reclaimed": "0"}))
        return names

    def list(self, filters: Filters) -> "list[Network]":
        """Raises InvalidArgument for an unknown filter or a bad value."""
        filters.require_known(_FILTERS)
        for kind in filters.get("type"):
            if kind not in ("builtin", "custom"):
                raise InvalidArgument(f"invalid filter: 'type={kind}'")
        return [network for network in self._context.memory.networks.values() if self._matches(network, filters)]

    def _matches(self, network: Network, filters: Filters) -> bool:
        builtin = network.name in PREDEFINED
        checks: dict[str, Callable[[str], bool]] = {
            "driver": lambda value: value == network.driver,
            "scope": lambda value: value == network.scope,
            "type": lambda value: value == ("builtin" if builtin else "custom"),
        }
        for key, check in checks.items():
            if key in filters and not any(check(value) for value in filters.get(key)):
                return False
        if not (filters.match_text("id", network.id) and filters.match_text("name", network.name)):
            return False
        if "dangling" in filters and filters.flag("dangling", False) == (builtin or bool(self._endpoints(network))):
            return False
        return filters.match_labels(network.labels) and filters.match_absent_labels(network.labels)
