"""One reading of a container's resource use, as `docker stats` takes it."""

from msgspec import field

from pier.wire.shape import UNSET, Omitted, Shape


class PidsStats(Shape, kw_only=True, rename=None):
    current: Omitted[int] = UNSET
    limit: Omitted[int] = UNSET


class BlkioEntry(Shape, kw_only=True, rename=None):
    major: int
    minor: int
    op: str
    value: int


class BlkioStats(Shape, kw_only=True, rename=None):
    io_service_bytes_recursive: list[BlkioEntry] | None = None
    io_serviced_recursive: list[BlkioEntry] | None = None
    io_queue_recursive: list[BlkioEntry] | None = None
    io_service_time_recursive: list[BlkioEntry] | None = None
    io_wait_time_recursive: list[BlkioEntry] | None = None
    io_merged_recursive: list[BlkioEntry] | None = None
    io_time_recursive: list[BlkioEntry] | None = None
    sectors_recursive: list[BlkioEntry] | None = None


class CpuUsage(Shape, kw_only=True, rename=None):
    """Nanoseconds; one entry for each CPU on cgroup v1 only."""

    total_usage: int = 0
    percpu_usage: Omitted[list[int]] = UNSET
    usage_in_kernelmode: int = 0
    usage_in_usermode: int = 0


class ThrottlingData(Shape, kw_only=True, rename=None):
    periods: int = 0
    throttled_periods: int = 0
    throttled_time: int = 0


class CpuStats(Shape, kw_only=True, rename=None):
    cpu_usage: CpuUsage = field(default_factory=CpuUsage)
    system_cpu_usage: Omitted[int] = UNSET
    online_cpus: Omitted[int] = UNSET
    throttling_data: ThrottlingData = field(default_factory=ThrottlingData)


class MemoryStats(Shape, kw_only=True, rename=None):
    usage: Omitted[int] = UNSET
    max_usage: Omitted[int] = UNSET
    stats: Omitted[dict[str, int]] = UNSET
    failcnt: Omitted[int] = UNSET
    limit: Omitted[int] = UNSET


class InterfaceStats(Shape, kw_only=True, rename=None):
    rx_bytes: int
    rx_packets: int
    rx_errors: int
    rx_dropped: int
    tx_bytes: int
    tx_packets: int
    tx_errors: int
    tx_dropped: int


class Stats(Shape, kw_only=True, rename=None):
    name: Omitted[str] = UNSET
    id: Omitted[str] = UNSET
    read: str
    preread: str
    pids_stats: PidsStats
    blkio_stats: BlkioStats
    num_procs: int = 0
    storage_stats: dict[str, int] = field(default_factory=dict)
    cpu_stats: CpuStats
    precpu_stats: CpuStats
    memory_stats: MemoryStats
    networks: Omitted[dict[str, InterfaceStats]] = UNSET
