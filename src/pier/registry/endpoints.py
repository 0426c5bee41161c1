"""Where a repository lives: hosts, mirrors, how they are spoken to, and whether plain http may be tried."""

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

DOCKER_HUB = "docker.io"
_HUB_HOST = "registry-1.docker.io"
_API_ROOT = "/v2"
PULL, RESOLVE, PUSH = "pull", "resolve", "push"
ALL = frozenset({PULL, RESOLVE, PUSH})


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """Whom to trust and who we are: files of CA certificates, and of a client certificate with its key."""

    verify: bool = True
    authorities: tuple[str, ...] = ()
    clients: tuple[tuple[str, str], ...] = ()  # certificate and key; both may be one file


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A registry to ask. `insecure` allows plain http; `scheme` fixes one."""

    host: str  # with its port
    insecure: bool = False
    scheme: str = ""
    root: str = _API_ROOT  # path in front of repositories
    is_mirror: bool = False
    tls: Tls = Tls()
    capabilities: frozenset[str] = ALL
    headers: Mapping[str, str] = field(default_factory=dict)
    connect_seconds: float = 0.0  # 0: as any other
    namespace: str = ""  # the domain that a mirror stands in for, where it wants to be told

    @property
    def schemes(self) -> tuple[str, ...]:
        """In the order in which they are tried."""
        if self.scheme:
            return (self.scheme,)
        return ("https", "http") if self.insecure else ("https",)


def endpoints(domain: str, *, mirrors: Sequence[str], insecure: Sequence[str]) -> list[Endpoint]:
    """Who is asked for a repository of this domain, in order. Mirrors stand in for Docker Hub only, as dockerd's."""
    if domain != DOCKER_HUB:
        return [plain_endpoint(domain, insecure)]
    return [*(_mirror(url, insecure) for url in mirrors), Endpoint(_HUB_HOST)]


def plain_endpoint(domain: str, insecure: Sequence[str]) -> Endpoint:
    """The domain's own registry, without any settings of its own."""
    lax = is_insecure(domain, insecure)
    return Endpoint(host_for(domain), lax, tls=Tls(verify=not lax))


def host_for(domain: str) -> str:
    """Docker Hub's registry is not at Docker Hub's name."""
    return _HUB_HOST if domain == DOCKER_HUB else domain


def _mirror(url: str, insecure: Sequence[str]) -> Endpoint:
    parts = urlsplit(url if "://" in url else f"https://{url}")
    lax = is_insecure(parts.netloc, insecure)
    return Endpoint(
        parts.netloc.rpartition("@")[2],
        lax,
        scheme=parts.scheme,
        root=parts.path.rstrip("/") + _API_ROOT,
        is_mirror=True,
        tls=Tls(verify=not lax),
        capabilities=frozenset({PULL, RESOLVE}),
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
