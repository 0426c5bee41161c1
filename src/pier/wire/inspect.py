"""Replies that describe containers: inspect and the list."""

from msgspec import field

from pier.wire.container import ContainerConfig
from pier.wire.host_config import EndpointSettings, HostConfig
from pier.wire.shape import UNSET, Omitted, Shape


class HealthLog(Shape, kw_only=True):
    start: str
    end: str
    exit_code: int
    output: str


class Health(Shape, kw_only=True):
    status: str
    failing_streak: int
    log: list[HealthLog]


class State(Shape, kw_only=True):
    status: str
    running: bool
    paused: bool
    restarting: bool
    oom_killed: bool = field(name="OOMKilled")
    dead: bool
    pid: int
    exit_code: int
    error: str
    started_at: str
    finished_at: str
    health: Omitted[Health] = UNSET


class GraphDriver(Shape, kw_only=True):
    data: dict[str, str] | None
    name: str


class MountPoint(Shape, kw_only=True):
    type: str
    name: Omitted[str] = UNSET
    source: str
    destination: str
    driver: Omitted[str] = UNSET
    mode: str
    rw: bool = field(name="RW")
    propagation: str


class BoundPort(Shape, kw_only=True):
    host_ip: str
    host_port: str


class NetworkSettings(Shape, kw_only=True):
    """The flat address keys are those of the default bridge only."""

    bridge: str = ""
    sandbox_id: str = field(name="SandboxID")
    sandbox_key: str
    ports: dict[str, list[BoundPort] | None]
    hairpin_mode: bool = False
    link_local_ipv6_address: str = field(default="", name="LinkLocalIPv6Address")
    link_local_ipv6_prefix_len: int = field(default=0, name="LinkLocalIPv6PrefixLen")
    secondary_ip_addresses: list[str] | None = field(default=None, name="SecondaryIPAddresses")
    secondary_ipv6_addresses: list[str] | None = field(default=None, name="SecondaryIPv6Addresses")
    endpoint_id: str = field(name="EndpointID")
    gateway: str
    global_ipv6_address: str = field(name="GlobalIPv6Address")
    global_ipv6_prefix_len: int = field(name="GlobalIPv6PrefixLen")
    ip_address: str = field(name="IPAddress")
    ip_prefix_len: int = field(name="IPPrefixLen")
    ipv6_gateway: str = field(name="IPv6Gateway")
    mac_address: str
    networks: dict[str, EndpointSettings]


class ShimGroup(Shape, kw_only=True):
    """Pier's own: with whom a running container shares its shim; who ends one ends all."""

    id: str
    containers: list[str]


class ContainerInspect(Shape, kw_only=True):
    id: str
    created: str
    path: str
    args: list[str]
    state: State
    image: str
    resolv_conf_path: str
    hostname_path: str
    hosts_path: str
    log_path: str
    name: str
    restart_count: int
    driver: str
    platform: str
    mount_label: str = ""
    process_label: str = ""
    app_armor_profile: str = ""
    exec_ids: list[str] | None = field(name="ExecIDs")
    host_config: HostConfig
    graph_driver: GraphDriver
    size_rw: Omitted[int] = UNSET
    size_root_fs: Omitted[int] = UNSET
    mounts: list[MountPoint]
    config: ContainerConfig
    network_settings: NetworkSettings
    shim_group: Omitted[ShimGroup] = UNSET


class PortSummary(Shape, kw_only=True):
    ip: Omitted[str] = field(default=UNSET, name="IP")
    private_port: int
    public_port: Omitted[int] = UNSET
    type: str


class HostConfigSummary(Shape, kw_only=True):
    network_mode: str
    annotations: Omitted[dict[str, str]] = UNSET


class NetworksSummary(Shape, kw_only=True):
    networks: dict[str, EndpointSettings]


class ContainerSummary(Shape, kw_only=True):
    id: str
    names: list[str]
    image: str
    image_id: str = field(name="ImageID")
    command: str
    created: int
    ports: list[PortSummary]
    size_rw: Omitted[int] = UNSET
    size_root_fs: Omitted[int] = UNSET
    labels: dict[str, str]
    state: str
    status: str
    host_config: HostConfigSummary
    network_settings: NetworksSummary
    mounts: list[MountPoint]
