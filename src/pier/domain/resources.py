"""Limits and devices of a container, as a user asked for them."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Ulimit:
    name: str
    soft: int
    hard: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceMapping:
    """A host device made visible inside; `permissions` is a subset of the letters r, w and m."""

    host_path: str
    container_path: str
    permissions: str = "rwm"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceRequest:
    """A request for devices by capability (GPUs), or by CDI names when the driver is `cdi`."""

    driver: str = ""
    count: int = 0
    device_ids: tuple[str, ...] = ()
    capabilities: tuple[tuple[str, ...], ...] = ()
    options: Mapping[str, str] | None = None  # inspect tells none from empty


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightDevice:
    path: str
    weight: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ThrottleDevice:
    path: str
    rate: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Resources:
    """Zero, empty and None mean "not limited" unless a comment says otherwise."""

    memory: int = 0
    memory_reservation: int = 0
    memory_swap: int = 0  # -1: unlimited
    memory_swappiness: int | None = None
    oom_kill_disable: bool | None = None
    nano_cpus: int = 0
    cpu_shares: int = 0
    cpu_period: int = 0
    cpu_quota: int = 0
    cpu_realtime_period: int = 0
    cpu_realtime_runtime: int = 0
    cpuset_cpus: str = ""
    cpuset_mems: str = ""
    pids_limit: int | None = None  # None, 0 and -1: unlimited
    blkio_weight: int = 0
    blkio_weight_device: tuple[WeightDevice, ...] = ()
    blkio_device_read_bps: tuple[ThrottleDevice, ...] = ()
    blkio_device_write_bps: tuple[ThrottleDevice, ...] = ()
    blkio_device_read_iops: tuple[ThrottleDevice, ...] = ()
    blkio_device_write_iops: tuple[ThrottleDevice, ...] = ()
    ulimits: tuple[Ulimit, ...] = ()
    devices: tuple[DeviceMapping, ...] = ()
    device_cgroup_rules: tuple[str, ...] = ()
    device_requests: tuple[DeviceRequest, ...] = ()
    cgroup_parent: str = ""
