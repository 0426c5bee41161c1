"""How a container finds others: its resolver at 127.0.0.11 and its resolver file."""

import ipaddress
from collections.abc import Iterable

from pier.domain.container import Container
from pier.domain.network import Endpoint, NameServer
from pier.engine.containers import files
from pier.engine.containers.defaults import with_defaults
from pier.engine.containers.endpoints import default_route
from pier.engine.context import Context

RESOLVER = "127.0.0.11"


def has_resolver(endpoints: Iterable[Endpoint]) -> bool:
    """Whether a container with these endpoints has a resolver of its own: one on a network of the user's."""
    return any(endpoint.dns_names for endpoint in endpoints)


async def serve_names(context: Context, container: Container, endpoints: Iterable[Endpoint]) -> None:
    """Tells a container's names and gives it its resolver, or takes both away; it has a network namespace.

    One that has only internal networks gets no answers by way of the host: they would be its way out.
    """
    several = {endpoint.network_name: endpoint for endpoint in endpoints}
    servers = name_servers(with_defaults(container, context.config), await context.ports.host.host_resolv_conf())
    if default_route(context, several) is None:
        servers = tuple(server for server in servers if not server.from_host)
    await context.ports.networks.serve_names(container.id, list(several.values()), servers)


def name_servers(container: Container, host_text: str) -> tuple[NameServer, ...]:
    """Who is asked for what no container is called: the container's Dns, from inside; else what the host asks.

    The host's own loopback is reached from the host only.
    """
    chosen = container.host_config.dns
    if chosen:
        return tuple(NameServer(address) for address in chosen if _is_address(address) and address != RESOLVER)
    found = [address for address in files.values_of(host_text, "nameserver") if _is_address(address)]
    if not found:
        return tuple(NameServer(address) for address in files.FALLBACK_SERVERS)
    return tuple(NameServer(address, from_host=_is_local(address)) for address in found)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _is_local(text: str) -> bool:
    address = ipaddress.ip_address(text)
    return address.is_loopback or address.is_link_local
