"""Limits and devices: the part of `HostConfig` that Docker's own code calls Resources."""

from collections.abc import Mapping, Sequence

from pier.domain.resources import (
    DeviceMapping,
    DeviceRequest,
    Resources,
    ThrottleDevice,
    Ulimit,
    WeightDevice,
)
from pier.wire import host_config as wire
from pier.wire.shape import UNSET, Maybe


def load_resources(given: wire.HostConfig) -> Resources:
    return Resources(
        memory=given.memory or 0,
        memory_reservation=given.memory_reservation or 0,
        memory_swap=given.memory_swap or 0,
        memory_swappiness=_optional(given.memory_swappiness),
        oom_kill_disable=None if given.oom_kill_disable is UNSET else given.oom_kill_disable,
        nano_cpus=given.nano_cpus or 0,
        cpu_shares=given.cpu_shares or 0,
        cpu_period=given.cpu_period or 0,
        cpu_quota=given.cpu_quota or 0,
        cpu_realtime_period=given.cpu_realtime_period or 0,
        cpu_realtime_runtime=given.cpu_realtime_runtime or 0,
        cpuset_cpus=given.cpuset_cpus or "",
        cpuset_mems=given.cpuset_mems or "",
        pids_limit=_optional(given.pids_limit),
        blkio_weight=given.blkio_weight or 0,
        blkio_weight_device=tuple(
            WeightDevice(path=item.path or "", weight=item.weight or 0) for item in given.blkio_weight_device or ()
        ),
        blkio_device_read_bps=_load_throttles(given.blkio_device_read_bps),
        blkio_device_write_bps=_load_throttles(given.blkio_device_write_bps),
        blkio_device_read_iops=_load_throttles(given.blkio_device_read_iops),
        blkio_device_write_iops=_load_throttles(given.blkio_device_write_iops),
        ulimits=tuple(
            Ulimit(name=item.name or "", soft=item.soft or 0, hard=item.hard or 0) for item in given.ulimits or ()
        ),
        devices=tuple(_load_device(item) for item in given.devices or ()),
        device_cgroup_rules=tuple(given.device_cgroup_rules or ()),
        device_requests=tuple(_load_device_request(item) for item in given.device_requests or ()),
        cgroup_parent=given.cgroup_parent or "",
    )


def _optional(value: Maybe[int]) -> int | None:
    return None if value is UNSET else value


def _load_throttles(given: Maybe[list[wire.ThrottleDevice]]) -> tuple[ThrottleDevice, ...]:
    return tuple(ThrottleDevice(path=item.path or "", rate=item.rate or 0) for item in given or ())


def _load_device(given: wire.DeviceMapping) -> DeviceMapping:
    host = given.path_on_host or ""
    return DeviceMapping(
        host_path=host,
        container_path=given.path_in_container or host,
        permissions=given.cgroup_permissions or "rwm",
    )


def _load_device_request(given: wire.DeviceRequest) -> DeviceRequest:
    return DeviceRequest(
        driver=given.driver or "",
        count=given.count or 0,
        device_ids=tuple(given.device_ids or ()),
        capabilities=tuple(tuple(group) for group in given.capabilities or ()),
        options=given.options,
    )


def describe_resources(resources: Resources) -> Mapping[str, object]:
    """The keys of wire.HostConfig that are about resources."""
    return {
        "cpu_shares": resources.cpu_shares,
        "memory": resources.memory,
        "nano_cpus": resources.nano_cpus,
        "cgroup_parent": resources.cgroup_parent,
        "blkio_weight": resources.blkio_weight,
        "blkio_weight_device": [
            wire.WeightDevice(path=item.path, weight=item.weight) for item in resources.blkio_weight_device
        ],
        "blkio_device_read_bps": _describe_throttles(resources.blkio_device_read_bps),
        "blkio_device_write_bps": _describe_throttles(resources.blkio_device_write_bps),
        "blkio_device_read_iops": _describe_throttles(resources.blkio_device_read_iops),
        "blkio_device_write_iops": _describe_throttles(resources.blkio_device_write_iops),
        "cpu_period": resources.cpu_period,
        "cpu_quota": resources.cpu_quota,
        "cpu_realtime_period": resources.cpu_realtime_period,
        "cpu_realtime_runtime": resources.cpu_realtime_runtime,
        "cpuset_cpus": resources.cpuset_cpus,
        "cpuset_mems": resources.cpuset_mems,
        "devices": [
            wire.DeviceMapping(
                path_on_host=item.host_path,
                path_in_container=item.container_path,
                cgroup_permissions=item.permissions,
            )
            for item in resources.devices
        ],
        "device_cgroup_rules": list(resources.device_cgroup_rules) or None,
        "device_requests": [_describe_device_request(item) for item in resources.device_requests] or None,
        "memory_reservation": resources.memory_reservation,
        "memory_swap": resources.memory_swap,
        "memory_swappiness": resources.memory_swappiness,
        "oom_kill_disable": resources.oom_kill_disable,
        "pids_limit": resources.pids_limit,
        "ulimits": [wire.Ulimit(name=item.name, hard=item.hard, soft=item.soft) for item in resources.ulimits],
    }


def _describe_throttles(devices: Sequence[ThrottleDevice]) -> list[wire.ThrottleDevice]:
    return [wire.ThrottleDevice(path=item.path, rate=item.rate) for item in devices]


def _describe_device_request(request: DeviceRequest) -> wire.DeviceRequest:
    return wire.DeviceRequest(
        driver=request.driver,
        count=request.count,
        device_ids=list(request.device_ids) or None,
        capabilities=[list(group) for group in request.capabilities] or None,
        options=None if request.options is None else dict(request.options),
    )
