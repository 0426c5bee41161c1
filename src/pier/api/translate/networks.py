"""Networks: requests and replies."""

from pier.api.versions import Change, since
from pier.domain.errors import InvalidArgument, Unsupported
from pier.domain.network import Endpoint, IpamPool, Network
from pier.engine.networks import CreateNetwork, NetworkDetails
from pier.wire import network as wire
from pier.wire.shape import UNSET
from pier.wire.times import rfc3339


def load_network(body: wire.NetworkCreate, version: int) -> CreateNetwork:
    """Raises Unsupported for networks of a swarm, InvalidArgument for a pool without a subnet."""
    if body.ingress:
        raise Unsupported("Pier does not support Ingress networks: it is no member of a swarm")
    if body.scope and body.scope != "local":
        raise Unsupported(f"Pier does not support networks of scope {body.scope!r}: it is no member of a swarm")
    ipam = body.ipam or wire.Ipam()
    pools = [_load_pool(pool) for pool in ipam.config or ()]
    return CreateNetwork(
        name=body.name or "",
        driver=body.driver or "bridge",
        internal=bool(body.internal),
        attachable=bool(body.attachable),
        enable_ipv4=body.enable_ipv4 if since(version, Change.ENABLE_IPV4) else None,
        enable_ipv6=body.enable_ipv6,
        pools=tuple(sorted(pools, key=lambda pool: ":" in pool.subnet)),  # dockerd shows those of IPv4 first
        ipam_driver=ipam.driver or "default",
        ipam_options=dict(ipam.options or {}),
        options=dict(body.options or {}),
        labels=dict(body.labels or {}),
        config_only=bool(body.config_only),
        config_from=(body.config_from.network if body.config_from else "") or "",
    )


def _load_pool(given: wire.IpamPool) -> IpamPool:
    if not given.subnet:
        raise InvalidArgument("invalid network config:\ninvalid subnet : invalid CIDR block notation")
    return IpamPool(
        subnet=given.subnet or "",
        gateway=given.gateway or "",
        ip_range=given.ip_range or "",
        aux_addresses=dict(given.auxiliary_addresses or {}),
    )


def describe_network(network: Network) -> wire.Network:
    """As in the list: without its containers."""
    return wire.Network(
        name=network.name,
        id=network.id,
        created=rfc3339(network.created_at),
        scope=network.scope,
        driver=network.driver,
        enable_ipv4=network.enable_ipv4,
        enable_ipv6=network.enable_ipv6,
        ipam=_describe_ipam(network),
        internal=network.internal,
        attachable=network.attachable,
        config_only=network.config_only,
        config_from=wire.ConfigReference(network=network.config_from),
        containers={},
        options=dict(network.options),
        labels=dict(network.labels),
    )


def describe_network_details(details: NetworkDetails) -> wire.Network:
    network = describe_network(details.network)
    network.containers = {
        container_id: _describe_member(name, endpoint) for container_id, (name, endpoint) in details.containers.items()
    }
    return network


def _describe_ipam(network: Network) -> wire.Ipam:
    return wire.Ipam(
        driver=network.ipam_driver,
        options=dict(network.ipam_options) or None,
        config=[_describe_pool(pool) for pool in network.pools] or None,
    )


def _describe_pool(pool: IpamPool) -> wire.IpamPool:
    return wire.IpamPool(
        subnet=pool.subnet,
        ip_range=pool.ip_range or UNSET,
        gateway=pool.gateway or UNSET,
        auxiliary_addresses=dict(pool.aux_addresses) or UNSET,
    )


def _describe_member(name: str, endpoint: Endpoint) -> wire.EndpointResource:
    return wire.EndpointResource(
        name=name,
        endpoint_id=endpoint.endpoint_id,
        mac_address=endpoint.mac_address,
        ipv4_address=f"{endpoint.ipv4_address}/{endpoint.ipv4_prefix}" if endpoint.ipv4_address else "",
        ipv6_address=f"{endpoint.ipv6_address}/{endpoint.ipv6_prefix}" if endpoint.ipv6_address else "",
    )
