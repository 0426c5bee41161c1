"""Containers that join and leave networks after they were created; a running one at once."""

import logging
from contextlib import AsyncExitStack
from dataclasses import replace

from pier.domain import ids
from pier.domain.container import Container, Status
from pier.domain.errors import Conflict, InvalidArgument, NotFound, PermissionDenied, PierError
from pier.domain.network import Endpoint, EndpointRequest, Network, without_effect
from pier.domain.record import Put
from pier.engine.containers import files, links
from pier.engine.containers.defaults import with_defaults
from pier.engine.containers.endpoints import (
    BRIDGE,
    asked_of_network,
    default_route,
    network_event,
    plan_endpoint,
    port_requests,
    publish,
    same_ports,
)
from pier.engine.containers.naming import RESOLVER, has_resolver, serve_names
from pier.engine.context import Context

_log = logging.getLogger(__name__)


class Connections:
    """Each change is made under the container's lock and goes on to its end, also when the client hangs up."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def connect(self, ref: str, container_ref: str, request: EndpointRequest) -> None:
        """Puts a container on one more network.

        Raises NotFound, PermissionDenied when it is there already, Conflict (address taken, container being removed),
        InvalidArgument for networks and modes that cannot be joined and requests they cannot fulfil.
        """
        container = self._context.memory.container(container_ref)
        network = self._context.memory.network(ref)
        await self._context.jobs.finish(self._connect(network, container.id, request), f"connect {container.id}")

    async def _connect(self, network: Network, container_id: str, request: EndpointRequest) -> None:
        memory = self._context.memory
        async with self._context.live.lock(container_id):
            container = memory.container(container_id)
            _require_lasting(container)
            planned = plan_endpoint(network, request, container.id, container.name, container.config.hostname)
            self._require_joinable(container, network)
            for warning in without_effect(request.driver_opts):
                _log.warning("container %s on network %s: %s", container.name, network.name, warning)
            container = self._with_links(container, network, request)
            if container.state.has_task:
                await self._join(container, network, planned)
            else:
                joined = replace(container, endpoints={**container.endpoints, network.name: planned})
                await memory.commit(Put(joined), durable=True)

    def _with_links(self, container: Container, network: Network, request: EndpointRequest) -> Container:
        """On the default bridge what an endpoint links to is the container's own to know, as from its creation."""
        if network.name != BRIDGE or not request.links:
            return container
        asked = links.resolve_links(
            self._context, replace(container.host_config, links=(), network_mode=BRIDGE), request.links
        )
        known = {link.alias for link in container.links}
        return replace(container, links=(*container.links, *(link for link in asked if link.alias not in known)))

    def _require_joinable(self, container: Container, network: Network) -> None:
        if container.host_config.network_mode.startswith("container:") or container.host_config.network_mode == "host":
            raise InvalidArgument(
                "container sharing network namespace with another container or host cannot be connected to any other "
                "network"
            )
        if network.driver == "host":
            raise InvalidArgument(
                "cannot connect container to host network - container must be created in host network mode"
            )
        if network.driver == "null" or "none" in container.endpoints:
            raise InvalidArgument(
                "container cannot be connected to multiple networks with one of the networks in private (none) mode"
            )
        if network.name in container.endpoints and container.state.has_task:
            raise PermissionDenied(f"endpoint with name {container.name} already exists in network {network.name}")

    async def _join(self, container: Container, network: Network, planned: Endpoint) -> None:
        """All or nothing; recorded last: a link that is not written down goes when pierd is started again."""
        networks = self._context.ports.networks
        async with AsyncExitStack() as undo:
            endpoint = await networks.connect(
                container.id,
                network,
                asked_of_network(container, planned),
                endpoint_id=ids.new_id(),
                interface=_free_interface(container),
            )
            undo.push_async_callback(networks.unplug, container.id, endpoint)
            endpoint = replace(endpoint, request=planned.request, dns_names=planned.dns_names)
            ports = port_requests(container)
            if ports and not any(item.published for item in container.endpoints.values()):
                endpoint = replace(endpoint, published=await publish(self._context, container, endpoint, ports))
            joined = replace(container, endpoints={**container.endpoints, network.name: endpoint})
            await self._tell(container, joined)
            if network.name == BRIDGE:
                await links.join(self._context, joined, container)
            await self._context.memory.commit(
                Put(joined), network_event(self._context, container.id, endpoint, "connect")
            )
            undo.pop_all()
        if network.name == BRIDGE:
            await links.follow(self._context, joined)

    async def disconnect(self, ref: str, container_ref: str) -> None:
        """Takes a container off a network; a stopped one also off one that is no more, by its name.

        Raises NotFound, InvalidArgument for the host's network, PierError (500, as dockerd) when it is not on it.
        """
        memory = self._context.memory
        container = memory.container(container_ref)
        try:
            name = memory.network(ref).name
        except NotFound:
            if container.state.has_task:
                raise
            name = ref
        await self._context.jobs.finish(self._disconnect(name, container.id), f"disconnect {container.id}")

    async def _disconnect(self, name: str, container_id: str) -> None:
        memory = self._context.memory
        async with self._context.live.lock(container_id):
            container = memory.container(container_id)
            _require_lasting(container)
            if container.host_config.network_mode == "host":
                raise InvalidArgument(
                    "cannot disconnect container from host network - container was created in host network mode"
                )
            endpoint = container.endpoints.get(name)
            if endpoint is None:
                which = "network" if container.state.has_task else "the network"  # dockerd's words for each
                raise PierError(f"container {container_id} is not connected to {which} {name}")
            rest = {key: item for key, item in container.endpoints.items() if key != name}
            left = replace(container, endpoints=rest)
            if not container.state.has_task:  # on paper alone, which is no event
                await memory.commit(Put(left), durable=True)
                return
            # Recorded first: whatever a crash leaves undone from here on, the next start does.
            await memory.commit(
                Put(left), network_event(self._context, container_id, endpoint, "disconnect"), durable=True
            )
            await self._leave(container, left, endpoint)

    async def _leave(self, container: Container, left: Container, endpoint: Endpoint) -> None:
        await self._context.ports.networks.unplug(container.id, endpoint)
        heir = default_route(self._context, left.endpoints)
        if endpoint.published and heir is not None:
            left = await self._publish_again(left, heir, endpoint)
        await self._tell(container, left)

    async def _publish_again(self, container: Container, heir: Endpoint, before: Endpoint) -> Container:
        """Its host ports lead to the network that has the default route now."""
        try:
            published = await publish(self._context, container, heir, same_ports(before.published))
        except PierError as error:  # a host process was quicker
            _log.warning("container %s has lost its ports: %s", container.id, error.message)
            return container
        endpoints = {**container.endpoints, heir.network_name: replace(heir, published=published)}
        moved = replace(container, endpoints=endpoints)
        await self._context.memory.commit(Put(moved))
        return moved

    async def _tell(self, before: Container, after: Container) -> None:
        """Names, and the files in the container that depend on its networks."""
        host = self._context.ports.host
        if has_resolver([*before.endpoints.values(), *after.endpoints.values()]):
            await serve_names(self._context, after, after.endpoints.values())
        await host.change_hosts(
            after.id,
            added=_lines(after, set(after.endpoints) - set(before.endpoints)),
            removed=_lines(before, set(before.endpoints) - set(after.endpoints)),
        )
        resolver = has_resolver(after.endpoints.values())
        if resolver != has_resolver(before.endpoints.values()):
            asked = with_defaults(after, self._context.config)
            text = files.resolv_conf(asked, await host.host_resolv_conf(), resolver=RESOLVER if resolver else "")
            await host.write_resolv_conf(after.id, text)


def _require_lasting(container: Container) -> None:
    if container.state.status in (Status.REMOVING, Status.DEAD):
        raise Conflict(
            f"container {container.id} is marked for removal and cannot be connected or disconnected to the network"
        )


def _free_interface(container: Container) -> str:
    """The first `ethN` of a number that none of its endpoints' interfaces has, whatever their prefix."""
    taken = {endpoint.interface for endpoint in container.endpoints.values()}
    numbers = {name[len(name.rstrip("0123456789")) :] for name in taken}
    return next(f"eth{number}" for number in range(len(taken) + 1) if str(number) not in numbers)


def _lines(container: Container, networks: set[str]) -> list[str]:
    return [line for name in sorted(networks) for line in files.own_lines(container, container.endpoints[name])]
