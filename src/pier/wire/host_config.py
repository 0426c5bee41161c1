"""A container's other half: Docker's `HostConfig`, in requests and in inspect."""

from msgspec import field

from pier.wire.container import ContainerConfig
from pier.wire.shape import UNSET, Int64, Maybe, Shape, Uint16, Uint32, Unsigned


class LogConfig(Shape, kw_only=True):
    type: Maybe[str] = UNSET
    config: Maybe[dict[str, str]] = UNSET


class PortBinding(Shape, kw_only=True):
    host_ip: Maybe[str] = UNSET
    host_port: Maybe[str] = UNSET


class RestartPolicy(Shape, kw_only=True):
    name: Maybe[str] = UNSET
    maximum_retry_count: Maybe[Int64] = UNSET


class WeightDevice(Shape, kw_only=True):
    path: str | None = None
    weight: Uint16 | None = None


class ThrottleDevice(Shape, kw_only=True):
    path: str | None = None
    rate: Unsigned | None = None


class DeviceMapping(Shape, kw_only=True):
    path_on_host: str | None = None
    path_in_container: str | None = None
    cgroup_permissions: str | None = None


class DeviceRequest(Shape, kw_only=True):
    driver: str | None = None
    count: Int64 | None = None
    device_ids: list[str] | None = field(default=None, name="DeviceIDs")
    capabilities: list[list[str]] | None = None
    options: dict[str, str] | None = None


class Ulimit(Shape, kw_only=True):
    name: str | None = None
    hard: Int64 | None = None
    soft: Int64 | None = None


class BindOptions(Shape, kw_only=True):
    propagation: Maybe[str] = UNSET
    non_recursive: Maybe[bool] = UNSET
    create_mountpoint: Maybe[bool] = UNSET
    read_only_non_recursive: Maybe[bool] = UNSET
    read_only_force_recursive: Maybe[bool] = UNSET


class DriverConfig(Shape, kw_only=True):
    name: Maybe[str] = UNSET
    options: Maybe[dict[str, str]] = UNSET


class VolumeOptions(Shape, kw_only=True):
    no_copy: Maybe[bool] = UNSET
    labels: Maybe[dict[str, str]] = UNSET
    driver_config: Maybe[DriverConfig] = UNSET
    subpath: Maybe[str] = UNSET


class ImageOptions(Shape, kw_only=True):
    subpath: Maybe[str] = UNSET


class TmpfsOptions(Shape, kw_only=True):
    size_bytes: Maybe[Int64] = UNSET
    mode: Maybe[Uint32] = UNSET
    options: Maybe[list[list[str]]] = UNSET


class MountRequest(Shape, kw_only=True):
    """One entry of `Mounts`."""

    type: Maybe[str] = UNSET
    source: Maybe[str] = UNSET
    target: Maybe[str] = UNSET
    read_only: Maybe[bool] = UNSET
    consistency: Maybe[str] = UNSET
    bind_options: Maybe[BindOptions] = UNSET
    volume_options: Maybe[VolumeOptions] = UNSET
    image_options: Maybe[ImageOptions] = UNSET
    tmpfs_options: Maybe[TmpfsOptions] = UNSET


