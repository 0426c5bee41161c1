"""Networks of a container: what was asked for, what it got, and its ports."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from pier.api.translate.process import listed, mapped
from pier.api.versions import Change, since
from pier.domain import ids
from pier.domain.container import Container
from pier.domain.errors import InvalidArgument
from pier.domain.network import Endpoint, EndpointRequest, PublishedPort
from pier.engine.containers.exits import without_address
from pier.wire.host_config import EndpointSettings, IpamAddresses
from pier.wire.inspect import BoundPort, PortSummary
from pier.wire.shape import UNSET


def load_endpoints(given: Mapping[str, EndpointSettings | None]) -> dict[str, EndpointRequest]:
    """Raises InvalidArgument for a network that has null in place of its settings."""
    for network, settings in given.items():
        if settings is None:
            raise InvalidArgument(f"invalid config for network {network}: EndpointsConfig is nil")
    return {network: load_endpoint(settings) for network, settings in given.items() if settings is not None}


def load_endpoint(given: EndpointSettings) -> EndpointRequest:
    fixed = given.ipam_config or IpamAddresses()
    return EndpointRequest(
        ipv4_address=fixed.ipv4_address or "",
        ipv6_address=fixed.ipv6_address or "",
        link_local_ips=tuple(fixed.link_local_ips or ()),
        mac_address=given.mac_address or "",
        aliases=tuple(given.aliases or ()),
        links=tuple(given.links or ()),
        driver_opts=dict(given.driver_opts or {}),
        gw_priority=given.gw_priority or 0,
    )


def was_launched(container: Container) -> bool:
    """Whether it has run, or a start has failed: some things show only from then on."""
    return bool(container.state.started_at or container.state.error)


def endpoints_of(container: Container) -> Mapping[str, Endpoint]:
    """By network name; of a container that does not run, without what only a running one has."""
    if container.state.has_task:
        return container.endpoints
    return {name: _at_rest(endpoint, container) for name, endpoint in container.endpoints.items()}


def _at_rest(endpoint: Endpoint, container: Container) -> Endpoint:
    """Addresses are freed just after the exit is recorded; nobody shall see them between the two."""
    resting = without_address(endpoint)
    if container.state.started_at:
        return resting
    return replace(resting, network_id="", dns_names=(), mac_address=endpoint.request.mac_address)


def describe_endpoint(endpoint: Endpoint, container: Container, version: int) -> EndpointSettings:
    request = endpoint.request
    aliases = request.aliases
    if not since(version, Change.ALIASES_AS_ASKED) and endpoint.dns_names:
        aliases = tuple(dict.fromkeys((*aliases, ids.short(container.id))))
    return EndpointSettings(
        ipam_config=_describe_fixed(request),
        links=listed(request.links),
        aliases=listed(aliases),
        mac_address=endpoint.mac_address,
        driver_opts=mapped(request.driver_opts),
        gw_priority=request.gw_priority,
        network_id=endpoint.network_id,
        endpoint_id=endpoint.endpoint_id,
        gateway=endpoint.gateway,
        ip_address=endpoint.ipv4_address,
        ip_prefix_len=endpoint.ipv4_prefix,
        ipv6_gateway=endpoint.ipv6_gateway,
        global_ipv6_address=endpoint.ipv6_address,
        global_ipv6_prefix_len=endpoint.ipv6_prefix,
        dns_names=listed(endpoint.dns_names),
    )


def describe_endpoints(container: Container, version: int) -> dict[str, EndpointSettings]:
    return {name: describe_endpoint(endpoint, container, version) for name, endpoint in endpoints_of(container).items()}


def _describe_fixed(request: EndpointRequest) -> IpamAddresses | None:
    if not (request.ipv4_address or request.ipv6_address or request.link_local_ips):
        return None
    return IpamAddresses(
        ipv4_address=request.ipv4_address or UNSET,
        ipv6_address=request.ipv6_address or UNSET,
        link_local_ips=list(request.link_local_ips) or UNSET,
    )


def published_ports(container: Container) -> dict[str, list[PublishedPort]]:
    """Of a running container: its ports by `80/tcp`, in order; an exposed one that is not published has none."""
    if not container.state.has_task:
        return {}
    ports: dict[str, list[PublishedPort]] = {
        port if "/" in port else f"{port}/tcp": [] for port in container.config.exposed_ports
    }
    for port in _published(container.endpoints.values()):
        bound = ports.setdefault(f"{port.port}/{port.protocol}", [])
        if port not in bound:
            bound.append(port)
    return dict(sorted(ports.items(), key=lambda item: _port_order(item[0])))


def _published(endpoints: Iterable[Endpoint]) -> Iterable[PublishedPort]:
    for endpoint in endpoints:
        yield from endpoint.published


def _port_order(port: str) -> tuple[int, str]:
    number, _, protocol = port.partition("/")
    digits = number.partition("-")[0]
    return (int(digits) if digits.isdigit() else 0, protocol)


def describe_ports(container: Container) -> dict[str, list[BoundPort] | None]:
    """As in inspect's NetworkSettings."""
    return {
        port: [BoundPort(host_ip=item.host_ip, host_port=str(item.host_port or "")) for item in bound] or None
        for port, bound in published_ports(container).items()
    }


def describe_port_list(container: Container) -> list[PortSummary]:
    """As in the list of containers: one entry for each bound address."""
    summaries: list[PortSummary] = []
    for port, bound in published_ports(container).items():
        number, protocol = _port_order(port)
        summaries.extend(
            PortSummary(ip=item.host_ip, private_port=number, public_port=item.host_port or UNSET, type=protocol)
            for item in bound
        )
        if not bound:
            summaries.append(PortSummary(private_port=number, type=protocol))
    return summaries
