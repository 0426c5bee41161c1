"""Readings of a cgroup as `docker stats` wants them; what a host cannot measure is left out, not zero."""

from collections.abc import Iterable

from pier.domain.network import InterfaceCounters
from pier.domain.runtime import BlkioEntry, ResourceSample
from pier.engine.containers.usage import StatsSample
from pier.wire import stats as wire
from pier.wire.shape import UNSET
from pier.wire.times import NEVER, rfc3339

_BLKIO = (
    "io_service_bytes",
    "io_serviced",
    "io_queue",
    "io_service_time",
    "io_wait_time",
    "io_merged",
    "io_time",
    "sectors",
)


def describe_stats(now: StatsSample, before: ResourceSample | None, *, named: bool = True) -> wire.Stats:
    """`before` is the reading a second ago, None for none; a container that does not run has zeros."""
    sample = now.sample
    return wire.Stats(
        name=f"/{now.container.name}" if named else UNSET,
        id=now.container.id if named else UNSET,
        read=rfc3339(sample.read_at) if sample else NEVER,
        preread=rfc3339(before.read_at) if before else NEVER,
        pids_stats=_describe_pids(sample) if sample else wire.PidsStats(),
        blkio_stats=_describe_blkio(sample) if sample else wire.BlkioStats(),
        cpu_stats=_describe_cpu(sample),
        precpu_stats=_describe_cpu(before),
        memory_stats=_describe_memory(sample, now.memory_limit) if sample else wire.MemoryStats(),
        networks=UNSET if now.counters is None or sample is None else _describe_interfaces(now.counters),
    )


def _describe_pids(sample: ResourceSample) -> wire.PidsStats:
    return wire.PidsStats(
        current=UNSET if sample.pids_current is None else sample.pids_current,
        limit=UNSET if sample.pids_limit is None else sample.pids_limit,
    )


def _describe_blkio(sample: ResourceSample) -> wire.BlkioStats:
    return wire.BlkioStats(
        **{f"{name}_recursive": _describe_entries(sample.blkio[name]) for name in _BLKIO if name in sample.blkio}
    )


def _describe_entries(entries: Iterable[BlkioEntry]) -> list[wire.BlkioEntry]:
    return [wire.BlkioEntry(major=item.major, minor=item.minor, op=item.op, value=item.value) for item in entries]


def _describe_cpu(sample: ResourceSample | None) -> wire.CpuStats:
    if sample is None:
        return wire.CpuStats()
    return wire.CpuStats(
        cpu_usage=wire.CpuUsage(
            total_usage=sample.cpu_total,
            percpu_usage=list(sample.cpu_per_cpu) or UNSET,
            usage_in_kernelmode=sample.cpu_kernel,
            usage_in_usermode=sample.cpu_user,
        ),
        system_cpu_usage=sample.system_cpu,
        online_cpus=sample.online_cpus,
        throttling_data=wire.ThrottlingData(
            periods=sample.throttled_periods,
            throttled_periods=sample.throttled_count,
            throttled_time=sample.throttled_time,
        ),
    )


def _describe_memory(sample: ResourceSample, limit: int) -> wire.MemoryStats:
    if sample.memory_usage is None:
        return wire.MemoryStats()
    return wire.MemoryStats(
        usage=sample.memory_usage,
        max_usage=UNSET if sample.memory_max_usage is None else sample.memory_max_usage,
        stats=dict(sample.memory_stats),
        failcnt=sample.memory_failcnt or UNSET,
        limit=limit,
    )


def _describe_interfaces(counters: Iterable[InterfaceCounters]) -> dict[str, wire.InterfaceStats]:
    return {
        item.name: wire.InterfaceStats(
            rx_bytes=item.rx_bytes,
            rx_packets=item.rx_packets,
            rx_errors=item.rx_errors,
            rx_dropped=item.rx_dropped,
            tx_bytes=item.tx_bytes,
            tx_packets=item.tx_packets,
            tx_errors=item.tx_errors,
            tx_dropped=item.tx_dropped,
        )
        for item in counters
    }
