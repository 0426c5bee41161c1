"""`/version` and `/info`."""

from msgspec import field

from pier.wire.image import ImageSummary
from pier.wire.inspect import ContainerSummary
from pier.wire.shape import UNSET, Omitted, Shape
from pier.wire.volume import Volume


class PlatformName(Shape, kw_only=True):
    name: str


class Component(Shape, kw_only=True):
    name: str
    version: str
    details: dict[str, str]


class Version(Shape, kw_only=True):
    platform: PlatformName
    components: list[Component]
    version: str
    api_version: str
    min_api_version: str = field(name="MinAPIVersion")
    git_commit: str
    go_version: str
    os: str
    arch: str
    kernel_version: str
    build_time: Omitted[str] = UNSET


class Plugins(Shape, kw_only=True):
    volume: list[str]
    network: list[str]
    authorization: list[str] | None
    log: list[str]


class IndexConfig(Shape, kw_only=True):
    mirrors: list[str]
    name: str
    official: bool
    secure: bool


class RegistryConfig(Shape, kw_only=True):
    index_configs: dict[str, IndexConfig]
    insecure_registry_cidrs: list[str] = field(name="InsecureRegistryCIDRs")
    mirrors: list[str] | None


class Commit(Shape, kw_only=True):
    id: str = field(name="ID")
    expected: Omitted[str] = UNSET


class SwarmInfo(Shape, kw_only=True):
    """Pier is no member of a swarm, ever."""

    node_id: str = field(default="", name="NodeID")
    node_addr: str = ""
    local_node_state: str = "inactive"
    control_available: bool = False
    error: str = ""
    remote_managers: list[str] | None = None


class RuntimePath(Shape, kw_only=True, rename="lower"):
    path: str


class FirewallInfo(Shape, kw_only=True):
    driver: str


class ContainerdNamespaces(Shape, kw_only=True):
    containers: str
    plugins: str


class ContainerdInfo(Shape, kw_only=True):
    address: str
    namespaces: ContainerdNamespaces


class DiskUsage(Shape, kw_only=True):
    """`/system/df`; a kind of object that was not asked for is null."""

    layers_size: int
    images: list[ImageSummary] | None
    containers: list[ContainerSummary] | None
    volumes: list[Volume] | None
    build_cache: list[str] | None


class BuildPruneReply(Shape, kw_only=True):
    caches_deleted: list[str] | None
    space_reclaimed: int


class DeviceInfo(Shape):
    source: str
    id: str = field(name="ID")


class Info(Shape, kw_only=True):
    id: str = field(name="ID")
    containers: int
    containers_running: int
    containers_paused: int
    containers_stopped: int
    images: int
    driver: str
    driver_status: list[tuple[str, str]]
    plugins: Plugins
    bridge_nf_iptables: Omitted[bool] = UNSET
    bridge_nf_ip6tables: Omitted[bool] = field(default=UNSET, name="BridgeNfIp6tables")
    memory_limit: bool
    swap_limit: bool
    cpu_cfs_period: bool
    cpu_cfs_quota: bool
    cpu_shares: bool = field(name="CPUShares")
    cpu_set: bool = field(name="CPUSet")
    pids_limit: bool
    ipv4_forwarding: bool = field(name="IPv4Forwarding")
    debug: bool
    n_fd: int = field(name="NFd")
    oom_kill_disable: bool
    n_goroutines: int
    system_time: str
    logging_driver: str
    cgroup_driver: str
    cgroup_version: str
    n_events_listener: int
    kernel_version: str
    operating_system: str
    os_version: str = field(name="OSVersion")
    os_type: str = field(name="OSType")
    architecture: str
    index_server_address: str
    registry_config: RegistryConfig
    ncpu: int = field(name="NCPU")
    mem_total: int
    generic_resources: list[str] | None = None
    docker_root_dir: str
    http_proxy: str
    https_proxy: str
    no_proxy: str
    name: str
    labels: list[str]
    experimental_build: bool = False
    server_version: str
    runtimes: dict[str, RuntimePath]
    default_runtime: str
    swarm: SwarmInfo
    live_restore_enabled: bool
    isolation: str = ""
    init_binary: str
    containerd_commit: Commit
    runc_commit: Commit
    init_commit: Commit
    security_options: list[str]
    cdi_spec_dirs: list[str] = field(name="CDISpecDirs")
    discovered_devices: Omitted[list[DeviceInfo]] = UNSET
    firewall_backend: Omitted[FirewallInfo] = UNSET
    containerd: Omitted[ContainerdInfo] = UNSET
    shim_groups: Omitted[list[int]] = UNSET  # Pier's own, with --shim-group: how many containers share each shim
    warnings: list[str] | None


class ShutdownReply(Shape):
    """Pier's own: the ids that `POST /system/shutdown` has stopped, and by id why others were not."""

    containers_stopped: list[str]
    failures: dict[str, str]
