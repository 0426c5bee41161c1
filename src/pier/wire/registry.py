"""Registries: logins, distribution inspect, search."""

from msgspec import field

from pier.wire.shape import UNSET, Omitted, Shape


class LoginReply(Shape, kw_only=True):
    identity_token: str
    status: str


class RemoteDescriptor(Shape, kw_only=True, rename="camel"):
    media_type: str
    digest: str
    size: int


class RemotePlatform(Shape, kw_only=True, rename=None):
    architecture: str
    os: str
    os_version: Omitted[str] = field(default=UNSET, name="os.version")
    variant: Omitted[str] = UNSET


class DistributionInspect(Shape, kw_only=True):
    descriptor: RemoteDescriptor
    platforms: list[RemotePlatform]


class SearchResult(Shape, kw_only=True, rename=None):
    star_count: int
    is_official: bool
    name: str
    is_automated: bool
    description: str
