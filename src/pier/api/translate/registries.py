"""Registries: credentials in; what a registry has out."""

from pier.domain.image import Platform
from pier.domain.registry import RegistryAuth, SearchResult
from pier.engine.registries import RemoteImage
from pier.wire import registry as wire
from pier.wire.auth import AuthConfig, decode_auth
from pier.wire.shape import UNSET


def load_auth(header: str) -> RegistryAuth:
    """The X-Registry-Auth header. Raises ValueError for garbage."""
    return load_credentials(decode_auth(header))


def load_credentials(given: AuthConfig) -> RegistryAuth:
    return RegistryAuth(
        username=given.username or "",
        password=given.password or "",
        server_address=given.server_address or "",
        identity_token=given.identity_token or "",
        registry_token=given.registry_token or "",
    )


def describe_remote(image: RemoteImage) -> wire.DistributionInspect:
    target = image.descriptor
    return wire.DistributionInspect(
        descriptor=wire.RemoteDescriptor(media_type=target.media_type, digest=target.digest, size=target.size),
        platforms=[_describe_platform(platform) for platform in image.platforms],
    )


def _describe_platform(platform: Platform) -> wire.RemotePlatform:
    return wire.RemotePlatform(
        architecture=platform.architecture,
        os=platform.os,
        os_version=platform.os_version or UNSET,
        variant=platform.variant or UNSET,
    )


def describe_search(item: SearchResult) -> wire.SearchResult:
    return wire.SearchResult(
        star_count=item.stars,
        is_official=item.official,
        name=item.name,
        is_automated=item.automated,
        description=item.description,
    )
