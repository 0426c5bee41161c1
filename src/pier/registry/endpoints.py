"""Where a repository lives: hosts, mirrors, and whether plain http may be tried."""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

DOCKER_HUB = "docker.io"
_HUB_HOST = "registry-1.docker.io"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A registry to ask. `insecure` allows plain http and certificates that nobody vouches for; `scheme` fixes one."""

    host: str  # with its port
    insecure: bool = False
    scheme: str = ""
    prefix: str = ""  # path in front of /v2/
    is_mirror: bool = False

    @property
    def schemes(self) -> tuple[str, ...]:
        """In the order in which they are tried."""
        if self.scheme:
            return (self.scheme,)
        return ("https", "http") if self.insecure else ("https",)


def endpoints(domain: str, *, mirrors: Sequence[str], insecure: Sequence[str]) -> list[Endpoint]:
    """Who is asked for a repository of this domain, in order. Mirrors stand in for Docker Hub only, as dockerd's."""
    if domain != DOCKER_HUB:
        return [Endpoint(domain, is_insecure(domain, insecure))]
    return [*(_mirror(url, insecure) for url in mirrors), Endpoint(_HUB_HOST)]


def _mirror(url: str, insecure: Sequence[str]) -> Endpoint:
    parts = urlsplit(url if "://" in url else f"https://{url}")
    return Endpoint(
        parts.netloc.rpartition("@")[2],
        is_insecure(parts.netloc, insecure),
        scheme=parts.scheme,
        prefix=parts.path.rstrip("/"),
        is_mirror=True,
    )


def is_insecure(domain: str, insecure: Sequence[str]) -> bool:
    """Loopback always is; else what the configuration names, by host, host:port or network."""
    host = host_of(domain)
    if is_loopback(host) or domain in insecure or host in insecure:
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return any(address in network for network in map(_network, insecure) if network is not None)


def host_of(domain: str) -> str:
    """Without the port and the brackets of an IPv6 address."""
    if domain.startswith("["):
        return domain[1:].partition("]")[0]
    return domain.partition(":")[0]


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ipaddress.ip_network(text) if "/" in text else None
    except ValueError:
        return None
