"""A container's places on networks: planned before it runs, published and chosen by rank while it does."""

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import replace

from pier.domain import ids
from pier.domain.container import Container
from pier.domain.errors import Conflict, InvalidArgument, NotFound, PierError
from pier.domain.network import (
    Endpoint,
    EndpointRequest,
    Network,
    PortBinding,
    PortRequest,
    PublishedPort,
    parse_endpoint_sysctls,
    parse_mac,
    parse_port,
)
from pier.domain.record import Publish
from pier.engine.context import Context

_INVALID = "invalid config for network {}: invalid endpoint settings:\n"
BRIDGE = "bridge"  # the default network
PREDEFINED = (BRIDGE, "host", "none")
_IPV6_SWITCH = "net.ipv6.conf.all.disable_ipv6"
_LEADING_OUT = ("bridge", "macvlan", "ipvlan")


def has_ipv6(container: Container) -> bool:
    """Whether its own sysctls leave IPv6 to a container; one without gets no address of it that it could not use."""
    sysctls = container.host_config.sysctls
    value = sysctls.get(_IPV6_SWITCH) or sysctls.get(_IPV6_SWITCH.replace(".", "/")) or "0"
    return value.strip() == "0"


def asked_of_network(container: Container, planned: Endpoint) -> EndpointRequest:
    """What a planned endpoint's network is asked for at the start; no IPv6 where the container has switched it off."""
    return replace(planned.request, without_ipv6=not has_ipv6(container))


def plan_endpoint(network: Network, request: EndpointRequest, container_id: str, name: str, hostname: str) -> Endpoint:
    """What a container shall have on a network; addresses come when it runs.

    Raises InvalidArgument for what the network cannot give.
    """
    user_defined = network.name not in PREDEFINED
    if network.config_only:
        raise PierError(
            "failed to set up container networking: cannot create endpoint on configuration-only network "
            f"{network.name}"
        )
    if not user_defined and request.aliases:
        raise InvalidArgument(
            _INVALID.format(network.name)
            + "network-scoped alias is supported only for containers in user defined networks"
        )
    if not user_defined and (request.ipv4_address or request.ipv6_address):
        raise InvalidArgument(
            f"{_INVALID.format(network.name)}* user specified IP address is supported on user defined networks only\n"
            "* user specified IP address is supported only when connecting to networks with user configured subnets"
        )
    if request.links and not user_defined and network.name != BRIDGE:
        raise InvalidArgument(f"{_INVALID.format(network.name)}links are for bridge networks and their like")
    _check_fixed(network, request)
    _check_link_local(network, request)
    try:
        request = replace(request, mac_address=parse_mac(request.mac_address) if request.mac_address else "")
        parse_endpoint_sysctls(request.driver_opts)
    except InvalidArgument as error:
        raise InvalidArgument(f"invalid config for network {network.name}: {error.message}") from error
    return Endpoint(
        network_id=network.id,
        network_name=network.name,
        request=request,
        dns_names=dns_names(request, container_id, name, hostname) if user_defined else (),
    )


def _check_fixed(network: Network, request: EndpointRequest) -> None:
    """That the network has the addresses that are asked for; whether they are free shows when the container runs."""
    for version, text in ((4, request.ipv4_address), (6, request.ipv6_address)):
        if not text:
            continue
        subnets = [ipaddress.ip_network(pool.subnet) for pool in network.pools if pool.subnet]
        subnets = [subnet for subnet in subnets if subnet.version == version]
        try:
            address = ipaddress.ip_address(text)
        except ValueError:
            address = None
        told = []
        if address is None or address.version != version or getattr(address, "ipv4_mapped", None):
            told.append(f"invalid IPv{version} address: {text}")
        if not subnets or (version == 6 and not network.enable_ipv6):
            told.append(
                "user specified IP address is supported only when connecting to networks with user configured subnets"
            )
        elif address is None or not any(address in subnet for subnet in subnets):
            told.append(f"no configured subnet or ip-range contain the IP address {text}")
        if told:
            shown = told[0] if len(told) == 1 else "\n".join(f"* {one}" for one in told)
            raise InvalidArgument(_INVALID.format(network.name) + shown)


def _check_link_local(network: Network, request: EndpointRequest) -> None:
    for text in request.link_local_ips:
        try:
            address = ipaddress.ip_address(text)
        except ValueError as error:
            raise InvalidArgument(f"{_INVALID.format(network.name)}invalid link-local IP address: {text}") from error
        if not address.is_link_local:
            raise InvalidArgument(f"{_INVALID.format(network.name)}invalid link local IP address: {text}")
        if address.version == 6 and not network.enable_ipv6:
            raise InvalidArgument(
                f"{_INVALID.format(network.name)}link-local IP address {text}: the network has no IPv6"
            )


