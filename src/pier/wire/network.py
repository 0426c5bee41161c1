"""Networks: requests and replies."""

from msgspec import field

from pier.wire.host_config import EndpointSettings
from pier.wire.shape import UNSET, Maybe, Shape


class IpamPool(Shape, kw_only=True):
    subnet: Maybe[str] = UNSET
    ip_range: Maybe[str] = field(default=UNSET, name="IPRange")
    gateway: Maybe[str] = UNSET
    auxiliary_addresses: Maybe[dict[str, str]] = UNSET


class Ipam(Shape, kw_only=True):
    driver: str | None = None
    options: dict[str, str] | None = None
    config: list[IpamPool] | None = None


class ConfigReference(Shape, kw_only=True):
    network: str | None = None


class EndpointResource(Shape, kw_only=True):
    """One container on a network; addresses carry their prefix length."""

    name: str
    endpoint_id: str = field(name="EndpointID")
    mac_address: str
    ipv4_address: str = field(name="IPv4Address")
    ipv6_address: str = field(name="IPv6Address")


class Network(Shape, kw_only=True):
    name: str
    id: str
    created: str
    scope: str
    driver: str
    enable_ipv4: bool = field(name="EnableIPv4")
    enable_ipv6: bool = field(name="EnableIPv6")
    ipam: Ipam = field(name="IPAM")
    internal: bool
    attachable: bool
    ingress: bool = False
    config_from: ConfigReference = field(default_factory=lambda: ConfigReference(network=""))
    config_only: bool = False
    containers: dict[str, EndpointResource]
    options: dict[str, str]
    labels: dict[str, str]


class NetworkCreate(Shape, kw_only=True):
    name: str | None = None
    check_duplicate: bool | None = None
    driver: str | None = None
    scope: str | None = None
    enable_ipv4: bool | None = field(default=None, name="EnableIPv4")
    enable_ipv6: bool | None = field(default=None, name="EnableIPv6")
    ipam: Ipam | None = field(default=None, name="IPAM")
    internal: bool | None = None
    attachable: bool | None = None
    ingress: bool | None = None
    config_only: bool | None = None
    config_from: ConfigReference | None = None
    options: dict[str, str] | None = None
    labels: dict[str, str] | None = None


class NetworkCreateReply(Shape, kw_only=True):
    id: str
    warning: str


class NetworkConnect(Shape, kw_only=True):
    container: str | None = None
    endpoint_config: EndpointSettings | None = None


class ExplanationStep(Shape, kw_only=True):
    """Pier's own: one sentence about a packet's way; `wrong` where it ends."""

    text: str
    wrong: bool


class Explanation(Shape, kw_only=True):
    steps: list[ExplanationStep]


class NetworkDisconnect(Shape, kw_only=True):
    container: str | None = None
    force: bool | None = None


class NetworksPruneReply(Shape, kw_only=True):
    networks_deleted: list[str] | None