class HostConfig(Shape, kw_only=True):
    binds: Maybe[list[str]] = UNSET
    container_id_file: Maybe[str] = field(default=UNSET, name="ContainerIDFile")
    log_config: Maybe[LogConfig] = UNSET
    network_mode: Maybe[str] = UNSET
    port_bindings: Maybe[dict[str, list[PortBinding] | None]] = UNSET
    restart_policy: Maybe[RestartPolicy] = UNSET
    auto_remove: Maybe[bool] = UNSET
    volume_driver: Maybe[str] = UNSET
    volumes_from: Maybe[list[str]] = UNSET
    console_size: Maybe[tuple[Uint32, Uint32]] = UNSET
    annotations: Maybe[dict[str, str]] = UNSET
    cap_add: Maybe[str | list[str]] = UNSET
    cap_drop: Maybe[str | list[str]] = UNSET
    cgroupns_mode: Maybe[str] = UNSET
    dns: Maybe[list[str]] = UNSET
    dns_options: Maybe[list[str]] = UNSET
    dns_search: Maybe[list[str]] = UNSET
    extra_hosts: Maybe[list[str]] = UNSET
    group_add: Maybe[list[str]] = UNSET
    ipc_mode: Maybe[str] = UNSET
    cgroup: Maybe[str] = UNSET
    links: Maybe[list[str]] = UNSET
    oom_score_adj: Maybe[Int64] = UNSET
    pid_mode: Maybe[str] = UNSET
    privileged: Maybe[bool] = UNSET
    publish_all_ports: Maybe[bool] = UNSET
    readonly_rootfs: Maybe[bool] = UNSET
    security_opt: Maybe[list[str]] = UNSET
    storage_opt: Maybe[dict[str, str]] = UNSET
    tmpfs: Maybe[dict[str, str]] = UNSET
    uts_mode: Maybe[str] = field(default=UNSET, name="UTSMode")
    userns_mode: Maybe[str] = UNSET
    shm_size: Maybe[Int64] = UNSET
    sysctls: Maybe[dict[str, str]] = UNSET
    runtime: Maybe[str] = UNSET
    isolation: Maybe[str] = UNSET
    cpu_shares: Maybe[Int64] = UNSET
    memory: Maybe[Int64] = UNSET
    nano_cpus: Maybe[Int64] = UNSET
    cgroup_parent: Maybe[str] = UNSET
    blkio_weight: Maybe[Uint16] = UNSET
    blkio_weight_device: Maybe[list[WeightDevice]] = UNSET
    blkio_device_read_bps: Maybe[list[ThrottleDevice]] = UNSET
    blkio_device_write_bps: Maybe[list[ThrottleDevice]] = UNSET
    blkio_device_read_iops: Maybe[list[ThrottleDevice]] = field(default=UNSET, name="BlkioDeviceReadIOps")
    blkio_device_write_iops: Maybe[list[ThrottleDevice]] = field(default=UNSET, name="BlkioDeviceWriteIOps")
    cpu_period: Maybe[Int64] = UNSET
    cpu_quota: Maybe[Int64] = UNSET
    cpu_realtime_period: Maybe[Int64] = UNSET
    cpu_realtime_runtime: Maybe[Int64] = UNSET
    cpuset_cpus: Maybe[str] = UNSET
    cpuset_mems: Maybe[str] = UNSET
    devices: Maybe[list[DeviceMapping]] = UNSET
    device_cgroup_rules: Maybe[list[str]] = UNSET
    device_requests: Maybe[list[DeviceRequest]] = UNSET
    kernel_memory: Maybe[Int64] = UNSET
    kernel_memory_tcp: Maybe[Int64] = field(default=UNSET, name="KernelMemoryTCP")
    memory_reservation: Maybe[Int64] = UNSET
    memory_swap: Maybe[Int64] = UNSET
    memory_swappiness: Maybe[Int64] = UNSET
    oom_kill_disable: Maybe[bool] = UNSET
    pids_limit: Maybe[Int64] = UNSET
    ulimits: Maybe[list[Ulimit]] = UNSET
    cpu_count: Maybe[Int64] = UNSET
    cpu_percent: Maybe[Int64] = UNSET
    io_maximum_iops: Maybe[Unsigned] = field(default=UNSET, name="IOMaximumIOps")
    io_maximum_bandwidth: Maybe[Unsigned] = field(default=UNSET, name="IOMaximumBandwidth")
    mounts: Maybe[list[MountRequest]] = UNSET
    masked_paths: Maybe[list[str]] = UNSET
    readonly_paths: Maybe[list[str]] = UNSET
    init: Maybe[bool] = UNSET


class IpamAddresses(Shape, kw_only=True):
    """An endpoint's fixed addresses (`IPAMConfig`)."""

    ipv4_address: Maybe[str] = field(default=UNSET, name="IPv4Address")
    ipv6_address: Maybe[str] = field(default=UNSET, name="IPv6Address")
    link_local_ips: Maybe[list[str]] = field(default=UNSET, name="LinkLocalIPs")


class EndpointSettings(Shape, kw_only=True):
    """A container's place on a network: the first half is asked for, the second is what it got."""

    ipam_config: Maybe[IpamAddresses] = field(default=UNSET, name="IPAMConfig")
    links: Maybe[list[str]] = UNSET
    aliases: Maybe[list[str]] = UNSET
    mac_address: Maybe[str] = UNSET
    driver_opts: Maybe[dict[str, str]] = UNSET
    gw_priority: Maybe[Int64] = UNSET
    network_id: Maybe[str] = field(default=UNSET, name="NetworkID")
    endpoint_id: Maybe[str] = field(default=UNSET, name="EndpointID")
    gateway: Maybe[str] = UNSET
    ip_address: Maybe[str] = field(default=UNSET, name="IPAddress")
    ip_prefix_len: Maybe[Int64] = field(default=UNSET, name="IPPrefixLen")
    ipv6_gateway: Maybe[str] = field(default=UNSET, name="IPv6Gateway")
    global_ipv6_address: Maybe[str] = field(default=UNSET, name="GlobalIPv6Address")
    global_ipv6_prefix_len: Maybe[Int64] = field(default=UNSET, name="GlobalIPv6PrefixLen")
    dns_names: Maybe[list[str]] = field(default=UNSET, name="DNSNames")


class NetworkingConfig(Shape, kw_only=True):
    endpoints_config: Maybe[dict[str, EndpointSettings | None]] = UNSET


class CreateBody(ContainerConfig, kw_only=True):
    """The body of `POST /containers/create`: a config with two more keys."""

    host_config: Maybe[HostConfig] = UNSET
    networking_config: Maybe[NetworkingConfig] = UNSET