def planned_endpoints(context: Context, container: Container) -> list[tuple[str, Endpoint, Network]]:
    """(name, what was planned, network) of each network a container is to join; none when it was taken off all.

    A network that was not there at create, or was made anew since, is found by its name. Raises NotFound.
    """
    memory = context.memory
    found = []
    for name, planned in container.endpoints.items():
        network = memory.networks.get(planned.network_id)
        if network is None:
            try:
                network = memory.network(name)
            except NotFound as error:
                raise NotFound(f"failed to set up container networking: {error.message}") from error
            planned = plan_endpoint(network, planned.request, container.id, container.name, container.config.hostname)
        found.append((network.name, planned, network))
    return found


def dns_names(request: EndpointRequest, container_id: str, name: str, hostname: str) -> tuple[str, ...]:
    """By which names others find it, each once; the container's own name first."""
    return tuple(dict.fromkeys(filter(None, (name, *request.aliases, ids.short(container_id), hostname))))


def renamed(container: Container, name: str) -> dict[str, Endpoint]:
    """Its endpoints under another name of the container."""
    hostname = container.config.hostname
    return {
        key: replace(endpoint, dns_names=dns_names(endpoint.request, container.id, name, hostname))
        if endpoint.dns_names
        else endpoint
        for key, endpoint in container.endpoints.items()
    }


def default_route(context: Context, endpoints: Mapping[str, Endpoint]) -> Endpoint | None:
    """The endpoint that leads out of the container, and that its ports are published on."""
    leading = [item for item in endpoints.values() if _leads_out(context.memory.networks.get(item.network_id))]
    return min(leading, key=lambda item: item.route_rank, default=None)


def _leads_out(network: Network | None) -> bool:
    return network is not None and network.driver in _LEADING_OUT and not network.internal


def port_requests(container: Container) -> tuple[PortRequest, ...]:
    """The ports to publish: bindings of exposed ports, and with `-P` the exposed ones that have no binding.

    A binding of a port that is not exposed is stored and shown, but publishes nothing, as with Docker.
    """
    host = container.host_config
    bindings = {parse_port(key): value for key, value in host.port_bindings.items()}
    requests = []
    for key in container.config.exposed_ports:
        port, protocol = parse_port(key)
        wanted = bindings.get((port, protocol), ())
        if not wanted and host.publish_all_ports:
            wanted = (PortBinding(),)
        requests += [PortRequest(port=port, protocol=protocol, binding=binding) for binding in wanted]
    return tuple(requests)


def same_ports(published: Sequence[PublishedPort]) -> tuple[PortRequest, ...]:
    """Requests for what is published already, to have it elsewhere under the same host ports."""
    return tuple(
        PortRequest(
            port=item.port,
            protocol=item.protocol,
            binding=PortBinding(host_ip=item.host_ip, host_port=str(item.host_port)),
        )
        for item in published
    )


async def publish(
    context: Context, container: Container, endpoint: Endpoint, ports: Sequence[PortRequest]
) -> tuple[PublishedPort, ...]:
    """A taken port is no conflict with the container's state but a start that failed: 500, as from dockerd."""
    try:
        return await context.ports.networks.publish(container.id, endpoint, ports)
    except Conflict as error:
        where = f"endpoint {container.name} ({endpoint.endpoint_id})"
        reason = f"driver failed programming external connectivity on {where}: {error.message}"
        raise PierError(f"failed to set up container networking: {reason}") from error


def network_event(context: Context, container_id: str, endpoint: Endpoint, action: str) -> Publish:
    """`network connect` or `disconnect` of one endpoint."""
    network = context.memory.networks.get(endpoint.network_id)
    kind = network.driver if network else "bridge"
    attributes = {"container": container_id, "name": endpoint.network_name, "type": kind}
    return context.memory.event("network", action, endpoint.network_id, attributes)


def network_events(context: Context, container: Container, action: str) -> list[Publish]:
    """The same for each endpoint of a container."""
    return [network_event(context, container.id, endpoint, action) for endpoint in container.endpoints.values()]


def volume_events(context: Context, container: Container, action: str) -> list[Publish]:
    """`volume mount` or `unmount` of each volume of a container."""
    events = []
    for point in container.mount_points:
        if point.type == "volume":
            attributes = {"container": container.id, "driver": point.driver}
            if action == "mount":
                attributes |= {
                    "destination": point.destination,
                    "propagation": point.propagation,
                    "read/write": "true" if point.writable else "false",
                }
            events.append(context.memory.event("volume", action, point.name, attributes))
    return events
