"""What is asked of registries without any image here: logins, what a name means there, searches."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from pier.domain.errors import InvalidArgument
from pier.domain.filters import Filters
from pier.domain.image import Descriptor, Platform
from pier.domain.reference import DEFAULT_DOMAIN, Reference
from pier.domain.registry import RegistryAuth, SearchResult
from pier.engine.ports import Registry, RegistrySession
from pier.oci.image import parse_image_config, parse_index, parse_manifest
from pier.oci.media_types import is_index

_MAX_CONFIG = 8 << 20  # bytes
_LEGACY_HUB = "index.docker.io"
_LIMIT = 25
_MOST = 100
_FILTERS = ("is-automated", "is-official", "stars")


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteImage:
    """What a name means in a registry: the target, and the platforms that it has."""

    descriptor: Descriptor
    platforms: tuple[Platform, ...]


class Registries:
    """Nothing of a request outlives it: credentials are the client's to keep."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    async def login(self, auth: RegistryAuth) -> str:
        """An identity token, or "". Raises Unauthenticated when the credentials are refused, PierError."""
        return await self._registry.login(server_domain(auth.server_address), auth)

    async def inspect(self, name: Reference, auth: RegistryAuth) -> RemoteImage:
        """Raises NotFound, Unauthenticated, Unavailable, PierError."""
        session = self._registry.session(auth)
        descriptor, document = await session.resolve(name.repository, name.digest or name.tag)
        if is_index(descriptor.media_type):
            children = parse_index(document).manifests
            platforms = tuple(child.platform for child in children if child.platform is not None)
            return RemoteImage(descriptor=descriptor, platforms=platforms)
        config = parse_manifest(document).config
        return RemoteImage(descriptor=descriptor, platforms=(await _platform(session, name, config),))

    async def search(self, term: str, *, limit: int | None, filters: Filters, auth: RegistryAuth) -> list[SearchResult]:
        """Raises InvalidArgument for a bad term, limit or filter; NotFound where there is no search."""
        if not term:
            raise InvalidArgument("invalid search: the term is empty")
        if limit is not None and not 0 <= limit <= _MOST:
            raise InvalidArgument(f"limit {limit} is outside the range of [1, {_MOST}]")
        filters.require_known(_FILTERS)
        stars = max([_stars(text) for text in filters.get("stars")], default=0)
        official = filters.flag("is-official", False) if "is-official" in filters else None
        automated = filters.flag("is-automated", False) if "is-automated" in filters else None
        domain, rest = _split_term(term)
        found = await self._registry.session(auth).search(domain, rest, limit or _LIMIT)
        return [
            item
            for item in found
            if item.stars >= stars
            and (official is None or item.official == official)
            and (automated is None or item.automated == automated)
        ]


async def _platform(session: RegistrySession, name: Reference, config: Descriptor) -> Platform:
    if config.size > _MAX_CONFIG:
        raise InvalidArgument(f"the config of {name.familiar} is larger than {_MAX_CONFIG} bytes")
    data = bytearray()
    async for chunk in session.blob(name.repository, config):
        data += chunk
        if len(data) > config.size:
            raise InvalidArgument(f"the registry sends more than the {config.size} bytes of {config.digest}")
    return parse_image_config(bytes(data)).platform


def server_domain(address: str) -> str:
    """`https://index.docker.io/v1/`, `host:5000` or nothing at all: the registry's domain."""
    host = urlsplit(address if "://" in address else f"//{address}").netloc
    return DEFAULT_DOMAIN if not host or host in (_LEGACY_HUB, DEFAULT_DOMAIN) else host


def _split_term(term: str) -> tuple[str, str]:
    """`host:5000/x` is asked of that host, as a name would be."""
    first, slash, rest = term.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        return server_domain(first), rest
    return DEFAULT_DOMAIN, term


def _stars(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise InvalidArgument(f"invalid filter 'stars={text}'")
    return int(text)
