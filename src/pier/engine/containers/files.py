"""The text of a container's hosts and resolv.conf files."""

import ipaddress
import re
from collections.abc import Iterable, Sequence

from pier.domain.container import Container, HostConfig
from pier.domain.network import Endpoint
from pier.engine.containers.endpoints import has_ipv6

_LOCAL = "127.0.0.1\tlocalhost\n"
_LOCAL_IPV6 = """\
::1\tlocalhost ip6-localhost ip6-loopback
fe00::\tip6-localnet
ff00::\tip6-mcastprefix
ff02::1\tip6-allnodes
ff02::2\tip6-allrouters
"""
# Used when the host itself resolves through a loopback address, which is another one inside.
FALLBACK_SERVERS = ("8.8.8.8", "8.8.4.4")


def hosts_file(
    container: Container, endpoints: Iterable[Endpoint], host_gateways: Sequence[str], linked: Iterable[str] = ()
) -> str:
    """localhost (with IPv6 if there is IPv6), then ExtraHosts, then who is `linked`, then own addresses and names."""
    lines = [_LOCAL, _LOCAL_IPV6] if has_ipv6(container) else [_LOCAL]
    for entry in container.host_config.extra_hosts:
        name, _, address = entry.partition(":")
        lines += [f"{one}\t{name}\n" for one in (host_gateways if address == "host-gateway" else (address,))]
    lines += linked
    return "".join([*lines, *(line for endpoint in endpoints for line in own_lines(container, endpoint))])


def own_lines(container: Container, endpoint: Endpoint) -> list[str]:
    """The container's names at its addresses on one network, as they stand in its hosts file."""
    names = _own_names(container.config.hostname, container.config.domainname)
    addresses = (endpoint.ipv4_address, endpoint.ipv6_address) if names else ()
    return [f"{address}\t{names}\n" for address in addresses if address]


def _own_names(hostname: str, domainname: str) -> str:
    """`host.domain host`; a host name with dots counts as both."""
    full = f"{hostname}.{domainname}" if domainname else hostname
    short = full.partition(".")[0]
    return full if full == short else f"{full} {short}"


def resolv_conf(container: Container, host_text: str, *, resolver: str = "") -> str:
    """The host's resolver settings without servers that are the host's own loopback, overridden by dns options.

    On the host's network those are within reach. With a `resolver` of the container's own that is its only server,
    which asks all others; names without a dot are looked up as they are then.
    """
    host = container.host_config
    known = values_of(host_text, "nameserver")
    servers = host.dns or tuple(known if host.network_mode == "host" else filter(_is_reachable, known))
    servers = servers or FALLBACK_SERVERS
    search = host.dns_search or tuple(" ".join(values_of(host_text, "search")[-1:]).split())
    options = host.dns_options or tuple(" ".join(values_of(host_text, "options")[-1:]).split())
    if resolver:
        servers = (resolver,)
        if not any(option.partition(":")[0] == "ndots" for option in options):
            options = (*options, "ndots:0")
    lines = [f"nameserver {server}\n" for server in servers]
    if search and search != (".",):
        lines.append(f"search {' '.join(search)}\n")
    if options:
        lines.append(f"options {' '.join(options)}\n")
    return "".join(lines)


def has_dns_settings(host: HostConfig) -> bool:
    """Whether anything about DNS was asked for, which then counts on the host's network, too."""
    return bool(host.dns or host.dns_options or host.dns_search)


def values_of(text: str, key: str) -> list[str]:
    """What follows a keyword in resolv.conf(5), one entry a line."""
    return [match.strip() for match in re.findall(rf"^[ \t]*{key}[ \t]+([^#;\n]+)", text, re.MULTILINE)]


def _is_reachable(server: str) -> bool:
    try:
        return not ipaddress.ip_address(server.partition("%")[0]).is_loopback
    except ValueError:
        return False
